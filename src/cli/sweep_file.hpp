#pragma once
// The file of a sweep: seeds, options for all runs, and the settings that are the table's rows.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace likewise::cli {

// A row: its name and the words that it adds to the command line.
struct Setting {
  std::string name;
  std::vector<std::string> words;
};

struct Sweep {
  std::vector<int64_t> seeds;
  std::vector<std::string> pretrain, evaluate;
  std::vector<std::string> fewshot;  // with [fewshot]: every run is one of that command
  bool episodes = false;             // whether there was [fewshot]
  std::vector<Setting> settings;
  std::string select;         // how a setting is chosen: "none", "health", "validation"
  std::string select_column;  // of the validation; empty: the linear probe, else the first
};

// Throws UserError with `name` and the line. Without seeds there is one, 0; without settings one
// without words.
Sweep read_sweep(std::string_view text, const std::string& name);
Sweep read_sweep_file(const std::string& path);

// A setting's name as a folder's: lower case, hyphens; never one that leads elsewhere.
std::string folder_name(const std::string& name);

}  // namespace likewise::cli
