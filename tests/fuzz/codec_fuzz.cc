#include <cstddef>
#include <cstdint>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/transport/codec_transport.h"

// A server's answer with payloads that anybody encrypted; what we encrypt comes back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temporal;
  static const auto& codec = *new auto(*AesGcmCodec::Create({{"k", std::string(32, 'k')}}, "k"));
  api::workflowservice::v1::PollWorkflowTaskQueueResponse task;
  if (!task.ParseFromArray(data, static_cast<int>(size))) return 0;
  CodecOptions options;
  options.headers = true;
  if (!DecodePayloads(task, *codec, options).ok()) return 0;
  auto encoded = task;
  if (!EncodePayloads(encoded, *codec, options).ok()) __builtin_trap();
  if (!DecodePayloads(encoded, *codec, options).ok()) __builtin_trap();
  if (!google::protobuf::util::MessageDifferencer::Equivalent(task, encoded)) __builtin_trap();
  return 0;
}
