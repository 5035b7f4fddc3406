#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace gpuaas::activities {

// A message as the payload of an outbox row: json/protobuf, as the workflow's converter reads it.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace gpuaas::activities
