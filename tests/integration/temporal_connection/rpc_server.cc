#include "tests/integration/temporal_connection/rpc_server.h"

#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

namespace temporal {
namespace {

// Reads the request, then answers.
class Reply : public grpc::ServerGenericBidiReactor {
 public:
  Reply(grpc::Status status, std::string response) : status_(std::move(status)) {
    const grpc::Slice slice(response);
    response_ = grpc::ByteBuffer(&slice, 1);
    StartRead(&request_);
  }
  void OnReadDone(bool) override {
    if (status_.ok()) {
      StartWriteAndFinish(&response_, grpc::WriteOptions(), status_);
    } else {
      Finish(status_);
    }
  }
  void OnDone() override { delete this; }

 private:
  const grpc::Status status_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

RpcServer::RpcServer(std::shared_ptr<grpc::ServerCredentials> credentials, Answer answer, int port)
    : answer_(std::move(answer)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), std::move(credentials), &port_);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
}

RpcServer::~RpcServer() { server_->Shutdown(std::chrono::system_clock::now()); }

grpc::ServerGenericBidiReactor* RpcServer::CreateReactor(grpc::GenericCallbackServerContext* context) {
  ++calls_;
  Metadata metadata;
  for (const auto& [key, value] : context->client_metadata()) {
    metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  std::string response;
  grpc::Status status = answer_(context->method(), metadata, response);
  return new Reply(std::move(status), std::move(response));
}

}  // namespace temporal
