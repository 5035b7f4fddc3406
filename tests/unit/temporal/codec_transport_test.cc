#include "temporal/transport/codec_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/markers.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/converter/payload.h"
#include "temporal/transport/error_details.h"
#include "temporal/transport/payload_walk.h"
#include "tests/unit/temporal/reversing_codec.h"

namespace temporal {
namespace {

namespace service = api::workflowservice::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

constexpr char kSecret[] = "SECRET";

bool Is(const Message& message, const Descriptor* type) { return message.GetDescriptor() == type; }

// Sets every field that leads to messages, to this depth, and every payload's data to the secret. Of alternatives
// (oneof) the first: the others are types of their own.
void Fill(Message& message, int depth) {
  if (Is(message, Payload::descriptor())) {
    static_cast<Payload&>(message).set_data(kSecret);
    return;
  }
  if (depth == 0 || Is(message, google::protobuf::Any::descriptor())) return;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->message_type() == nullptr) continue;
    const auto* reflection = message.GetReflection();
    if (field->real_containing_oneof() != nullptr && reflection->HasOneof(message, field->real_containing_oneof())) {
      continue;
    }
    Fill(field->is_repeated() ? *reflection->AddMessage(&message, field) : *reflection->MutableMessage(&message, field),
         depth - 1);
  }
}

// Every message type of the service, and those in them.
void Collect(const Descriptor* type, std::set<const Descriptor*>& types) {
  if (!types.insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->message_type() != nullptr) Collect(type->field(i)->message_type(), types);
  }
}
std::set<const Descriptor*> AllTypes() {
  std::set<const Descriptor*> types;
  const auto* file = service::StartWorkflowExecutionRequest::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) Collect(file->message_type(i), types);
  for (const Descriptor* update : {api::update::v1::Request::descriptor(), api::update::v1::Acceptance::descriptor(),
                                   api::update::v1::Rejection::descriptor(), api::update::v1::Response::descriptor()}) {
    Collect(update, types);
  }
  std::erase_if(types, [](const Descriptor* type) { return type->options().map_entry(); });
  return types;
}

bool MayBeLeft(const std::string& path) {
  for (const char* type : {"/SearchAttributes/", "/AggregationGroup/", "/Header/"}) {
    if (path.find(type) != std::string::npos) return true;
  }
  return false;
}

// Which of the payloads are left as they were, by the types on the way to them.
void Left(const Message& message, const std::string& path, std::vector<std::string>& left) {
  const std::string here = path + "/" + message.GetDescriptor()->name();
  if (Is(message, Payload::descriptor())) {
    if (static_cast<const Payload&>(message).data() == kSecret) left.push_back(here);
    return;
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      Left(message.GetReflection()->GetMessage(message, field), here, left);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      Left(message.GetReflection()->GetRepeatedMessage(message, field, i), here, left);
    }
  }
}

