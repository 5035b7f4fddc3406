#pragma once

namespace temporal {

// No value: the request of an activity without arguments (sent as no payload), the result of one that returns nothing
// (sent as binary/null).
struct Nothing {
  friend bool operator==(Nothing, Nothing) = default;
};

}  // namespace temporal
