#include <gtest/gtest.h>

#include <mutex>

#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "temporal/transport/error_details.h"
#include "temporal/transport/grpc_transport.h"
#include "tests/integration/temporal_connection/certificates.h"
#include "tests/integration/temporal_connection/rpc_server.h"

// The gRPC adapter against servers that are strict, broken or not who they should be.
namespace temporal {
namespace {

namespace service = api::workflowservice::v1;
namespace details = api::errordetails::v1;
using namespace std::chrono_literals;

grpc::Status Hello(const std::string&, const RpcServer::Metadata&, std::string& response) {
  service::GetSystemInfoResponse message;
  message.set_server_version("test");
  response = message.SerializeAsString();
  return grpc::Status::OK;
}

absl::Status PingAt(const ConnectOptions& options) {
  auto transport = Connect(options);
  if (!transport.ok()) return transport.status();
  return Client(*transport).Ping(10s).status();
}

// --- certificates

class TlsTest : public ::testing::Test {
 protected:
  RpcServer Serve(const Certificate& certificate, const std::string& client_ca = {}) {
    grpc::SslServerCredentialsOptions options(client_ca.empty()
                                                  ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                  : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = client_ca;
    options.pem_key_cert_pairs.push_back({certificate.key_pem, certificate.certificate_pem});
    return {grpc::SslServerCredentials(options), Hello};
  }
  ConnectOptions To(const RpcServer& server) const {
    ConnectOptions options(server.address());
    options.tls.emplace().root_certificates_pem = authority.certificate_pem();
    options.tls->server_name = "temporal.test";
    return options;
  }
  static void ExpectRefused(const ConnectOptions& options) {
    auto transport = Connect(options);
    ASSERT_TRUE(transport.ok()) << transport.status();
    const auto before = std::chrono::steady_clock::now();
    CallOptions call(10s);
    const absl::Status status =
        Invoke<service::GetSystemInfoResponse>(**transport, "GetSystemInfo", service::GetSystemInfoRequest(), call)
            .status();
    EXPECT_TRUE(IsTlsFailure(status)) << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 8s) << "not tried again and again";
  }

