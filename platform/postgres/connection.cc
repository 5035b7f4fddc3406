#include "platform/postgres/connection.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "platform/log/log.h"

namespace gpuaas::platform {
namespace {

constexpr char kRetryUrl[] = "gpuaas/transaction-retry";

absl::Status SerializationFailure() {
  absl::Status status = MakeError(ErrorCode::kUnavailable, "the database is busy with conflicting changes");
  status.SetPayload(kRetryUrl, absl::Cord("1"));
  return status;
}

// The first line only: the rest may quote rows.
std::string_view FirstLine(std::string_view text) { return text.substr(0, text.find('\n')); }

absl::Status FromSqlState(const pqxx::sql_error& error, std::string_view sql) {
  const std::string_view state = error.sqlstate();
  if (state == "40001" || state == "40P01") return SerializationFailure();
  if (state == "23505" || state == "23P01") {
    return MakeError(ErrorCode::kConflict, "another resource with the same unique value exists");
  }
  if (state == "57014" || state == "55P03") {
    return MakeError(ErrorCode::kDeadlineExceeded, "the database did not answer in time");
  }
  LogError("database statement failed", {{"sqlstate", state}, {"cause", FirstLine(error.what())}, {"sql", sql}});
  if (state.starts_with("08") || state.starts_with("57P") || state.starts_with("53") || state == "25P03") {
    return MakeError(ErrorCode::kDatabaseUnavailable, "the database cannot serve now");
  }
  if (state.starts_with("22")) return MakeError(ErrorCode::kInvalidArgument, "a value is not acceptable");
  return MakeError(ErrorCode::kInternal, "a database statement failed");
}

std::string UrlEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (char c : text) {
    if (c == ' ' || c == '=' || c == '&' || c == '%') {
      const auto byte = static_cast<unsigned char>(c);
      result.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string ConnectionText(const DatabaseOptions& options) {
  const auto milliseconds = [](auto duration) { return std::to_string(duration.count()); };
  const std::string settings =
      "-c statement_timeout=" + milliseconds(options.statement_timeout) +
      " -c lock_timeout=" + milliseconds(options.lock_timeout) +
      " -c idle_in_transaction_session_timeout=" + milliseconds(options.idle_in_transaction_timeout) +
      " -c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning";
  const auto seconds = std::max<std::int64_t>(2, options.connect_timeout.count() / 1000);  // libpq's least is 2
  std::string text = options.url;
  text += text.find('?') == std::string::npos ? '?' : '&';
  text += "connect_timeout=" + std::to_string(seconds) + "&application_name=" + UrlEncode(options.application_name) +
          "&options=" + UrlEncode(settings);
  return text;
}

Connection::Connection(const DatabaseOptions& options) : connection_(ConnectionText(options)) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  connection_.inhibit_reactivation(true);  // a silent new session would forget the transaction it was in
#pragma clang diagnostic pop
}

const std::string& Connection::Prepare(std::string_view sql) {
  const auto [found, added] = prepared_.try_emplace(std::string(sql), "s" + std::to_string(prepared_.size()));
  if (added) connection_.prepare(found->second, found->first);
  return found->second;
}

absl::Status CurrentExceptionToStatus(std::string_view sql) {
  try {
    throw;
  } catch (const pqxx::in_doubt_error&) {
    return MakeError(ErrorCode::kDatabaseUnavailable,
                     "the database connection was lost during the commit; the outcome is unknown");
  } catch (const pqxx::broken_connection& error) {
    LogWarning("database connection failed", {{"cause", FirstLine(error.what())}});
    return MakeError(ErrorCode::kDatabaseUnavailable, "the database cannot be reached");
  } catch (const pqxx::transaction_rollback&) {
    return SerializationFailure();
  } catch (const pqxx::sql_error& error) {
    return FromSqlState(error, sql);
  } catch (const std::exception& error) {
    LogError("database access failed", {{"cause", FirstLine(error.what())}, {"sql", sql}});
    return MakeError(ErrorCode::kInternal, "database access failed");
  }
}

bool IsSerializationFailure(const absl::Status& status) { return status.GetPayload(kRetryUrl).has_value(); }

}  // namespace gpuaas::platform
