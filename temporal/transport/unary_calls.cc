#include "temporal/transport/unary_calls.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/async_unary_call.h>

#include <condition_variable>
#include <mutex>

namespace temporal {

namespace {

// Not std::binary_semaphore: it yields the processor several times before it sleeps, and nearly every call sleeps.
class Done {
 public:
  // What Notify says.
  bool Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return well_;
  }
  // Under the lock: the one who waits destroys this once it can be had.
  void Notify(bool well) {
    const std::lock_guard lock(mutex_);
    done_ = true;
    well_ = well;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  bool well_ = false;
};

}  // namespace

UnaryCalls::UnaryCalls(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {
  thread_ = std::thread([this] {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) static_cast<Done*>(tag)->Notify(ok);
  });
}

UnaryCalls::~UnaryCalls() {
  queue_.Shutdown();
  thread_.join();
}

grpc::Status UnaryCalls::Call(const std::string& path, grpc::ClientContext& context,
                              const google::protobuf::MessageLite& request, google::protobuf::MessageLite& response) {
  using google::protobuf::MessageLite;
  const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  Done done;
  grpc::Status status;
  const std::unique_ptr<grpc::ClientAsyncResponseReader<MessageLite>> call(
      grpc::internal::ClientAsyncResponseReaderFactory<MessageLite>::Create(channel_.get(), &queue_, method, &context,
                                                                            request, /*start=*/true));
  call->Finish(&response, &status, &done);
  const bool readable = done.Wait();
  // As gRPC's own blocking calls have it.
  if (!readable && status.ok()) return {grpc::StatusCode::UNIMPLEMENTED, "the answer cannot be read"};
  return status;
}

}  // namespace temporal
