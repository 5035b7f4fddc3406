#include "temporal/transport/codec_transport.h"

#include <exception>
#include <iterator>
#include <utility>

#include "google/protobuf/message.h"
#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/transport/error_details.h"
#include "temporal/transport/payload_walk.h"

namespace temporal {
namespace {

namespace service = api::workflowservice::v1;
using google::protobuf::DynamicCastToGenerated;
using google::protobuf::Message;
using Payloads = api::common::v1::Payloads;

class Apply : public PayloadVisitor {
 public:
  Apply(CodecStep step, const PayloadCodec& codec, bool hide_failures)
      : step_(step), codec_(codec), hide_failures_(hide_failures) {}

  absl::Status Visit(Payloads& list) override {
    auto& payloads = *list.mutable_payloads();
    auto made = Run({std::make_move_iterator(payloads.begin()), std::make_move_iterator(payloads.end())});
    if (!made.ok()) return made.status();
    if (made->empty()) return absl::InternalError("the codec made nothing of payloads");
    payloads.Clear();
    for (Payload& payload : *made) *payloads.Add() = std::move(payload);
    return absl::OkStatus();
  }

  absl::Status Visit(Payload& one) override {
    auto made = Run({std::move(one)});
    if (!made.ok()) return made.status();
    if (made->size() != 1) return absl::InternalError("the codec did not make one payload of one");
    one = std::move(made->front());
    return absl::OkStatus();
  }

  void Enter(Failure& failure) override {
    if (step_ == CodecStep::kEncode && hide_failures_) EncodeAttributes(failure);
  }
  void Leave(Failure& failure) override {
    if (step_ == CodecStep::kDecode) DecodeAttributes(failure);
  }

 private:
  absl::StatusOr<std::vector<Payload>> Run(std::vector<Payload> payloads) const {
    try {
      return step_ == CodecStep::kEncode ? codec_.Encode(std::move(payloads)) : codec_.Decode(std::move(payloads));
    } catch (const std::exception& e) {
      return absl::InternalError(e.what());
    } catch (...) {
      return absl::InternalError("the codec threw something that is no std::exception");
    }
  }

  const CodecStep step_;
  const PayloadCodec& codec_;
  const bool hide_failures_;
};

absl::Status ApplyTo(Message& message, CodecStep step, const PayloadCodec& codec, const CodecOptions& options) {
  Apply apply(step, codec, options.failures);
  const absl::Status status = VisitPayloads(message, apply, options.headers);
  return status.ok() ? status : CodecError(step, status);
}

// A failed query says why beside its failure, too.
void HideQueryErrors(Message& request) {
  const auto hide = [](auto& result) {
    if (result.has_failure()) result.set_error_message(result.failure().message());
  };
  if (auto* query = DynamicCastToGenerated<service::RespondQueryTaskCompletedRequest>(&request)) hide(*query);
  if (auto* task = DynamicCastToGenerated<service::RespondWorkflowTaskCompletedRequest>(&request)) {
    for (auto& [id, result] : *task->mutable_query_results()) hide(result);
  }
}

// The error of a failed query has the failure in it.
absl::Status DecodeError(const absl::Status& error, const PayloadCodec& codec, const CodecOptions& options) {
  auto detail = ErrorDetail<api::errordetails::v1::QueryFailedFailure>(error);
  if (!detail) return error;
  const bool hidden = detail->failure().has_encoded_attributes();
  if (absl::Status status = DecodePayloads(*detail, codec, options); !status.ok()) return status;
  absl::Status decoded(error.code(), hidden ? detail->failure().message() : error.message());
  error.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { decoded.SetPayload(url, payload); });
  SetErrorDetail(decoded, *detail);
  return decoded;
}

}  // namespace

CodecTransport::CodecTransport(std::shared_ptr<Transport> below, std::shared_ptr<const PayloadCodec> codec,
                               CodecOptions options)
    : below_(std::move(below)), codec_(std::move(codec)), options_(std::move(options)) {}

absl::Status CodecTransport::Call(std::string_view method, const Message& request, Message& response,
                                  const CallOptions& options) {
  std::unique_ptr<Message> encoded;
  if (MayHoldPayloads(*request.GetDescriptor())) {
    encoded.reset(request.New());
    encoded->CopyFrom(request);
    if (absl::Status status = EncodePayloads(*encoded, *codec_, options_); !status.ok()) return status;
  }
  absl::Status status = below_->Call(method, encoded != nullptr ? *encoded : request, response, options);
  return status.ok() ? DecodePayloads(response, *codec_, options_) : DecodeError(status, *codec_, options_);
}

absl::Status EncodePayloads(Message& message, const PayloadCodec& codec, const CodecOptions& options) {
  absl::Status status = ApplyTo(message, CodecStep::kEncode, codec, options);
  if (status.ok() && options.failures) HideQueryErrors(message);
  return status;
}

absl::Status DecodePayloads(Message& message, const PayloadCodec& codec, const CodecOptions& options) {
  return ApplyTo(message, CodecStep::kDecode, codec, options);
}

}  // namespace temporal
