#include "cli/run_self.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include "likewise/base/error.hpp"

extern char** environ;

namespace likewise::cli {

int run_self(const std::vector<std::string>& words) {
  std::vector<std::string> all = {"likewise"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (auto& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), environ) != 0) {
    throw UserError("the program could not be started again");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace likewise::cli
