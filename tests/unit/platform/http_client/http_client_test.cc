#include "platform/http_client/http_client.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

namespace gpuaas::platform {
namespace {

using Kind = HttpError::Kind;
using ::testing::HasSubstr;

// A server on a port of its own that answers each connection by a script.
class Server {
 public:
  explicit Server(std::function<void(int)> serve) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int connection = 0; (connection = ::accept(listener_, nullptr, nullptr)) >= 0;) {
        ++connections;
        serve(connection);
        ::close(connection);
      }
    });
  }
  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::atomic<int> connections = 0;

  // One request's head and, by its Content-Length, body; empty at the end of the connection.
  static std::string ReadRequest(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == text.npos) {
      ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) return "";
      text.append(buffer, static_cast<std::size_t>(got));
    }
    const auto length = text.find("Content-Length: ");
    if (length == text.npos) return text;
    const std::size_t whole = text.find("\r\n\r\n") + 4 + std::stoul(text.substr(length + 16));
    while (text.size() < whole) {
      ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) return "";
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
  static void Write(int connection, const std::string& text) {
    ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // Blocks until the client has closed.
  static void AwaitEnd(int connection) {
    char byte;
    while (::recv(connection, &byte, 1, 0) > 0) {
    }
  }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Thing: a\r\n\r\nok";

TEST(HttpClient, SendsAndReceives) {
  std::string seen;
  Server server([&](int connection) {
    seen = Server::ReadRequest(connection);
    Server::Write(connection, kOk);
  });
  HttpClient client;
  const HttpResult result = client.Send(
      {.method = "POST", .url = server.url("/a?b=c"), .headers = {{"X-Idempotency-Key", "k"}}, .body = "{}"});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "ok");
  EXPECT_EQ(result->Header("x-thing"), "a");
  EXPECT_THAT(seen, ::testing::StartsWith("POST /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Idempotency-Key: k\r\n"));
  EXPECT_THAT(seen, ::testing::EndsWith("\r\n\r\n{}"));
}

TEST(HttpClient, KeepsConnectionsAndNoticesDeadOnes) {
  Server server([&](int connection) {
    for (int i = 0; i < 2 && !Server::ReadRequest(connection).empty(); ++i) Server::Write(connection, kOk);
  });
  HttpClient client;
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(client.Send({.url = server.url()}).ok()) << i;
  EXPECT_EQ(server.connections, 3);  // two requests on each, and none was lost when the server closed
}

TEST(HttpClient, AnUnansweredPostIsNotSentTwice) {
  std::atomic<int> requests = 0;
  Server server([&](int connection) {
    if (!Server::ReadRequest(connection).empty()) ++requests;
  });
  HttpClient client;
  const HttpResult result = client.Send({.method = "POST", .url = server.url(), .body = "x"});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, Kind::kProtocol);
  EXPECT_EQ(requests, 1);
}

TEST(HttpClient, TellsKindsOfFailure) {
  HttpClient client;
  EXPECT_EQ(client.Send({.url = "ftp://x"}).error().kind, Kind::kInvalidRequest);
  EXPECT_EQ(client.Send({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}}).error().kind,
            Kind::kInvalidRequest);
  EXPECT_EQ(client.Send({.url = "http://127.0.0.1:1/"}).error().kind, Kind::kConnect);
  Server silent([](int connection) { Server::AwaitEnd(connection); });
  EXPECT_EQ(client.Send({.url = silent.url(), .timeout = std::chrono::milliseconds(1'000)}).error().kind,
            Kind::kTimeout);
  EXPECT_EQ(client.Send({.url = silent.url(), .idle_timeout = std::chrono::milliseconds(50)}).error().kind,
            Kind::kTimeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(client.Send({.url = silent.url(), .stop = stop.get_token()}).error().kind, Kind::kCancelled);
  Server strange([](int connection) {
    Server::ReadRequest(connection);
    Server::Write(connection, "SSH-2.0-x\r\n\r\n");
  });
  EXPECT_EQ(client.Send({.url = strange.url()}).error().kind, Kind::kProtocol);
  EXPECT_EQ(HttpClient({.ca_file = "/nonexistent"}).Send({.url = "https://127.0.0.1:1/"}).error().kind, Kind::kTls);
}

TEST(HttpClient, BodiesAreBounded) {
  Server server([](int connection) {
    Server::ReadRequest(connection);
    Server::Write(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string("10\r\n") +
                                  std::string(16, 'x') + "\r\n10\r\n" + std::string(16, 'x') + "\r\n0\r\n\r\n");
  });
  HttpClient client;
  EXPECT_EQ(client.Send({.url = server.url(), .max_body_bytes = 20}).error().kind, Kind::kTooLarge);
  EXPECT_EQ(client.Send({.url = server.url(), .max_body_bytes = 32})->body.size(), 32u);
}

TEST(HttpClient, StreamsAsItComes) {
  std::atomic<int> pieces = 0;
  Server server([&](int connection) {
    Server::ReadRequest(connection);
    Server::Write(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    // The second piece goes out only when the first has arrived.
    while (pieces == 0) std::this_thread::yield();
    Server::Write(connection, "3\r\ntwo\r\n0\r\n\r\n");
  });
  HttpClient client;
  std::string seen;
  HttpRequest request{.url = server.url(), .timeout = std::chrono::milliseconds(0)};
  request.on_data = [&](std::string_view data) {
    seen += data;
    ++pieces;
    return true;
  };
  const HttpResult result = client.Send(request);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(seen, "onetwo");
  EXPECT_EQ(result->body, "");
}

TEST(HttpClient, TheReaderCanStop) {
  Server server([&](int connection) {
    Server::ReadRequest(connection);
    Server::Write(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    Server::AwaitEnd(connection);
  });
  HttpClient client;
  HttpRequest request{.url = server.url()};
  request.on_data = [](std::string_view) { return false; };
  EXPECT_EQ(client.Send(request).error().kind, Kind::kCancelled);
}

TEST(HttpClient, ErrorAnswersOfStreamsAreCollected) {
  Server server([&](int connection) {
    Server::ReadRequest(connection);
    Server::Write(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  });
  HttpClient client;
  HttpRequest request{.url = server.url()};
  request.on_data = [](std::string_view) { return true; };
  EXPECT_EQ(client.Send(request)->body, "none");
}

TEST(Url, IsTakenApart) {
  const auto url = ParseUrl("https://example.com/a?b#c");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host + "|" + url->port + "|" + url->target, "example.com|443|/a?b");
  EXPECT_EQ(ParseUrl("http://[::1]:8080")->host, "::1");
  EXPECT_EQ(ParseUrl("http://[::1]:8080")->port, "8080");
  EXPECT_EQ(ParseUrl("http://h?x")->target, "/?x");
  for (const char* bad :
       {"", "h", "ftp://h", "http://", "http://h:", "http://h:x", "http://u:p@h/", "http://h/a b", "http://h/\r\n"}) {
    EXPECT_FALSE(ParseUrl(bad)) << bad;
  }
  EXPECT_EQ(PercentEncode("a/b c~"), "a%2Fb%20c~");
}

}  // namespace
}  // namespace gpuaas::platform
