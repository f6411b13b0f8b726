#pragma once
// Runs the program as a user does.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "support/paths.hpp"

namespace likewise {

struct ProgramResult {
  int code = -1;
  std::string output;  // both streams
};

// Runs a shell command.
inline ProgramResult run_shell(const std::string& command) {
  ProgramResult result;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return result;
  std::array<char, 4096> piece{};
  while (size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
    result.output.append(piece.data(), n);
  }
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// `words` are given to a shell behind the program's path.
inline ProgramResult run_program(const std::string& words) {
  return run_shell(std::string("\"") + program_file() + "\" " + words + " 2>&1");
}

// The result is an error of `code` in one line that contains `part`.
inline void expect_error(const ProgramResult& result, int code, const std::string& part) {
  EXPECT_EQ(result.code, code) << result.output;
  EXPECT_NE(result.output.find(part), std::string::npos) << result.output;
  const auto start = result.output.rfind("likewise: ");
  ASSERT_NE(start, std::string::npos) << result.output;
  EXPECT_EQ(result.output.find('\n', start), result.output.size() - 1)
      << "more than one line: " << result.output;
}

}  // namespace likewise
