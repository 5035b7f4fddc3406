#include "cli/core/trace.h"

#include <cctype>
#include <chrono>
#include <iostream>
#include <utility>

#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

std::string Headers(const platform::HttpHeaders& headers) {
  std::string lines;
  for (const auto& [name, value] : headers)
    lines += "    " + Printable(name) + ": " + RedactedHeader(name, value) + "\n";
  return lines;
}

}  // namespace

std::string RedactedUrl(std::string_view url) {
  std::string shown;
  bool in_value = false;
  bool in_query = false;
  for (char c : url) {
    if (c == '?') in_query = true;
    if (c == '&') in_value = false;
    if (!in_value) shown += c;
    if (in_query && c == '=' && !std::exchange(in_value, true)) shown += "...";
  }
  return Printable(shown);
}

std::string RedactedHeader(std::string_view name, std::string_view value) {
  std::string lower;
  for (unsigned char c : name) lower += static_cast<char>(std::tolower(c));
  for (std::string_view harmless : {"accept", "content-type", "content-length", "date", "retry-after", "location",
                                    "server", "x-correlation-id", "last-event-id", "transfer-encoding", "connection"}) {
    if (lower == harmless) return Printable(value);
  }
  return "<" + std::to_string(value.size()) + " characters>";
}

Session::Send Traced(Session::Send send) {
  return [send = std::move(send)](const platform::HttpRequest& request) {
    std::cerr << "> " << request.method << " " << RedactedUrl(request.url) << " (body of " << request.body.size()
              << " bytes)\n"
              << Headers(request.headers);
    const auto begin = std::chrono::steady_clock::now();
    platform::HttpResult result = send(request);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    if (result.ok()) {
      std::cerr << "< " << result->status << " in " << took.count() << " ms (body of " << result->body.size()
                << " bytes)\n"
                << Headers(result->headers);
    } else {
      std::cerr << "< no answer after " << took.count() << " ms: " << Printable(result.error().message) << "\n";
    }
    return result;
  };
}

}  // namespace gpuaas::cli
