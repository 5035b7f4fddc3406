#include "temporal/transport/payload_walk.h"

#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "temporal/api/command/v1/message.pb.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/common/markers.h"

namespace temporal {
namespace {

namespace common = api::common::v1;
using api::failure::v1::Failure;
using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::DynamicCastToGenerated;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

enum class Kind { kPlain, kPayload, kPayloads, kHeader, kFailure, kMarker, kAny };

// A type that leads to payloads, and its fields that do.
struct Plan {
  struct Step {
    const FieldDescriptor* field;
    const Plan* plan;
  };
  Kind kind = Kind::kPlain;
  std::vector<Step> steps;
};

Kind KindOf(const Descriptor* type) {
  static const auto& kinds = *new std::map<const Descriptor*, Kind>{
      {common::Payload::descriptor(), Kind::kPayload},
      {common::Payloads::descriptor(), Kind::kPayloads},
      {common::Header::descriptor(), Kind::kHeader},
      {Failure::descriptor(), Kind::kFailure},
      {api::command::v1::RecordMarkerCommandAttributes::descriptor(), Kind::kMarker},
      {api::history::v1::MarkerRecordedEventAttributes::descriptor(), Kind::kMarker},
      {Any::descriptor(), Kind::kAny},
  };
  const auto found = kinds.find(type);
  return found == kinds.end() ? Kind::kPlain : found->second;
}

// What the server reads, and gives back in counts by group.
bool HoldsSearchAttributes(const Descriptor& type) {
  return &type == common::SearchAttributes::descriptor() || type.name() == "AggregationGroup";
}

bool IsLeaf(Kind kind) { return kind == Kind::kPayload || kind == Kind::kPayloads || kind == Kind::kAny; }

class Plans {
 public:
  // Null: nothing of the type leads to payloads.
  const Plan* Of(const Descriptor* type) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = plans_.find(type); found != plans_.end()) return found->second.get();
    }
    const std::unique_lock lock(mutex_);
    Add(type);
    return plans_[type].get();
  }

 private:
  // Types hold each other in circles (a failure its cause): first all types in reach, then which of them lead to
  // payloads, until no more are found, then the plans.
  void Add(const Descriptor* type) {
    std::set<const Descriptor*> reached;
    Reach(type, reached);
    std::set<const Descriptor*> leading;
    for (size_t before = SIZE_MAX; before != leading.size();) {
      before = leading.size();
      for (const Descriptor* each : reached) {
        if (Leads(each, leading)) leading.insert(each);
      }
    }
    std::vector<const Descriptor*> added;  // plans that were there are in use already
    for (const Descriptor* each : reached) {
      const auto [plan, fresh] = plans_.try_emplace(each);
      if (!fresh || !leading.contains(each)) continue;
      plan->second = std::make_unique<Plan>();
      added.push_back(each);
    }
    for (const Descriptor* each : added) {
      Plan& plan = *plans_[each];
      plan.kind = KindOf(each);
      if (IsLeaf(plan.kind)) continue;
      for (int i = 0; i < each->field_count(); ++i) {
        const FieldDescriptor* field = each->field(i);
        if (field->message_type() != nullptr && leading.contains(field->message_type())) {
          plan.steps.push_back({field, plans_[field->message_type()].get()});
        }
      }
    }
  }

  static void Reach(const Descriptor* type, std::set<const Descriptor*>& reached) {
    if (HoldsSearchAttributes(*type) || !reached.insert(type).second) return;
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->message_type() != nullptr) Reach(type->field(i)->message_type(), reached);
    }
  }

  static bool Leads(const Descriptor* type, const std::set<const Descriptor*>& leading) {
    if (IsLeaf(KindOf(type))) return true;
    for (int i = 0; i < type->field_count(); ++i) {
      if (leading.contains(type->field(i)->message_type())) return true;
    }
    return false;
  }

  std::shared_mutex mutex_;
  std::map<const Descriptor*, std::unique_ptr<Plan>> plans_;
};

Plans& AllPlans() {
  static Plans& plans = *new Plans();
  return plans;
}

