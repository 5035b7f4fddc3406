#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "temporal/api/common/v1/message.pb.h"
#include "temporal/api/failure/v1/message.pb.h"

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

// Finds the payloads in Temporal's messages by reflection. Which fields lead to payloads is worked out once per type;
// thread-safe.
namespace temporal {

class PayloadVisitor {
 public:
  virtual ~PayloadVisitor() = default;
  // One list of payloads, never empty.
  virtual absl::Status Visit(api::common::v1::Payloads& list) = 0;
  // A value of its own: an entry of a memo, a summary.
  virtual absl::Status Visit(api::common::v1::Payload& one) = 0;
  // A failure, before and after what it holds is visited.
  virtual void Enter(api::failure::v1::Failure& failure) = 0;
  virtual void Leave(api::failure::v1::Failure& failure) = 0;
};

// Whether messages of the type can hold payloads, of headers too. Costs a look-up.
bool MayHoldPayloads(const google::protobuf::Descriptor& type);

// Calls the visitor for every payload that is the user's: in messages inside the message, lists, maps and Any. Not for
// search attributes, which the server has to read and counts by, not for what the engine keeps in its own markers, and
// for those of headers only if told so. Ends with the visitor's first error; kInvalidArgument for an Any that cannot be
// read.
absl::Status VisitPayloads(google::protobuf::Message& message, PayloadVisitor& visitor, bool headers);

}  // namespace temporal
