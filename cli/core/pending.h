#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/render/time.h"

namespace gpuaas::cli {

// A mutation as it is sent, kept on disk until its answer is known. `pid` is of the process that sent it last.
struct PendingRequest {
  std::string key;
  std::string method;
  std::string target;  // path and query
  std::string body;    // JSON, or empty
  std::string url;     // the server's
  std::string tenant;  // X-Tenant and X-Project as sent; may be empty
  std::string project;
  std::string username;
  std::string command;     // what the user asked for, for lists: "allocations create"
  std::string created_at;  // RFC 3339: when the key was first sent
  long pid = 0;
};

// The server forgets keys after this long: sending an older one again could do the work twice.
inline constexpr std::chrono::hours kKeyRetention{24};

bool IsPastRetention(const PendingRequest& request, TimePoint now);

// <home>/pending/<key>.json. The sending process holds a kernel lock on the file, so one whose process died is seen as
// such whatever its pid has become. Safe between processes.
class PendingStore {
 public:
  explicit PendingStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // A stored request that this process is sending.
  class Entry {
   public:
    ~Entry();  // without Settle: the file stays, for `pending resume`
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&&) = delete;
    // The outcome is known: the file goes.
    void Settle();
    // Somebody began to send it already, and what came of that is not known.
    bool maybe_sent_before() const { return maybe_sent_before_; }

   private:
    friend class PendingStore;
    Entry(std::filesystem::path path, int fd, bool maybe_sent_before)
        : path_(std::move(path)), fd_(fd), maybe_sent_before_(maybe_sent_before) {}
    std::filesystem::path path_;
    int fd_;  // -1: another process is sending this key and owns the file
    bool maybe_sent_before_;
  };

  struct Listed {
    PendingRequest request;
    bool running;  // its process lives and waits for the answer
  };

  // Writes the request durably (fsync) and locks it. A leftover of the same key is taken over with the time it was
  // first sent. Throws CliError when it cannot be written, if the leftover is of another request, or for a key that is
  // not 1 to 128 visible ASCII characters.
  Entry Begin(PendingRequest request) const;

  // Oldest first. Files that are not ours are passed over.
  std::vector<Listed> List() const;
  std::optional<Listed> Find(const std::string& key) const;

  // Forgets a request that no process is sending; false if there is none or it is being sent.
  bool Forget(const std::string& key) const;

 private:
  std::filesystem::path PathOf(const std::string& key) const;
  std::filesystem::path folder_;
};

}  // namespace gpuaas::cli
