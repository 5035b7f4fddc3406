#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "domain/time.h"

namespace gpuaas::platform {

// A statement's parameter ($1, $2, ...), made implicitly from what stores hold. Ids that are empty and nullopt are
// NULL.
class Param {
 public:
  Param(std::nullopt_t) {}
  Param(std::string text) : text_(std::move(text)) {}
  Param(std::string_view text) : text_(text) {}
  Param(const char* text) : text_(text) {}
  Param(bool value) : text_(value ? "t" : "f") {}
  Param(int value) : text_(std::to_string(value)) {}
  Param(std::int64_t value) : text_(std::to_string(value)) {}
  Param(std::uint64_t value) : text_(std::to_string(value)) {}
  Param(Time time) : text_(FormatTime(time)) {}
  template <internal::Prefix kPrefix>
  Param(const Id<kPrefix>& id) : text_(id.empty() ? std::nullopt : std::optional(id.str())) {}
  template <typename T>
  Param(const std::optional<T>& value) : text_(value ? Param(*value).text_ : std::nullopt) {}
  Param(const std::vector<std::string>& values);  // text[]

  // nullptr for NULL. Never holds a NUL byte: the text ends there.
  const char* c_str() const { return text_ ? text_->c_str() : nullptr; }

 private:
  std::optional<std::string> text_;
};

// One row of a result; keeps the result alive. Columns are named as in the SELECT list. A name that is not there, a
// NULL where none is expected or a text that is no such value is a defect of the statement: the getter throws, and
// Transact returns kInternal.
class Row {
 public:
  bool IsNull(const char* column) const;
  std::string Text(const char* column) const;
  std::int64_t Int(const char* column) const;
  bool Bool(const char* column) const;
  Time Timestamp(const char* column) const;
  std::vector<std::string> TextArray(const char* column) const;  // one dimension, no NULL elements

  // NULL gives the empty id, "" or nullopt.
  std::string TextOrEmpty(const char* column) const;
  std::optional<std::string> OptionalText(const char* column) const;
  std::optional<std::int64_t> OptionalInt(const char* column) const;
  std::optional<Time> OptionalTimestamp(const char* column) const;
  template <typename IdType>
  IdType IdOf(const char* column) const {
    return IdType(TextOrEmpty(column));
  }

 private:
  friend class Rows;
  Row(std::shared_ptr<const void> result, std::size_t index) : result_(std::move(result)), index_(index) {}
  std::string_view Cell(const char* column) const;

  std::shared_ptr<const void> result_;
  std::size_t index_;
};

// The rows of a result, in order. Owns them: valid after the transaction.
class Rows {
 public:
  Rows(std::shared_ptr<const void> result, std::size_t size, std::size_t affected)
      : result_(std::move(result)), size_(size), affected_(affected) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Row operator[](std::size_t index) const { return Row(result_, index); }
  std::size_t affected() const { return affected_; }  // rows written by INSERT, UPDATE or DELETE

  class Iterator {
   public:
    Iterator(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return (*rows_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Rows* rows_;
    std::size_t index_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

 private:
  std::shared_ptr<const void> result_;
  std::size_t size_;
  std::size_t affected_;
};

// One open transaction; made by Database::Transact. Not thread-safe. After a failed statement nothing more can be done
// in it, so every failure must be returned.
class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  virtual ~Transaction() = default;

  // Runs `sql` as a prepared statement (prepared at the first use on each connection). It must be a constant of the
  // program, never built from input. Errors as at Database::Transact.
  virtual absl::StatusOr<Rows> Query(std::string_view sql, std::span<const Param> params) = 0;
  absl::StatusOr<Rows> Query(std::string_view sql, std::initializer_list<Param> params = {}) {
    return Query(sql, std::span(params.begin(), params.size()));
  }

  // The same where only the number of rows written matters.
  absl::StatusOr<std::size_t> Execute(std::string_view sql, std::initializer_list<Param> params = {});

  // The one row of the result; kNotFound with `missing` as its message if there is none.
  absl::StatusOr<Row> QueryOne(std::string_view sql, std::initializer_list<Param> params, std::string_view missing);

  // Runs after the body and before the commit, in the order of `order` (then of the calls). For what must come last in
  // a transaction because it takes a lock that many want.
  void AtCommit(std::string order, std::function<absl::Status(Transaction&)> run);

 protected:
  Transaction() = default;
  absl::Status RunAtCommit();

 private:
  std::multimap<std::string, std::function<absl::Status(Transaction&)>> at_commit_;  // equal keys keep their order
};

}  // namespace gpuaas::platform
