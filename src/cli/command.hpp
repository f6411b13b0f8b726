#pragma once
// What a command of the program is.

#include <string>
#include <vector>

namespace likewise::cli {

struct Command {
  const char* name;
  const char* summary;
  const char* usage;
  // Returns the exit code. Throws likewise::Error.
  int (*run)(const std::vector<std::string>& words);
};

const std::vector<Command>& commands();

int run_pretrain(const std::vector<std::string>& words);
int run_evaluate(const std::vector<std::string>& words);
int run_fit(const std::vector<std::string>& words);
int run_fewshot(const std::vector<std::string>& words);
int run_predict(const std::vector<std::string>& words);
int run_embed(const std::vector<std::string>& words);
int run_export(const std::vector<std::string>& words);
int run_search(const std::vector<std::string>& words);
int run_duplicates(const std::vector<std::string>& words);
int run_suggest(const std::vector<std::string>& words);
int run_diagnose(const std::vector<std::string>& words);
int run_views(const std::vector<std::string>& words);
int run_sweep(const std::vector<std::string>& words);
int run_report(const std::vector<std::string>& words);
int run_list(const std::vector<std::string>& words);
int run_doctor(const std::vector<std::string>& words);

}  // namespace likewise::cli
