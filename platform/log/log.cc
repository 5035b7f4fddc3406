#include "platform/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "domain/time.h"

namespace gpuaas::platform {
namespace {

thread_local std::string current_correlation_id;  // NOLINT

// The process's logger: spdlog gives the level filter, the lock and the sink; the line is ours.
struct Sink {
  Sink() : logger("gpuaas", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::info);
    logger.flush_on(spdlog::level::trace);
    logger.set_error_handler([](const std::string&) {});
  }
  spdlog::logger logger;
  std::mutex mutex;
  std::string service = "unset";
};

Sink& TheSink() {
  static Sink& sink = *new Sink();  // never destroyed: threads may log until the end
  return sink;
}

spdlog::level::level_enum Translate(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

// Never throws, whatever bytes come in.
std::string Quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

LogField::LogField(std::string_view field_key, std::string_view value)
    : key(field_key), json(IsSecretKey(field_key) ? "\"[redacted]\"" : Quote(Redact(value))) {}
LogField::LogField(std::string_view field_key, bool value) : key(field_key), json(value ? "true" : "false") {}
LogField::LogField(std::string_view field_key, std::int64_t value) : key(field_key), json(std::to_string(value)) {}
LogField::LogField(std::string_view field_key, std::uint64_t value) : key(field_key), json(std::to_string(value)) {}
LogField::LogField(std::string_view field_key, double value) : key(field_key), json(nlohmann::json(value).dump()) {}

void InitLog(std::string_view service, std::string_view level) {
  Sink& sink = TheSink();
  std::lock_guard lock(sink.mutex);
  sink.service = service;
  for (const LogLevel each : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (kLevelNames[static_cast<std::size_t>(each)] == level) sink.logger.set_level(Translate(each));
  }
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  Sink& sink = TheSink();
  if (!sink.logger.should_log(Translate(level))) return;
  const Time now = std::chrono::floor<Time::duration>(std::chrono::system_clock::now());
  std::string line = "{\"time\":\"" + FormatTime(now) + "\",\"level\":\"";
  line.append(kLevelNames[static_cast<std::size_t>(level)]).append("\",\"service\":");
  {
    std::lock_guard lock(sink.mutex);
    line += Quote(sink.service);
  }
  if (!current_correlation_id.empty()) line.append(",\"correlation_id\":").append(Quote(current_correlation_id));
  line.append(",\"message\":").append(Quote(Redact(message)));
  for (const LogField& field : fields) line.append(",").append(Quote(field.key)).append(":").append(field.json);
  line += "}";
  sink.logger.log(Translate(level), spdlog::string_view_t(line.data(), line.size()));
}

CorrelationScope::CorrelationScope(std::string_view correlation_id)
    : former_(std::exchange(current_correlation_id, std::string(correlation_id))) {}
CorrelationScope::~CorrelationScope() { current_correlation_id = std::move(former_); }

std::string CurrentCorrelationId() { return current_correlation_id; }

}  // namespace gpuaas::platform
