#include "temporal/transport/unary_calls.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <condition_variable>
#include <mutex>

namespace temporal {
namespace {

// Not std::binary_semaphore: it yields the processor several times before it sleeps, and nearly every call sleeps.
class Done {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }
  // Under the lock: the one who waits destroys this once it can be had.
  void Notify() {
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace

UnaryCalls::UnaryCalls(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {
  thread_ = std::thread([this] {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) static_cast<Done*>(tag)->Notify();
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
  grpc::ByteBuffer answer;  // parsed by the caller's thread: the queue's one thread serves everybody
  const std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> call(
      grpc::internal::ClientAsyncResponseReaderFactory<grpc::ByteBuffer>::Create<MessageLite>(
          channel_.get(), &queue_, method, &context, request, /*start=*/true));
  call->Finish(&answer, &status, &done);
  done.Wait();
  if (!status.ok()) return status;
  if (!answer.Valid()) return {grpc::StatusCode::UNIMPLEMENTED, "the answer has no message"};
  return grpc::SerializationTraits<MessageLite>::Deserialize(&answer, &response);
}

}  // namespace temporal
