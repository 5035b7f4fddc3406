#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/members.h"
#include "cli/commands/support.h"
#include "cli/core/home.h"

namespace gpuaas::cli {
namespace {

const Columns kKey = {{"id", "id"},
                      {"name", "name"},
                      {"fingerprint", "fingerprint"},
                      {"created_at", "created_at", Column::Kind::kTime},
                      {"public_key", "public_key", Column::Kind::kText, true}};

struct CreateFlags {
  std::string name;
  std::string file;
  std::string key;
};

std::string PublicKeyIn(const std::string& file) {
  const auto content = ReadFile(file);
  if (!content) throw UsageError("--public-key-file: no such file: " + file, "ssh-keygen -t ed25519 makes a key pair");
  if (content->find("PRIVATE KEY") != std::string::npos) {
    throw UsageError(file + " is a private key: it stays with you", "name the public one: " + file + ".pub");
  }
  const std::size_t begin = content->find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) throw UsageError("--public-key-file: " + file + " is empty");
  return content->substr(begin, content->find_last_not_of(" \t\r\n") - begin + 1);
}

ExitCode Create(Invocation& run, const CreateFlags& flags) {
  const std::string public_key = PublicKeyIn(flags.file);
  run.output().Check(kSshKeyMembers, kKey);
  run.output().Object(
      Mutate(run, {"POST", "/api/v1/ssh-keys", Json{{"name", flags.name}, {"public_key", public_key}}, flags.key},
             {{"name", "--name"}, {"public_key", "--public-key-file"}}),
      kKey);
  return ExitCode::kDone;
}

}  // namespace

void AddSshKeys(CLI::App& root, Invocation& run) {
  CLI::App* keys = AddGroup(root, "ssh-keys", "Your public SSH keys");

  auto flags = std::make_shared<CreateFlags>();
  CLI::App* create = AddCommand(*keys, run, "create", "Register a public key",
                                "  gpuaas ssh-keys create --name laptop --public-key-file ~/.ssh/id_ed25519.pub",
                                [&run, flags] { return Create(run, *flags); });
  create->add_option("--name", flags->name, "What to call it")->required()->type_name("NAME");
  create->add_option("--public-key-file", flags->file, "The .pub file")->required()->type_name("FILE");
  AddKeyFlag(*create, flags->key);

  AddCommand(*keys, run, "list", "List your keys", "", [&run] {
    const Listing all = ListOnePage(run.session(), kSshKey.path, {});
    return ShowItems(run, all.items, all.next_cursor, kKey, "SSH keys");
  });

  auto id = std::make_shared<std::string>();
  CLI::App* get = AddCommand(*keys, run, "get", "Show one key", "  gpuaas ssh-keys get laptop", [&run, id] {
    run.output().Object(run.session().Get(PathOf(kSshKey, ResolveId(run.session(), kSshKey, *id))), kKey);
    return ExitCode::kDone;
  });
  get->add_option("key", *id, "Id, its beginning, or name")->required()->type_name(kSshKeyId);

  struct DeleteFlags {
    std::string id;
    std::string key;
    bool yes = false;
  };
  auto del = std::make_shared<DeleteFlags>();
  CLI::App* remove =
      AddCommand(*keys, run, "delete", "Forget a key; running allocations keep it",
                 "  gpuaas ssh-keys delete laptop --yes", [&run, del] {
                   run.output().Check(kSshKeyMembers, kKey);
                   const std::string whole = ResolveId(run.session(), kSshKey, del->id);
                   run.Confirm(del->yes, "delete SSH key " + del->id + " (" + whole + ")");
                   run.output().Object(run.session().Mutate({"DELETE", PathOf(kSshKey, whole), {}, del->key}), kKey);
                   return ExitCode::kDone;
                 });
  remove->add_option("key", del->id, "Id, its beginning, or name")->required()->type_name(kSshKeyId);
  remove->add_flag("-y,--yes", del->yes, "Do not ask");
  AddKeyFlag(*remove, del->key);
}

}  // namespace gpuaas::cli
