#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace gpuaas::node {

// The agent's last contact with the control plane, and for how long it may go without. On the clock since boot.
struct ContactMark {
  std::string boot_id;
  std::chrono::microseconds monotonic{0};
  std::chrono::seconds limit{0};
};

// Written in place: whoever has the file open sees it, and a full disk takes it.
absl::Status WriteContact(const std::string& path, const ContactMark& mark);
// Nothing if there is none, or no whole one.
std::optional<ContactMark> ReadContact(int file);

// When a sandbox ends itself because no agent has had contact. That is a little after an agent would have ended it: it
// is for when there is none, and before the control plane gives the GPUs to others.
std::chrono::microseconds EndOf(const ContactMark& mark);

std::chrono::microseconds SinceBoot();

}  // namespace gpuaas::node
