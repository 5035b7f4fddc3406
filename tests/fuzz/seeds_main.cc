#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "google/protobuf/util/json_util.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/codec_aes/aes_gcm_codec.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/transport/codec_transport.h"
#include "tests/fuzz/histories.h"

// fuzz_seeds FOLDER: writes what each target begins with into FOLDER/<target>/.
namespace temporal::fuzz {
namespace {

class Seeds {
 public:
  explicit Seeds(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void Add(std::string_view target, std::string_view content) {
    const auto to = folder_ / target;
    std::filesystem::create_directories(to);
    std::ofstream(to / std::to_string(++count_), std::ios::binary) << content;
  }

 private:
  const std::filesystem::path folder_;
  int count_ = 0;
};

void AddHistories(Seeds& seeds) {
  for (const auto& history : Histories()) {
    std::string json;
    if (!google::protobuf::util::MessageToJsonString(history, &json).ok()) continue;
    seeds.Add("history_json_fuzz", json);
    seeds.Add("history_binary_fuzz", history.SerializeAsString());
  }
  // Which history, then triples: what to do, to which event, with what.
  for (char which = 0; which < 3; ++which) {
    for (char edit = 0; edit < 8; ++edit) {
      seeds.Add("history_edit_fuzz", std::string{which, edit, 7, 2, 7, 0, 0});
    }
  }
}

void AddPayloads(Seeds& seeds) {
  Payloads list;
  *list.add_payloads() = *ToPayload(Nothing());
  *list.add_payloads() = *ToPayload(Bytes{"bytes"});
  *list.add_payloads() = *ToPayload(std::string("text"));
  *list.add_payloads() = *ToPayload(-7);
  *list.add_payloads() = *ToPayload(1.5);
  *list.add_payloads() = *ToPayload(true);
  *list.add_payloads() = converter_internal::JsonPayload(R"({"a":1})");
  *list.add_payloads() = converter_internal::JsonPayload(R"(["a","b"])");
  const Failure failure = ToFailure(absl::NotFoundError("no"));
  *list.add_payloads() = *ToPayload(failure);
  *list.add_payloads() = *ToPayload(BinaryProto<Failure>{failure});
  seeds.Add("payload_fuzz", list.SerializeAsString());
  for (const Payload& payload : list.payloads()) {
    Payloads one;
    *one.add_payloads() = payload;
    seeds.Add("payload_fuzz", one.SerializeAsString());
  }
}

void AddFailures(Seeds& seeds) {
  Failure failure = ToFailure(absl::NotFoundError("no"));
  *failure.mutable_application_failure_info()->mutable_details()->add_payloads() = *ToPayload(1);
  Failure outer;
  outer.set_message("outer");
  outer.mutable_activity_failure_info()->set_activity_id("1");
  *outer.mutable_cause() = failure;
  seeds.Add("failure_fuzz", outer.SerializeAsString());
  EncodeAttributes(outer);
  seeds.Add("failure_fuzz", outer.SerializeAsString());
  Failure timeout;
  timeout.mutable_timeout_failure_info()->set_timeout_type(api::enums::v1::TIMEOUT_TYPE_HEARTBEAT);
  seeds.Add("failure_fuzz", timeout.SerializeAsString());
}

void AddMarkers(Seeds& seeds) {
  for (const auto& history : Histories()) {
    for (const auto& event : history.events()) {
      if (!event.has_marker_recorded_event_attributes()) continue;
      seeds.Add("marker_fuzz", event.marker_recorded_event_attributes().SerializeAsString());
    }
  }
}

void AddEncrypted(Seeds& seeds) {
  const auto codec = AesGcmCodec::Create({{"k", std::string(AesGcmCodec::kKeyBytes, 'k')}}, "k");
  for (const auto& history : Histories()) {
    api::workflowservice::v1::PollWorkflowTaskQueueResponse task;
    *task.mutable_history() = history;
    api::update::v1::Request update;
    *update.mutable_input()->mutable_args()->add_payloads() = *ToPayload(1);
    task.add_messages()->mutable_body()->PackFrom(update);
    seeds.Add("codec_fuzz", task.SerializeAsString());
    if (EncodePayloads(task, **codec).ok()) seeds.Add("codec_fuzz", task.SerializeAsString());
  }
}

}  // namespace
}  // namespace temporal::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds FOLDER\n";
    return 2;
  }
  temporal::fuzz::Seeds seeds(argv[1]);
  temporal::fuzz::AddHistories(seeds);
  temporal::fuzz::AddPayloads(seeds);
  temporal::fuzz::AddFailures(seeds);
  temporal::fuzz::AddMarkers(seeds);
  temporal::fuzz::AddEncrypted(seeds);
}
