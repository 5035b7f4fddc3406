#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gpuaas::platform {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One `"key": value` of a line. Numbers and booleans stay such in the JSON.
struct LogField {
  LogField(std::string_view key, std::string_view value);
  LogField(std::string_view key, const std::string& value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, bool value);
  LogField(std::string_view key, int value) : LogField(key, static_cast<std::int64_t>(value)) {}
  LogField(std::string_view key, std::int64_t value);
  LogField(std::string_view key, std::uint64_t value);
  LogField(std::string_view key, double value);

  std::string_view key;
  std::string json;  // the value as JSON text, redacted where the key or the text calls for it
};

// Starts logging for this process: JSON lines on stderr, `service` on each. `level` is debug, info, warning or error.
// Before it, lines go out with service "unset" at level info.
void InitLog(std::string_view service, std::string_view level);

// Writes {"time","level","service","correlation_id"?,"message",fields...} as one line. Values of keys that name secrets
// (password, token, secret, authorization, private_key, ...), and bearer tokens, JWTs and PEM private keys inside any
// text, are replaced by "[redacted]". Thread-safe; a failing sink is ignored.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void LogDebug(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// Every line written by this thread carries the id while the object lives; the former one comes back after it.
class CorrelationScope {
 public:
  explicit CorrelationScope(std::string_view correlation_id);
  ~CorrelationScope();
  CorrelationScope(const CorrelationScope&) = delete;
  CorrelationScope& operator=(const CorrelationScope&) = delete;

 private:
  std::string former_;
};

// The id of the innermost scope of this thread; empty outside of any.
std::string CurrentCorrelationId();

// `text` with everything that looks like a credential replaced; what Log applies to messages and values.
std::string Redact(std::string_view text);

// True for keys whose values are never shown.
bool IsSecretKey(std::string_view key);

}  // namespace gpuaas::platform
