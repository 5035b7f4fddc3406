#include "temporal/codec_server/codec_protocol.h"

#include <exception>
#include <iterator>
#include <string_view>
#include <utility>

#include "google/protobuf/util/json_util.h"

namespace temporal {
namespace {

using api::common::v1::Payloads;

CodecResponse Refused(int status, std::string why) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(why)};
}

CodecResponse Apply(const CodecRequest& request, const PayloadCodec& codec, bool encode) {
  Payloads list;
  if (!google::protobuf::util::JsonStringToMessage(request.body, &list).ok()) {
    return Refused(400, "the body is not {\"payloads\":[...]}");
  }
  std::vector<Payload> payloads(std::make_move_iterator(list.mutable_payloads()->begin()),
                                std::make_move_iterator(list.mutable_payloads()->end()));
  auto made = encode ? codec.Encode(std::move(payloads)) : codec.Decode(std::move(payloads));
  if (!made.ok()) return Refused(400, std::string(made.status().message()));
  list.Clear();
  for (Payload& payload : *made) *list.add_payloads() = std::move(payload);
  CodecResponse response{200, {{"Content-Type", "application/json"}}, {}};
  if (!google::protobuf::util::MessageToJsonString(list, &response.body).ok()) return Refused(400, "no JSON of that");
  return response;
}

CodecResponse Answer(const CodecRequest& request, const PayloadCodec& codec) {
  const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
  const bool encode = path.ends_with("/encode");
  if (!encode && !path.ends_with("/decode")) return Refused(404, "there are /encode and /decode");
  if (request.method == "OPTIONS") return {204, {}, {}};
  if (request.method != "POST") return Refused(405, "ask by POST");
  try {
    return Apply(request, codec, encode);
  } catch (const std::exception& e) {
    return Refused(400, e.what());
  }
}

}  // namespace

CodecResponse AnswerCodecRequest(const CodecRequest& request, const PayloadCodec& codec,
                                 const std::set<std::string>& origins) {
  const bool by_page = !request.origin.empty();
  if (by_page && !origins.contains(request.origin)) return Refused(403, "this origin may not ask");
  CodecResponse response = Answer(request, codec);
  if (by_page) {
    response.headers.emplace_back("Access-Control-Allow-Origin", request.origin);
    response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
    response.headers.emplace_back("Access-Control-Allow-Methods", "POST, OPTIONS");
    response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Namespace");
    response.headers.emplace_back("Vary", "Origin");
  }
  return response;
}

}  // namespace temporal
