#pragma once

#include <set>
#include <string>
#include <vector>

#include "temporal/converter/codec.h"

// Temporal's protocol for remote codecs: POST /encode and /decode with a temporal.api.common.v1.Payloads as JSON, and
// the same as answer. The web UI and the command line ask so to show what is encrypted.
namespace temporal {

struct CodecRequest {
  std::string method;  // "POST"
  std::string path;    // "/decode"; a prefix before it is fine
  std::string origin;  // of the web page that asks; empty: none does
  std::string body;
};

struct CodecResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Answers one request; never throws. Pages of these origins ("http://localhost:8233") may ask, no others.
// Statuses: 204 for a browser's question whether it may ask, 400 if the body is no payloads or the codec fails on
// them, 403 another origin, 404 another path, 405 another method.
CodecResponse AnswerCodecRequest(const CodecRequest& request, const PayloadCodec& codec,
                                 const std::set<std::string>& origins);

}  // namespace temporal
