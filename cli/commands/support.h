#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"
#include "cli/core/resolve.h"

// What the command groups share: how they are registered and how lists are shown.
namespace gpuaas::cli {

// A group of commands that does nothing by itself.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description);

// A command. `examples`: lines as one would type them, shown under its help. Options are added to what it returns;
// every one of them can also be given as GPUAAS_<NAME>.
CLI::App* AddCommand(CLI::App& parent, Invocation& run, const std::string& name, const std::string& description,
                     const std::string& examples, std::function<ExitCode()> action);

// The commands below `app`, and the one of that name or nullptr.
std::vector<const CLI::App*> CommandsOf(const CLI::App& app);
const CLI::App* FindCommand(const CLI::App& app, const std::string& name);

// Value names of options and positionals; completion looks at them to know what to offer.
inline constexpr const char* kAllocationId = "ALLOCATION";
inline constexpr const char* kLiveAllocationId = "LIVE_ALLOCATION";  // one that has not ended
inline constexpr const char* kNodeId = "NODE";
inline constexpr const char* kSshKeyId = "SSH_KEY";
inline constexpr const char* kSkuName = "SKU";
inline constexpr const char* kPendingKey = "KEY";

struct ListFlags {
  std::size_t limit = 50;
  bool all = false;
  std::string cursor;
};

void AddListFlags(CLI::App& command, ListFlags& flags);

// Lets an option take one of these words only; help, completion and the refusal name them.
void TakeOneOf(CLI::Option* option, const std::vector<std::string>& words);

// Gets and shows a list; says on stderr when there is nothing or when there is more. `nouns`: "allocations".
ExitCode ShowList(Invocation& run, std::string_view path, const Query& query, const ListFlags& flags,
                  const Columns& columns, std::string_view nouns);

// Shows what is already there the same way.
ExitCode ShowItems(Invocation& run, const Json& items, const std::string& next_cursor, const Columns& columns,
                   std::string_view nouns);

// By which flag each field of a request's body is given: {"lease_seconds", "--lease"}.
using FlagsOfFields = std::vector<std::pair<std::string_view, std::string_view>>;

// Session::Mutate; a refusal names the flags, and each of them once.
Json Mutate(Invocation& run, const Mutation& mutation, const FlagsOfFields& flags);

// --idempotency-key.
void AddKeyFlag(CLI::App& command, std::string& key);

// The duration an option holds; throws a usage error that names the option.
std::chrono::milliseconds DurationOf(const std::string& option, const std::string& text);

}  // namespace gpuaas::cli
