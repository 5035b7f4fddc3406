#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "google/protobuf/message.h"

namespace temporal {

// A gRPC server on a free loopback port that answers every method alike.
class RpcServer : public grpc::CallbackGenericService {
 public:
  using Metadata = std::multimap<std::string, std::string>;
  // What to answer: `response` is the message to send if the status is OK.
  using Answer =
      std::function<grpc::Status(const std::string& method, const Metadata& metadata, std::string& response)>;

  RpcServer(std::shared_ptr<grpc::ServerCredentials> credentials, Answer answer, int port = 0);
  ~RpcServer() override;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return calls_; }

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  const Answer answer_;
  int port_ = 0;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace temporal
