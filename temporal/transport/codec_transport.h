#pragma once

#include <memory>

#include "temporal/converter/codec.h"
#include "temporal/transport/transport.h"

namespace temporal {

struct CodecOptions {
  CodecOptions() {}

  // Headers too, as interceptors may put them there. Off, as in other SDKs: who reads them need not have the codec.
  bool headers = false;
  // Messages and stack traces of failures go into their encoded attributes, which the codec covers. They are read back
  // in any case.
  bool failures = false;
};

// Applies a codec to the user's payloads in every call: inputs, results, details, memos, summaries, arguments and
// results of signals, queries and updates, results of local activities in their markers, histories. Never to search
// attributes, nor to what the engine writes into markers for itself. Goes above the transport that repeats, so that
// payloads are encoded once:
//   auto transport = std::make_shared<CodecTransport>(*Connect(options), codec);
//   auto client = std::make_shared<Client>(transport);                       // and its workers
//
// Errors beside those of the transport below: CodecError. FailedCodecStep kEncode: the call was not made. kDecode: the
// server has answered, and `response` has its answer but for the payloads; a worker then fails the task in it.
class CodecTransport : public Transport {
 public:
  CodecTransport(std::shared_ptr<Transport> below, std::shared_ptr<const PayloadCodec> codec,
                 CodecOptions options = CodecOptions());
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override;

 private:
  const std::shared_ptr<Transport> below_;
  const std::shared_ptr<const PayloadCodec> codec_;
  const CodecOptions options_;
};

// Replaces the user's payloads in a message by what the codec makes of them: for histories from elsewhere. CodecError.
absl::Status EncodePayloads(google::protobuf::Message& message, const PayloadCodec& codec,
                            const CodecOptions& options = CodecOptions());
absl::Status DecodePayloads(google::protobuf::Message& message, const PayloadCodec& codec,
                            const CodecOptions& options = CodecOptions());

}  // namespace temporal
