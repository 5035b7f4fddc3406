#include "activities/common/json.h"

#include <google/protobuf/util/json_util.h>

namespace gpuaas::activities {

std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  // Fails only for messages that JSON cannot carry (Any of an unknown type); ours have none.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

}  // namespace gpuaas::activities