class Walk {
 public:
  Walk(PayloadVisitor& visitor, bool headers) : visitor_(visitor), headers_(headers) {}

  absl::Status Visit(Message& message, const Plan& plan) {
    switch (plan.kind) {
      case Kind::kPayload:
        return visitor_.Visit(*DynamicCastToGenerated<common::Payload>(&message));
      case Kind::kPayloads: {
        auto& list = *DynamicCastToGenerated<common::Payloads>(&message);
        return list.payloads_size() == 0 ? absl::OkStatus() : visitor_.Visit(list);
      }
      case Kind::kHeader:
        return headers_ ? VisitFields(message, plan) : absl::OkStatus();
      case Kind::kFailure: {
        auto& failure = *DynamicCastToGenerated<Failure>(&message);
        visitor_.Enter(failure);
        const absl::Status status = VisitFields(message, plan);
        visitor_.Leave(failure);
        return status;
      }
      case Kind::kMarker:
        if (auto* command = DynamicCastToGenerated<api::command::v1::RecordMarkerCommandAttributes>(&message)) {
          return VisitMarker(*command, plan);
        }
        return VisitMarker(*DynamicCastToGenerated<api::history::v1::MarkerRecordedEventAttributes>(&message), plan);
      case Kind::kAny:
        return VisitAny(*DynamicCastToGenerated<Any>(&message));
      case Kind::kPlain:
        return VisitFields(message, plan);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status VisitFields(Message& message, const Plan& plan, const FieldDescriptor* but = nullptr) {
    const auto* reflection = message.GetReflection();
    for (const Plan::Step& step : plan.steps) {
      if (step.field == but) continue;
      if (!step.field->is_repeated()) {
        if (!reflection->HasField(message, step.field)) continue;
        absl::Status status = Visit(*reflection->MutableMessage(&message, step.field), *step.plan);
        if (!status.ok()) return status;
        continue;
      }
      const int size = reflection->FieldSize(message, step.field);
      for (int i = 0; i < size; ++i) {
        absl::Status status = Visit(*reflection->MutableRepeatedMessage(&message, step.field, i), *step.plan);
        if (!status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

  // What the engine keeps in its own markers is nothing of the user's, but for the results of local activities.
  template <class Marker>
  absl::Status VisitMarker(Marker& marker, const Plan& plan) {
    if (marker.marker_name() != kPatchMarkerName && marker.marker_name() != kLocalActivityMarkerName) {
      return VisitFields(marker, plan);
    }
    if (auto result = marker.mutable_details()->find(kLocalActivityResultKey);
        result != marker.mutable_details()->end() && result->second.payloads_size() > 0) {
      if (absl::Status status = visitor_.Visit(result->second); !status.ok()) return status;
    }
    return VisitFields(marker, plan, Marker::descriptor()->FindFieldByName("details"));
  }

  // The bodies of protocol messages: an update's request and answers.
  absl::Status VisitAny(Any& any) {
    const std::string& url = any.type_url();
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
        url.substr(url.find_last_of('/') + 1));
    const Plan* plan = type == nullptr ? nullptr : AllPlans().Of(type);
    if (plan == nullptr) return absl::OkStatus();  // nothing of the user's that we know of
    const std::unique_ptr<Message> body(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    if (!body->ParseFromString(any.value())) {
      return absl::InvalidArgumentError(absl::StrCat("a message cannot be read as ", type->full_name()));
    }
    if (absl::Status status = Visit(*body, *plan); !status.ok()) return status;
    body->SerializeToString(any.mutable_value());
    return absl::OkStatus();
  }

  PayloadVisitor& visitor_;
  const bool headers_;
};

}  // namespace

bool MayHoldPayloads(const Descriptor& type) { return AllPlans().Of(&type) != nullptr; }

absl::Status VisitPayloads(Message& message, PayloadVisitor& visitor, bool headers) {
  const Plan* plan = AllPlans().Of(message.GetDescriptor());
  return plan == nullptr ? absl::OkStatus() : Walk(visitor, headers).Visit(message, *plan);
}

}  // namespace temporal
