#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "temporal/workflow/context.h"
#include "temporal/workflow/internal/scope_state.h"

namespace temporal {

namespace internal {

template <class T>
class ReceiveState;

// Signals of one name, each given to exactly one receiver, in the order of arrival.
template <class T>
class ChannelState {
 public:
  explicit ChannelState(std::string_view name) : label_(MakeLabel("signal '" + std::string(name) + "'")) {}
  const Label& label() const { return label_; }
  void Push(T value) { Deliver({next_number_++, std::move(value)}); }
  void Attach(ReceiveState<T>& receiver);
  void Detach(ReceiveState<T>& receiver) { std::erase(receivers_, &receiver); }
  // A receiver that got a value nobody took gives it back to its old place.
  void Deliver(std::pair<uint64_t, T> value);
  std::deque<std::pair<uint64_t, T>>& waiting() { return waiting_; }

 private:
  const Label label_;
  uint64_t next_number_ = 0;
  std::deque<std::pair<uint64_t, T>> waiting_;  // empty while there are receivers
  std::vector<ReceiveState<T>*> receivers_;
};

template <class T>
class ReceiveState : public ScopedState<T> {
 public:
  ReceiveState(Scheduler& scheduler, std::shared_ptr<ChannelState<T>> channel, Scope scope)
      : ScopedState<T>(scheduler, std::move(scope)), channel_(std::move(channel)) {
    this->set_label(channel_->label());
    if (!this->ready()) channel_->Attach(*this);
  }

  ~ReceiveState() override {
    channel_->Detach(*this);
    if (this->value_ && !this->taken() && !this->scheduler().closed()) {
      channel_->Deliver({number_, std::move(*this->value_)});
    }
  }

  void Receive(std::pair<uint64_t, T> value) {
    number_ = value.first;
    this->Resolve(std::move(value.second));
  }

 private:
  std::shared_ptr<ChannelState<T>> channel_;
  uint64_t number_ = 0;
};

template <class T>
void ChannelState<T>::Attach(ReceiveState<T>& receiver) {
  if (waiting_.empty()) {
    receivers_.push_back(&receiver);
    return;
  }
  auto value = std::move(waiting_.front());
  waiting_.pop_front();
  receiver.Receive(std::move(value));
}

template <class T>
void ChannelState<T>::Deliver(std::pair<uint64_t, T> value) {
  while (!receivers_.empty()) {
    ReceiveState<T>* receiver = receivers_.front();
    receivers_.erase(receivers_.begin());
    if (receiver->ready()) continue;  // cancelled
    receiver->Receive(std::move(value));
    return;
  }
  const auto place =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& other) { return other.first > value.first; });
  waiting_.insert(place, std::move(value));
}

}  // namespace internal

// A signal as a queue, usually a member of the workflow class:
//   temporal::SignalChannel<ReleaseRequest> release_{ctx_, "release"};
// Signals that arrived before the channel was made are in it. Each signal goes to one receiver; one whose future loses
// an AnyOf, or is dropped before it was awaited, stays in the channel.
template <class T = Nothing>
class SignalChannel {
 public:
  SignalChannel(const Context& context, std::string_view name, HandlerOptions options = {})
      : context_(context), channel_(std::make_shared<internal::ChannelState<T>>(name)) {
    auto push = [channel = channel_, runtime = &context.runtime(), name = std::string(name)](const Payloads& input) {
      if (auto value = internal::DecodeSignal<T>(*runtime, name, input)) channel->Push(*std::move(value));
    };
    context.runtime().SetSignalHandler(name, std::move(push), std::move(options));
  }
  SignalChannel(const Context& context, const SignalRef<T>& signal, HandlerOptions options = {})
      : SignalChannel(context, signal.name, std::move(options)) {}

  // The next signal. CancelledError when the scope of the given context (default: the channel's own) is cancelled.
  Future<T> Received() const { return Received(context_); }
  Future<T> Received(const Context& context) const {
    context.runtime().CheckMayChange("taking a signal");
    return Future<T>(
        std::make_shared<internal::ReceiveState<T>>(context.runtime().scheduler(), channel_, context.scope()));
  }

  // The next signal if one is waiting.
  std::optional<T> TryReceive() {
    context_.runtime().CheckMayChange("taking a signal");
    auto& waiting = channel_->waiting();
    if (waiting.empty()) return std::nullopt;
    std::optional<T> value = std::move(waiting.front().second);
    waiting.pop_front();
    return value;
  }
  bool empty() const { return channel_->waiting().empty(); }

 private:
  Context context_;
  std::shared_ptr<internal::ChannelState<T>> channel_;
};

}  // namespace temporal
