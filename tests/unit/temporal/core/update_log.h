#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/temporal/core/harness.h"

// A workflow that can be updated in many ways, and the messages that answer.
namespace temporal::core {

using namespace std::chrono_literals;
using Text = std::string;

inline constexpr WorkflowRef<Nothing, Text> kMain{"main"};
inline constexpr UpdateRef<Text, Text> kAdd{"add"};
inline constexpr UpdateRef<Text, Text> kSlow{"slow"};
inline constexpr UpdateRef<Text, Nothing> kBad{"bad"};
inline constexpr SignalRef<Text> kNote{"note"};
inline constexpr SignalRef<Text> kLate{"late"};
inline constexpr QueryRef<Nothing, Text> kSeen{"seen"};
inline const Step<Text, Text> kStep("step", ActivityOptions(1min));

inline constexpr auto kMessage = enums::COMMAND_TYPE_PROTOCOL_MESSAGE;
inline constexpr auto kTimer = enums::COMMAND_TYPE_START_TIMER;
inline constexpr auto kActivity = enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK;
inline constexpr auto kComplete = enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION;

inline int validations = 0;

// Keeps what happened in `seen`, in order; ends with it when asked to.
struct Log {
  explicit Log(Context c) : ctx(c) {}
  Task<Text> Run() {
    seen += "run ";
    co_await ctx.Until([this] { return done && ctx.AllHandlersFinished(); });
    co_return seen;
  }
  Text Add(Text text) {
    if (text == "throw") throw ApplicationFailure("no more", "FULL");
    if (text == "crash") throw std::runtime_error("a bug");
    if (text == "again") ctx.ContinueAsNew(Nothing{});
    if (text == "end") done = true;
    seen += text + " ";
    return seen;
  }
  void CheckAdd(const Text& text) const {
    ++validations;
    if (text.empty()) throw ApplicationFailure("nothing to add", "INVALID_ARGUMENT");
    if (text == "odd") throw std::invalid_argument("odd");
    if (text == "sleep") (void)ctx.Sleep(1s);
    if (text == "wake") throw internal::ContinueAsNewRequest{};
    if (text == seen) throw ApplicationFailure("seen");
  }
  Task<Text> Slow(Text text) {
    seen += text + "? ";
    const Text step = co_await ctx.Execute(kStep, text);
    seen += text + "! ";
    co_return step;
  }
  Task<void> Bad(Text) {
    co_await ctx.Sleep(1s);
    throw std::runtime_error("a bug after a while");
  }
  void Note(Text text) { seen += text + " "; }
  Task<void> Late(Text text) {
    seen += text + " ";
    co_return;
  }
  Text Seen() const { return seen; }

  Context ctx;
  Text seen;
  bool done = false;
};

template <class Body>
Body BodyOf(const api::protocol::v1::Message& message) {
  Body body;
  EXPECT_TRUE(message.body().UnpackTo(&body)) << message.body().type_url();
  return body;
}
using api::update::v1::Acceptance;
using api::update::v1::Rejection;
using api::update::v1::Response;

inline Text ResultOf(const api::protocol::v1::Message& message) {
  return FromPayload<Text>(BodyOf<Response>(message).outcome().success().payloads(0)).value();
}

}  // namespace temporal::core