  const Authority authority;
  const Authority stranger;
};

TEST_F(TlsTest, ACertificateOfTheRightAuthorityAndName) {
  const RpcServer server = Serve(authority.Issue("temporal.test"));
  const absl::Status status = PingAt(To(server));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(TlsTest, TheWrongAuthority) {
  const RpcServer server = Serve(stranger.Issue("temporal.test"));
  ExpectRefused(To(server));
  EXPECT_EQ(server.calls(), 0);
}

TEST_F(TlsTest, TheWrongName) {
  const RpcServer server = Serve(authority.Issue("elsewhere.test"));
  ExpectRefused(To(server));
}

TEST_F(TlsTest, AnExpiredCertificate) {
  const RpcServer server = Serve(authority.Issue("temporal.test", -60));
  ExpectRefused(To(server));
}

TEST_F(TlsTest, ClientCertificates) {
  const RpcServer server = Serve(authority.Issue("temporal.test"), authority.certificate_pem());
  ConnectOptions options = To(server);
  const auto own = authority.Issue("worker");
  options.tls->client_certificate_pem = own.certificate_pem;
  options.tls->client_key_pem = own.key_pem;
  const absl::Status status = PingAt(options);
  EXPECT_TRUE(status.ok()) << status;

  const auto foreign = stranger.Issue("worker");
  options.tls->client_certificate_pem = foreign.certificate_pem;
  options.tls->client_key_pem = foreign.key_pem;
  EXPECT_EQ(PingAt(options).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(PingAt(To(server)).code(), absl::StatusCode::kUnavailable) << "without a certificate";
  EXPECT_EQ(server.calls(), 1);
}

TEST_F(TlsTest, TlsToAPlainServerAndPlainToATlsServer) {
  const RpcServer plain(grpc::InsecureServerCredentials(), Hello);
  EXPECT_EQ(PingAt(To(plain)).code(), absl::StatusCode::kUnavailable);
  const RpcServer secure = Serve(authority.Issue("temporal.test"));
  EXPECT_EQ(PingAt(ConnectOptions(secure.address())).code(), absl::StatusCode::kUnavailable);
}

TEST_F(TlsTest, WhatIsNoPemIsSaidAtOnce) {
  ConnectOptions options("127.0.0.1:1");
  options.tls.emplace().root_certificates_pem = "/etc/ssl/ca.pem";
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TlsTest, AKeyOfAnotherCertificateFailsTheCalls) {
  const RpcServer server = Serve(authority.Issue("temporal.test"), authority.certificate_pem());
  ConnectOptions options = To(server);
  options.tls->client_certificate_pem = authority.Issue("worker").certificate_pem;
  options.tls->client_key_pem = authority.Issue("worker").key_pem;
  EXPECT_FALSE(PingAt(options).ok());
}

// --- keys

class KeyTest : public TlsTest {
 protected:
  // Answers those whose key is `good`, and says of the others what a server says of an expired token.
  RpcServer ServeKeys() {
    const auto certificate = authority.Issue("temporal.test");
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({certificate.key_pem, certificate.certificate_pem});
    return {grpc::SslServerCredentials(options),
            [this](const std::string& method, const RpcServer::Metadata& metadata, std::string& response) {
              const std::lock_guard lock(mutex);
              const auto found = metadata.find("authorization");
              if (found == metadata.end()) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "no token");
              if (found->second != "Bearer " + good) {
                return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "the token has expired");
              }
              return Hello(method, metadata, response);
            }};
  }
  std::mutex mutex;
  std::string good = "first";
};

TEST_F(KeyTest, AFixedKey) {
  const RpcServer server = ServeKeys();
  ConnectOptions options = To(server);
  EXPECT_EQ(PingAt(options).code(), absl::StatusCode::kUnauthenticated);
  options.api_key = "first";
  EXPECT_TRUE(PingAt(options).ok());
}

TEST_F(KeyTest, AnExpiredTokenIsUnauthenticatedUntilTheSourceHasANewOne) {
  const RpcServer server = ServeKeys();
  ConnectOptions options = To(server);
  std::string key = "first";
  options.api_key_source = [&key]() -> absl::StatusOr<std::string> { return key; };
  Client client(*Connect(options));
  EXPECT_TRUE(client.Ping(10s).ok());
  {
    const std::lock_guard lock(mutex);
    good = "second";
  }
  const int before = server.calls();
  const absl::Status expired = client.SignalUntyped("id", "signal", Payloads());
  EXPECT_EQ(expired.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(expired.message(), "the token has expired");
  EXPECT_EQ(server.calls(), before + 1) << "asking again with the same token is no use";
  key = "second";
  EXPECT_TRUE(client.Ping(10s).ok()) << "on the same connection";
}

TEST_F(KeyTest, ASourceThatFailsFailsTheCall) {
  const RpcServer server = ServeKeys();
  ConnectOptions options = To(server);
  options.api_key_source = []() -> absl::StatusOr<std::string> {
    return absl::PermissionDeniedError("vault is sealed");
  };
  EXPECT_EQ(PingAt(options).message(), "vault is sealed");
  options.api_key_source = []() -> absl::StatusOr<std::string> { return "read from a file\n"; };
  EXPECT_EQ(PingAt(options).code(), absl::StatusCode::kUnauthenticated) << "gRPC would abort";
  EXPECT_EQ(server.calls(), 0);
}

TEST_F(KeyTest, WhatCannotBeSentIsRefused) {
  ConnectOptions options("127.0.0.1:1");
  options.tls.emplace();
  options.api_key = "with an end of line\n";
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.api_key = "one";
  options.api_key_source = []() -> absl::StatusOr<std::string> { return "two"; };
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.tls.reset();
  options.api_key.clear();
  EXPECT_EQ(Connect(options).status().code(), absl::StatusCode::kInvalidArgument) << "a source without TLS";
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"Upper", "x"}, {"", "x"}, {"a b", "x"}, {"grpc-mine", "x"}, {"fine", "\x01"}}) {
    ConnectOptions wrong("127.0.0.1:1");
    wrong.metadata[key] = value;
    EXPECT_EQ(Connect(wrong).status().code(), absl::StatusCode::kInvalidArgument) << key;
  }
}

// --- answers

class AnswerTest : public ::testing::Test {
 protected:
  // The status of a call that the server answers so.
  absl::Status Ask(const grpc::Status& answer, std::string response = {}) {
    const RpcServer server(grpc::InsecureServerCredentials(),
                           [&](const std::string&, const RpcServer::Metadata& metadata, std::string& out) {
                             seen = metadata;
                             out = response;
                             return answer;
                           });
    options.address = server.address();
    CallOptions call(10s);
    call.retry_for = Duration(0);
    return Invoke<service::GetSystemInfoResponse>(**Connect(options), "GetSystemInfo", service::GetSystemInfoRequest(),
                                                  call)
        .status();
  }
  static std::string Packed(grpc::StatusCode code, const google::protobuf::Message& detail) {
    details::MultiOperationExecutionFailure::OperationStatus status;
    status.set_code(code);
    status.add_details()->PackFrom(detail);
    return status.SerializeAsString();
  }

