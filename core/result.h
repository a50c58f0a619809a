// The one way expected failures travel: a value or an Error. Exceptions never cross a folder.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/check.h"

namespace hearth {

/// What a caller can decide on. Web alone maps these to HTTP statuses; the CLI maps them to exit codes.
enum class ErrorCode {
    kInvalidArgument,  ///< the caller's input is wrong; the message says what to change
    kNotFound,
    kAlreadyExists,
    kPermissionDenied,
    kUnavailable,        ///< not now; trying again later can work
    kResourceExhausted,  ///< a limit (memory, queue, disk) was reached; the message has the numbers
    kDataLoss,           ///< stored bytes are not what was written
    kCancelled,
    kDeadlineExceeded,
    kUnsupported,  ///< well-formed, but a kind this build does not handle
    kInternal,
};

/// Stable lower-case name such as "not_found", for logs and JSON.
const char* error_code_name(ErrorCode code) noexcept;

/// A failure with its remedy. `message` is for a person: it names the thing and, where there is one, what to do.
struct [[nodiscard]] Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string message;
    const char* file = "";
    int line = 0;

    Error(ErrorCode c, std::string m, const char* f = __builtin_FILE(), int l = __builtin_LINE())
        : code(c), message(std::move(m)), file(f), line(l) {}
};

/// Either a T or an Error. Reading the wrong side is a bug and aborts.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : x_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
    Result(Error error) : x_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    bool ok() const noexcept { return x_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    T& value() & {
        HEARTH_CHECK(ok());
        return *std::get_if<0>(&x_);
    }
    const T& value() const& {
        HEARTH_CHECK(ok());
        return *std::get_if<0>(&x_);
    }
    T&& value() && {
        HEARTH_CHECK(ok());
        return std::move(*std::get_if<0>(&x_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const& {
        HEARTH_CHECK(!ok());
        return *std::get_if<1>(&x_);
    }
    Error&& error() && {
        HEARTH_CHECK(!ok());
        return std::move(*std::get_if<1>(&x_));
    }

  private:
    std::variant<T, Error> x_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : x_(std::move(error)) {}  // NOLINT: implicit by design

    bool ok() const noexcept { return !x_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    const Error& error() const& {
        HEARTH_CHECK(!ok());
        return *x_;
    }
    Error&& error() && {
        HEARTH_CHECK(!ok());
        return std::move(*x_);
    }

  private:
    std::optional<Error> x_;
};

using Status = Result<void>;

}  // namespace hearth

#define HEARTH_CONCAT_(a, b) a##b
#define HEARTH_CONCAT(a, b) HEARTH_CONCAT_(a, b)
#define HEARTH_TRY_(tmp, target, expr)            \
    auto tmp = (expr);                            \
    if (!tmp.ok()) return std::move(tmp).error(); \
    target = std::move(tmp).value()

/// `HEARTH_TRY(auto x, f());` binds the value or returns the error. Two statements: use it inside braces only.
#define HEARTH_TRY(target, expr) HEARTH_TRY_(HEARTH_CONCAT(hearth_try_, __LINE__), target, expr)

/// `HEARTH_TRY_STATUS(f());` returns the error of a Status, or goes on.
#define HEARTH_TRY_STATUS(expr)                                           \
    do {                                                                  \
        auto hearth_status = (expr);                                      \
        if (!hearth_status.ok()) return std::move(hearth_status).error(); \
    } while (false)
