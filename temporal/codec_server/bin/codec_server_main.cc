#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/escaping.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/codec_server/codec_protocol.h"

// A codec server with the AES-256-GCM codec. A sample: in production put it behind TLS and ask who is asking, since it
// shows whoever may ask what the payloads hold.
namespace temporal {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr char kUsage[] =
    "usage: temporal-codec-server --keys FILE [--port 8081] [--origin URL]...\n"
    "  FILE    lines of a key id and 64 hex digits; new payloads are encrypted with the first\n"
    "  --origin  a page that may ask: that of Temporal's UI, http://localhost:8233 if none is given\n"
    "Listens on 127.0.0.1 only.\n";
constexpr std::ptrdiff_t kMaxConnections = 32;
constexpr size_t kMaxBody = 16 << 20;
constexpr int kPatienceSeconds = 30;

struct Options {
  std::string keys;
  uint16_t port = 8081;
  std::set<std::string> origins;
};

bool Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    if (name == "--keys") {
      options.keys = value;
    } else if (name == "--port") {
      const auto parsed = std::from_chars(value.begin(), value.end(), options.port);
      if (parsed.ec != std::errc() || parsed.ptr != value.end()) return false;
    } else if (name == "--origin") {
      options.origins.emplace(value);
    } else {
      return false;
    }
  }
  if (options.origins.empty()) options.origins.emplace("http://localhost:8233");
  return argc % 2 == 1 && !options.keys.empty();
}

absl::StatusOr<std::shared_ptr<const AesGcmCodec>> ReadKeys(const std::string& path) {
  std::ifstream file(path);
  std::map<std::string, std::string> keys;
  std::string id, hex, current;
  while (file >> id >> hex) {
    const bool digits = hex.size() == 2 * AesGcmCodec::kKeyBytes &&
                        hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!digits) return absl::InvalidArgumentError("a key is 64 hex digits");
    if (keys.empty()) current = id;
    keys[id] = absl::HexStringToBytes(hex);
  }
  return AesGcmCodec::Create(std::move(keys), current);
}

// One connection, until it is closed or silent for too long.
void Serve(tcp::socket& socket, const PayloadCodec& codec, const std::set<std::string>& origins) {
  const timeval patience{kPatienceSeconds, 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  boost::beast::flat_buffer buffer;
  boost::system::error_code error;
  for (bool more = true; more;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kMaxBody);
    http::read(socket, buffer, parser, error);
    if (error) return;
    const auto& request = parser.get();
    const CodecResponse answer =
        AnswerCodecRequest({std::string(request.method_string()), std::string(request.target()),
                            std::string(request[http::field::origin]), request.body()},
                           codec, origins);
    http::response<http::string_body> response(static_cast<http::status>(answer.status), request.version());
    for (const auto& [name, value] : answer.headers) response.set(name, value);
    response.body() = answer.body;
    more = request.keep_alive();
    response.keep_alive(more);
    response.prepare_payload();
    http::write(socket, response, error);
    if (error) return;
  }
}

int Listen(const Options& options, std::shared_ptr<const PayloadCodec> codec) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), options.port});
  std::cout << "codec server on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
  std::counting_semaphore<kMaxConnections> places(kMaxConnections);
  while (true) {
    places.acquire();
    boost::system::error_code error;
    auto socket = std::make_shared<tcp::socket>(io);
    acceptor.accept(*socket, error);
    if (error) {
      places.release();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    std::thread([socket, codec, &options, &places] {
      Serve(*socket, *codec, options.origins);
      socket->close();
      places.release();
    }).detach();
  }
}

}  // namespace
}  // namespace temporal

int main(int argc, char** argv) try {
  temporal::Options options;
  if (!temporal::Parse(argc, argv, options)) {
    std::cerr << temporal::kUsage;
    return 2;
  }
  const auto codec = temporal::ReadKeys(options.keys);
  if (!codec.ok()) {
    std::cerr << options.keys << ": " << codec.status().message() << "\n";
    return 2;
  }
  return temporal::Listen(options, *codec);
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
