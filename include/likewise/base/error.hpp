#pragma once
// Error classes. Library code throws them; only `main` prints a message and picks the exit code.

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace likewise {

// Base of every error that a user can meet. `exit_code` is what the program returns. Messages quote
// names and contents of files that may be anything: control characters are shown as escapes (\n,
// \x1b), so that a message is one line and cannot steer a terminal, and a very long one is cut.
class Error : public std::runtime_error {
 public:
  Error(const std::string& message, int exit_code);
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// The caller's mistake: an option, a path, a combination. Names the key or path, what was found
// and what is accepted.
class UserError : public Error {
 public:
  template <class... Args>
  explicit UserError(fmt::format_string<Args...> format, Args&&... args)
      : Error(fmt::format(format, std::forward<Args>(args)...), 2) {}
};

// A broken or unexpected file. Names path, position, expected and found.
class DataError : public Error {
 public:
  template <class... Args>
  explicit DataError(fmt::format_string<Args...> format, Args&&... args)
      : Error(fmt::format(format, std::forward<Args>(args)...), 3) {}
};

// Training became non-finite. Names the quantity, the steps and the last good checkpoint.
class TrainingError : public Error {
 public:
  template <class... Args>
  explicit TrainingError(fmt::format_string<Args...> format, Args&&... args)
      : Error(fmt::format(format, std::forward<Args>(args)...), 4) {}
};

// A broken invariant of ours, thrown by LIKEWISE_CHECK. Names expression, values and place.
class InvariantError : public Error {
 public:
  explicit InvariantError(const std::string& message) : Error(message, 70) {}
};

namespace detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line,
                               const std::string& message);
}  // namespace detail

}  // namespace likewise

// Our own assumption: LIKEWISE_CHECK(a == b, "a {} b {}", a, b). Active in every build.
#define LIKEWISE_CHECK(condition, ...)                                 \
  do {                                                                 \
    if (!(condition)) [[unlikely]] {                                   \
      ::likewise::detail::check_failed(#condition, __FILE__, __LINE__, \
                                       ::fmt::format(__VA_ARGS__));    \
    }                                                                  \
  } while (false)
