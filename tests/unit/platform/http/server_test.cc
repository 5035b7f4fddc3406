#include "platform/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "domain/status.h"
#include "gmock/gmock.h"
#include "platform/http_client/http_client.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

// A port that was free a moment ago; cpprest can't tell which one it got for port zero.
int FreePort() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// A gate that handlers wait at.
class Gate {
 public:
  void Open() {
    {
      std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void Add(std::string method, std::string path, Handler handler) {
    router_->Add({std::move(method), std::move(path), 1000, std::move(handler)});
  }
  void Start() {
    options_.drain = std::chrono::seconds(10);
    options_.make_correlation_id = [] { return "corr_made"; };
    options_.on_request = [this](const RequestRecord& record) {
      std::lock_guard lock(mutex_);
      records_.push_back(std::string(record.method) + " " + std::string(record.route) + " " +
                         std::to_string(record.status));
    };
    for (int attempt = 0; attempt < 20 && !server_; ++attempt) {
      options_.port = FreePort();
      if (auto server = StartServer(options_, router_); server.ok()) server_ = *std::move(server);
    }
    ASSERT_TRUE(server_);
  }
  HttpResponse Send(HttpRequest request) {
    request.url = "http://127.0.0.1:" + std::to_string(options_.port) + request.url;
    HttpResult result = client_.Send(request);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return result.ok() ? *result : HttpResponse{};
  }
  // What the server answers to these bytes, until it closes or `until` has come.
  std::string Raw(std::string_view bytes, std::string_view until) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(send(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    std::string answer;
    char buffer[4096];
    while (answer.find(until) == std::string::npos) {
      ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
      if (size <= 0) break;
      answer.append(buffer, static_cast<std::size_t>(size));
    }
    close(fd);
    return answer;
  }

  std::shared_ptr<Router> router_ = std::make_shared<Router>();
  ServerOptions options_;
  std::mutex mutex_;
  std::vector<std::string> records_;
  HttpClient client_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, HandsOverTheRequestAndReturnsTheResponse) {
  Add("POST", "/things/{id}", [](const Request& request) {
    EXPECT_EQ(request.route, "/things/{id}");
    EXPECT_EQ(request.remote_address, "127.0.0.1");
    EXPECT_EQ(request.correlation_id, "corr_mine");
    Response response = Response::Json(201, request.params.at("id") + "|" + request.query.at("q") + "|" +
                                                std::string(request.Header("x-a")) + "|" + request.body);
    response.headers.emplace_back("Location", "/things/1");
    return response;
  });
  Start();
  HttpResponse response = Send({.method = "POST",
                                .url = "/things/a%20b?q=1%202",
                                .headers = {{"X-A", "h"}, {"X-Correlation-Id", "corr_mine"}},
                                .body = "body"});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "a b|1 2|h|body");
  EXPECT_EQ(response.Header("Location"), "/things/1");
  EXPECT_EQ(response.Header("X-Correlation-Id"), "corr_mine");
  EXPECT_EQ(response.Header("Cache-Control"), "no-store");
  server_->Stop();
  EXPECT_THAT(records_, testing::ElementsAre("POST /things/{id} 201"));
}

TEST_F(ServerTest, MakesACorrelationIdForNoneAndForUnusableOnes) {
  Add("GET", "/", [](const Request& request) { return Response::Json(200, request.correlation_id); });
  Start();
  EXPECT_EQ(Send({.url = "/"}).body, "corr_made");
  EXPECT_EQ(Send({.url = "/", .headers = {{"X-Correlation-Id", "a b"}}}).body, "corr_made");
  EXPECT_EQ(Send({.url = "/", .headers = {{"X-Correlation-Id", std::string(129, 'a')}}}).body, "corr_made");
}

TEST_F(ServerTest, AnswersEveryFaultWithTheEnvelope) {
  Add("GET", "/throws", [](const Request&) -> absl::StatusOr<Response> { throw std::runtime_error("secret"); });
  Add("GET", "/fails",
      [](const Request&) -> absl::StatusOr<Response> { return MakeError(ErrorCode::kQuotaExceeded, "too much"); });
  Add("POST", "/post", [](const Request&) { return Response::Json(200, ""); });
  Start();
  auto expect = [&](HttpRequest request, int status, std::string_view code) {
    HttpResponse response = Send(std::move(request));
    EXPECT_EQ(response.status, status) << code;
    Json body = Json::parse(response.body, nullptr, false);
    ASSERT_TRUE(body.is_object()) << response.body;
    EXPECT_EQ(body["code"], code);
    EXPECT_EQ(body["correlation_id"], "corr_made");
  };
  expect({.url = "/nothing"}, 404, "not_found");
  expect({.url = "/post"}, 405, "method_not_allowed");
  expect({.url = "/throws"}, 500, "internal");
  expect({.url = "/fails"}, 409, "quota_exceeded");
  expect({.url = "/fails?a=1&a=2"}, 400, "invalid_argument");
  expect({.method = "POST", .url = "/post", .body = std::string(1001, 'x')}, 413, "payload_too_large");
  EXPECT_EQ(Send({.method = "POST", .url = "/post", .body = std::string(1000, 'x')}).status, 200);
}

TEST_F(ServerTest, RefusesTransferEncoding) {
  Add("POST", "/post", [](const Request&) { return Response::Json(200, ""); });
  Start();
  std::string answer =
      Raw("POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "}");
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, testing::HasSubstr("malformed_request"));
}

TEST_F(ServerTest, StreamsEventsAsTheyAreSent) {
  Gate seen;
  Add("GET", "/events", [&](const Request&) {
    Response response;
    response.stream = [&](EventStream& stream) {
      EXPECT_TRUE(stream.Send("1", "a", "line one\nline two"));
      seen.Wait();  // the first message has arrived before the second is written
      EXPECT_TRUE(stream.Comment("still here"));
      EXPECT_TRUE(stream.Send("", "", "{}"));
    };
    return response;
  });
  Start();
  std::string text;
  HttpRequest request{.url = "/events"};
  request.on_data = [&](std::string_view data) {
    text += data;
    if (text.find("line two\n\n") != std::string::npos) seen.Open();
    return true;
  };
  HttpResponse response = Send(request);
  EXPECT_EQ(response.Header("Content-Type"), "text/event-stream");
  EXPECT_EQ(text, "id: 1\nevent: a\ndata: line one\ndata: line two\n\n: still here\n\ndata: {}\n\n");
}

TEST_F(ServerTest, TheWriterLearnsThatNobodyListens) {
  Gate gone;
  Add("GET", "/events", [&](const Request&) {
    Response response;
    response.stream = [&](EventStream& stream) {
      while (stream.Send("", "", "x") && stream.Wait(std::chrono::milliseconds(1))) continue;
      gone.Open();
    };
    return response;
  });
  Start();
  Raw("GET /events HTTP/1.1\r\nHost: h\r\n\r\n", "data: x");
  gone.Wait();
}

TEST_F(ServerTest, OpenStreamsAreBounded) {
  options_.max_streams = 1;
  Gate entered, leave;
  Add("GET", "/events", [&](const Request&) {
    Response response;
    response.stream = [&](EventStream& stream) {
      stream.Comment("in");
      entered.Open();
      leave.Wait();
    };
    return response;
  });
  Start();
  std::thread first([&] { Send({.url = "/events"}); });
  entered.Wait();
  EXPECT_EQ(Send({.url = "/events"}).status, 429);
  leave.Open();
  first.join();
}

TEST_F(ServerTest, StopWaitsForRequestsInFlightAndEndsStreams) {
  Gate entered, leave, streaming;
  Add("GET", "/slow", [&](const Request&) {
    entered.Open();
    leave.Wait();
    return Response::Json(200, "done");
  });
  Add("GET", "/events", [&](const Request&) {
    Response response;
    response.stream = [&](EventStream& stream) {
      stream.Comment("in");
      streaming.Open();
      while (stream.Wait(std::chrono::hours(1))) continue;
      leave.Open();  // the stream was told to end while /slow is still being handled
    };
    return response;
  });
  Start();
  std::thread slow([&] { EXPECT_EQ(Send({.url = "/slow"}).body, "done"); });
  std::thread events([&] { Send({.url = "/events"}); });
  entered.Wait();
  streaming.Wait();
  server_->Stop();
  slow.join();
  events.join();
}

TEST_F(ServerTest, AnOccupiedPortIsAnError) {
  Start();
  auto second = StartServer(options_, router_);
  EXPECT_EQ(ErrorCodeOf(second.status()), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace gpuaas::platform
