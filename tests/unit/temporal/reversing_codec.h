#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "temporal/converter/codec.h"

namespace temporal {

// Wraps each payload, with its bytes in reverse. Fails where a test says so.
class ReversingCodec : public PayloadCodec {
 public:
  static constexpr char kEncoding[] = "binary/reversed";

  // The next so many payloads with the text in them fail.
  void FailEncoding(std::string text, int times = 1) { Set(encode_, std::move(text), times); }
  void FailDecoding(std::string text, int times = 1) { Set(decode_, std::move(text), times); }
  int encoded() const { return encoded_; }

  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) {
      if (Fails(encode_, payload)) return absl::NotFoundError("no key to encode with");
      ++encoded_;
      std::string bytes = payload.SerializeAsString();
      std::ranges::reverse(bytes);
      payload.Clear();
      (*payload.mutable_metadata())["encoding"] = kEncoding;
      payload.set_data(std::move(bytes));
    }
    return payloads;
  }

  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override {
    for (Payload& payload : payloads) {
      const auto encoding = payload.metadata().find("encoding");
      if (encoding == payload.metadata().end() || encoding->second != kEncoding) continue;
      std::string bytes = payload.data();
      std::ranges::reverse(bytes);
      if (!payload.ParseFromString(bytes)) return absl::DataLossError("not what this codec wrote");
      if (Fails(decode_, payload)) throw std::runtime_error("no key to decode with");
    }
    return payloads;
  }

 private:
  struct Failing {
    std::mutex mutex;
    std::string text;
    int times = 0;
  };
  static void Set(Failing& failing, std::string text, int times) {
    const std::lock_guard lock(failing.mutex);
    failing.text = std::move(text);
    failing.times = times;
  }
  static bool Fails(Failing& failing, const Payload& payload) {
    const std::lock_guard lock(failing.mutex);
    return failing.times > 0 && payload.data().find(failing.text) != std::string::npos && failing.times-- > 0;
  }

  mutable Failing encode_, decode_;
  mutable std::atomic<int> encoded_ = 0;
};

}  // namespace temporal