  ConnectOptions options;
  RpcServer::Metadata seen;
};

TEST_F(AnswerTest, EveryCodeArrivesAsItself) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status = Ask(grpc::Status(static_cast<grpc::StatusCode>(code), "so it is"));
    EXPECT_EQ(static_cast<int>(status.code()), code) << status;
    EXPECT_EQ(status.message(), "so it is") << status;
  }
}

TEST_F(AnswerTest, DetailsOfErrorsAreTyped) {
  details::WorkflowExecutionAlreadyStartedFailure started;
  started.set_run_id("run-1");
  const absl::Status status =
      Ask(grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "running", Packed(grpc::StatusCode::ALREADY_EXISTS, started)));
  const auto detail = ErrorDetail<details::WorkflowExecutionAlreadyStartedFailure>(status);
  ASSERT_TRUE(detail.has_value()) << status;
  EXPECT_EQ(detail->run_id(), "run-1");
  EXPECT_FALSE(ErrorDetail<details::NotFoundFailure>(status).has_value());

  EXPECT_TRUE(IsNoSuchExecution(Ask(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone",
                                                 Packed(grpc::StatusCode::NOT_FOUND, details::NotFoundFailure())))));
  EXPECT_FALSE(
      IsNoSuchExecution(Ask(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such namespace",
                                         Packed(grpc::StatusCode::NOT_FOUND, details::NamespaceNotFoundFailure())))));
}

TEST_F(AnswerTest, OfSeveralOperationsTheOneThatFailedSpeaks) {
  details::MultiOperationExecutionFailure several;
  auto& aborted = *several.add_statuses();
  aborted.set_code(grpc::StatusCode::ABORTED);
  aborted.add_details()->PackFrom(api::failure::v1::MultiOperationExecutionAborted());
  auto& culprit = *several.add_statuses();
  culprit.set_code(grpc::StatusCode::NOT_FOUND);
  culprit.set_message("no such update");
  const absl::Status status = Ask(grpc::Status(grpc::StatusCode::INTERNAL, "Update-with-Start could not be executed.",
                                               Packed(grpc::StatusCode::INTERNAL, several)));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no such update");
}

TEST_F(AnswerTest, UnreadableDetailsAndAnswers) {
  EXPECT_EQ(Ask(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff\xff")).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(Ask(grpc::Status::OK, "\xff\xff\xff").ok());
}

TEST_F(AnswerTest, MetadataIsSent) {
  options.metadata["temporal-namespace"] = "mine";
  EXPECT_TRUE(Ask(grpc::Status::OK).ok());
  EXPECT_EQ(seen.find("temporal-namespace")->second, "mine");
  EXPECT_EQ(seen.find("client-name")->second, "temporal-cpp");
  EXPECT_EQ(seen.find("authorization"), seen.end());
}

TEST_F(AnswerTest, AnAnswerBeyondTheLimitIsTooLarge) {
  service::GetSystemInfoResponse large;
  large.set_server_version(std::string(2000, 'x'));
  EXPECT_TRUE(Ask(grpc::Status::OK, large.SerializeAsString()).ok());
  options.max_message_bytes = 1000;
  EXPECT_TRUE(IsTooLarge(Ask(grpc::Status::OK, large.SerializeAsString())));
}

TEST(Reconnect, ALostConnectionIsMadeAgain) {
  auto server = std::make_unique<RpcServer>(grpc::InsecureServerCredentials(), Hello);
  const int port = server->port();
  Client client(*Connect(ConnectOptions(server->address())));
  EXPECT_TRUE(client.Ping(10s).ok());
  server.reset();
  EXPECT_EQ(client.Ping(2s).status().code(), absl::StatusCode::kUnavailable);
  server = std::make_unique<RpcServer>(grpc::InsecureServerCredentials(), Hello, port);
  const auto again =
      Invoke<service::GetSystemInfoResponse>(*client.transport(), "GetSystemInfo", service::GetSystemInfoRequest());
  EXPECT_TRUE(again.ok()) << "repeated until there is a connection: " << again.status();
}

}  // namespace
}  // namespace temporal
