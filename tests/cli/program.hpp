#pragma once
// Runs the program as a user does.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

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
  return run_shell(std::string("\"") + LIKEWISE_PROGRAM + "\" " + words + " 2>&1");
}

}  // namespace likewise