TEST(CodecTransport, CoversEveryPayloadOfTheServiceButSearchAttributesAndHeaders) {
  const ReversingCodec codec;
  int with_payloads = 0;
  for (const Descriptor* type : AllTypes()) {
    const std::unique_ptr<Message> original(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    Fill(*original, 10);
    const std::unique_ptr<Message> message(original->New());
    message->CopyFrom(*original);
    const int before = codec.encoded();
    ASSERT_TRUE(EncodePayloads(*message, codec).ok()) << type->full_name();
    with_payloads += codec.encoded() > before;
    std::vector<std::string> left;
    Left(*message, "", left);
    for (const std::string& path : left) EXPECT_TRUE(MayBeLeft(path)) << path;
    ASSERT_TRUE(DecodePayloads(*message, codec).ok()) << type->full_name();
    MessageDifferencer same;
    EXPECT_TRUE(same.Compare(*original, *message)) << type->full_name();
  }
  EXPECT_GT(with_payloads, 100);
}

TEST(CodecTransport, TypesWithoutPayloadsAreKnown) {
  EXPECT_FALSE(MayHoldPayloads(*service::PollActivityTaskQueueRequest::descriptor()));
  EXPECT_FALSE(MayHoldPayloads(*api::common::v1::SearchAttributes::descriptor()));
  EXPECT_FALSE(MayHoldPayloads(*service::CountWorkflowExecutionsResponse::descriptor()))
      << "search attributes by group";
  EXPECT_TRUE(MayHoldPayloads(*service::PollWorkflowTaskQueueResponse::descriptor()));
  EXPECT_TRUE(MayHoldPayloads(*service::ExecuteMultiOperationRequest::descriptor()));
  EXPECT_TRUE(MayHoldPayloads(*service::CreateScheduleRequest::descriptor()));
}

TEST(CodecTransport, UpdatesInsideProtocolMessagesAreCovered) {
  const ReversingCodec codec;
  service::PollWorkflowTaskQueueResponse task;
  api::update::v1::Request update;
  update.mutable_input()->mutable_args()->add_payloads()->set_data(kSecret);
  task.add_messages()->mutable_body()->PackFrom(update);
  ASSERT_TRUE(EncodePayloads(task, codec).ok());
  EXPECT_EQ(task.SerializeAsString().find(kSecret), std::string::npos);
  EXPECT_EQ(codec.encoded(), 1);
  ASSERT_TRUE(DecodePayloads(task, codec).ok());
  api::update::v1::Request back;
  ASSERT_TRUE(task.messages(0).body().UnpackTo(&back));
  EXPECT_TRUE(MessageDifferencer::Equals(update, back));
}

TEST(CodecTransport, BodiesThatCannotBeReadAreErrorsAndUnknownOnesAreLeft) {
  const ReversingCodec codec;
  service::PollWorkflowTaskQueueResponse task;
  auto& body = *task.add_messages()->mutable_body();
  body.set_type_url("type.googleapis.com/some.later.Message");
  body.set_value("\xff\xff");
  EXPECT_TRUE(DecodePayloads(task, codec).ok());
  body.set_type_url("type.googleapis.com/temporal.api.update.v1.Request");
  EXPECT_EQ(FailedCodecStep(DecodePayloads(task, codec)), CodecStep::kDecode);
}

TEST(CodecTransport, OfTheEnginesMarkersOnlyResultsAndFailures) {
  const ReversingCodec codec;
  api::history::v1::MarkerRecordedEventAttributes marker;
  marker.set_marker_name(kLocalActivityMarkerName);
  (*marker.mutable_details())[kLocalActivityDataKey].add_payloads()->set_data("engine");
  (*marker.mutable_details())[kLocalActivityResultKey].add_payloads()->set_data(kSecret);
  marker.mutable_failure()->mutable_application_failure_info()->mutable_details()->add_payloads()->set_data(kSecret);
  ASSERT_TRUE(EncodePayloads(marker, codec).ok());
  EXPECT_EQ(marker.details().at(kLocalActivityDataKey).payloads(0).data(), "engine");
  EXPECT_EQ(marker.SerializeAsString().find(kSecret), std::string::npos);

  marker.Clear();
  marker.set_marker_name(kPatchMarkerName);
  (*marker.mutable_details())["patch-data"].add_payloads()->set_data("engine");
  ASSERT_TRUE(EncodePayloads(marker, codec).ok());
  EXPECT_EQ(marker.details().at("patch-data").payloads(0).data(), "engine");

  marker.set_marker_name("of the user");
  ASSERT_TRUE(EncodePayloads(marker, codec).ok());
  EXPECT_NE(marker.details().at("patch-data").payloads(0).data(), "engine");
}

TEST(CodecTransport, HeadersOnlyIfWanted) {
  const ReversingCodec codec;
  service::StartWorkflowExecutionRequest request;
  (*request.mutable_header()->mutable_fields())["trace"].set_data(kSecret);
  ASSERT_TRUE(EncodePayloads(request, codec).ok());
  EXPECT_EQ(request.header().fields().at("trace").data(), kSecret);
  CodecOptions options;
  options.headers = true;
  ASSERT_TRUE(EncodePayloads(request, codec, options).ok());
  EXPECT_NE(request.header().fields().at("trace").data(), kSecret);
  ASSERT_TRUE(DecodePayloads(request, codec, options).ok());
  EXPECT_EQ(request.header().fields().at("trace").data(), kSecret);
}

TEST(CodecTransport, MessagesOfFailuresAreHiddenIfWantedAndAlwaysReadBack) {
  const ReversingCodec codec;
  service::RespondActivityTaskFailedRequest request;
  Failure& failure = *request.mutable_failure();
  failure.set_message(kSecret);
  failure.set_stack_trace("at SECRET.cc");
  failure.mutable_cause()->set_message("because SECRET");
  const std::string original = request.SerializeAsString();
  ASSERT_TRUE(EncodePayloads(request, codec).ok());
  EXPECT_EQ(request.SerializeAsString(), original) << "off by default";
  CodecOptions hide;
  hide.failures = true;
  ASSERT_TRUE(EncodePayloads(request, codec, hide).ok());
  EXPECT_EQ(request.SerializeAsString().find(kSecret), std::string::npos);
  EXPECT_EQ(request.failure().cause().message(), "Encoded failure");
  ASSERT_TRUE(DecodePayloads(request, codec).ok());
  EXPECT_EQ(request.failure().message(), kSecret);
  EXPECT_EQ(request.failure().stack_trace(), "at SECRET.cc");
  EXPECT_EQ(request.failure().cause().message(), "because SECRET");
}

// A query that fails says why in a text beside the failure, and its asker gets both in an error's details.
TEST(CodecTransport, QueriesThatFailSayNothingInClearEither) {
  const ReversingCodec codec;
  CodecOptions hide;
  hide.failures = true;
  service::RespondQueryTaskCompletedRequest query;
  query.set_error_message(kSecret);
  query.mutable_failure()->set_message(kSecret);
  service::RespondWorkflowTaskCompletedRequest task;
  auto& result = (*task.mutable_query_results())["q"];
  result.set_error_message(kSecret);
  result.mutable_failure()->set_message(kSecret);
  for (Message* request : std::initializer_list<Message*>{&query, &task}) {
    ASSERT_TRUE(EncodePayloads(*request, codec, hide).ok());
    EXPECT_EQ(request->SerializeAsString().find(kSecret), std::string::npos);
  }
  EXPECT_EQ(query.error_message(), "Encoded failure");
}

TEST(CodecTransport, ErrorsOfQueriesAreReadBack) {
  // A server that hands on what a worker has answered.
  class Server : public Transport {
   public:
    absl::Status Call(std::string_view, const Message&, Message&, const CallOptions&) override { return error; }
    absl::Status error;
  };
  const auto codec = std::make_shared<ReversingCodec>();
  CodecOptions hide;
  hide.failures = true;
  api::errordetails::v1::QueryFailedFailure detail;
  detail.mutable_failure()->set_message(kSecret);
  detail.mutable_failure()->mutable_application_failure_info()->mutable_details()->add_payloads()->set_data("more");
  const auto original = detail;
  ASSERT_TRUE(EncodePayloads(detail, *codec, hide).ok());
  const auto server = std::make_shared<Server>();
  server->error = absl::InvalidArgumentError("Encoded failure");
  SetErrorDetail(server->error, detail);
  const auto ask = [&] {
    return Invoke<service::QueryWorkflowResponse>(*std::make_shared<CodecTransport>(server, codec), "QueryWorkflow",
                                                  service::QueryWorkflowRequest())
        .status();
  };
  const absl::Status told = ask();
  EXPECT_EQ(told.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(told.message(), kSecret);
  EXPECT_TRUE(MessageDifferencer::Equals(*ErrorDetail<api::errordetails::v1::QueryFailedFailure>(told), original));
  codec->FailDecoding("more");
  EXPECT_EQ(FailedCodecStep(ask()), CodecStep::kDecode);
  server->error = absl::NotFoundError("no such workflow");
  EXPECT_EQ(ask(), server->error);
}

// What the codec makes of one payload, whatever that is.
class OddCodec : public PayloadCodec {
 public:
  explicit OddCodec(size_t makes) : makes_(makes) {}
  absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload>) const override {
    return std::vector<Payload>(makes_);
  }
  absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override { return payloads; }

 private:
  const size_t makes_;
};

TEST(CodecTransport, ListsMayChangeTheirLengthSingleValuesMayNot) {
  service::StartWorkflowExecutionRequest request;
  request.mutable_input()->add_payloads();
  ASSERT_TRUE(EncodePayloads(request, OddCodec(3)).ok());
  EXPECT_EQ(request.input().payloads_size(), 3);
  EXPECT_EQ(FailedCodecStep(EncodePayloads(request, OddCodec(0))), CodecStep::kEncode);
  request.Clear();
  (*request.mutable_memo()->mutable_fields())["note"].set_data("x");
  EXPECT_TRUE(EncodePayloads(request, OddCodec(1)).ok());
  EXPECT_EQ(FailedCodecStep(EncodePayloads(request, OddCodec(2))), CodecStep::kEncode);
  EXPECT_EQ(FailedCodecStep(EncodePayloads(request, OddCodec(0))), CodecStep::kEncode);
}

TEST(CodecTransport, AChainAppliesTheLastOneFirst) {
  class Letter : public PayloadCodec {
   public:
    explicit Letter(char letter) : letter_(letter) {}
    absl::StatusOr<std::vector<Payload>> Encode(std::vector<Payload> payloads) const override {
      for (Payload& payload : payloads) payload.mutable_data()->push_back(letter_);
      return payloads;
    }
    absl::StatusOr<std::vector<Payload>> Decode(std::vector<Payload> payloads) const override {
      for (Payload& payload : payloads) {
        if (payload.data().back() != letter_) return absl::DataLossError("not mine");
        payload.mutable_data()->pop_back();
      }
      return payloads;
    }

   private:
    const char letter_;
  };
  const CodecChain chain({std::make_shared<Letter>('a'), std::make_shared<Letter>('b')});
  service::SignalWorkflowExecutionRequest request;
  request.mutable_input()->add_payloads()->set_data("x");
  ASSERT_TRUE(EncodePayloads(request, chain).ok());
  EXPECT_EQ(request.input().payloads(0).data(), "xba");
  ASSERT_TRUE(DecodePayloads(request, chain).ok());
  EXPECT_EQ(request.input().payloads(0).data(), "x");
  EXPECT_FALSE(DecodePayloads(request, chain).ok());
}

TEST(CodecTransport, ErrorsTellTheStepAndAreRetryableFailures) {
  ReversingCodec codec;
  codec.FailEncoding(kSecret);
  service::SignalWorkflowExecutionRequest request;
  request.mutable_input()->add_payloads()->set_data(kSecret);
  const absl::Status status = EncodePayloads(request, codec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(FailedCodecStep(status), CodecStep::kEncode);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("no key to encode with"));
  const Failure failure = ToFailure(status);
  EXPECT_EQ(failure.application_failure_info().type(), "PayloadCodecError");
  EXPECT_FALSE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(FailedCodecStep(absl::InternalError("something else")), CodecStep::kNone);
}

}  // namespace
}  // namespace temporal
