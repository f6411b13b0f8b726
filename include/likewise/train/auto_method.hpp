#pragma once
// `--method auto`: method, batch, views, optimiser and budget by rules that can be read.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "likewise/views/image_stats.hpp"

namespace likewise {

// What the user has said: the text of an option, or "" where it was left open.
using GivenOption = std::function<std::string(std::string_view key)>;

// What is known of data and machine before anything is chosen.
struct AutoFacts {
  bool images = true;   // else another modality: no `stats`
  int64_t samples = 0;  // that training will see
  int64_t labelled = 0;
  ImageStats stats;
  int64_t processors = 1;  // that training will use
};

// One decision. An empty option is a remark on something that is decided elsewhere.
struct AutoRule {
  std::string option, value;  // as on the command line, without "--"
  std::string because;        // what was found
  std::string source;         // the table, paper or measurement that the rule rests on
};

// Opens the data and measures them. Throws UserError when no data are given, DataError when they
// cannot be read.
AutoFacts auto_facts(const GivenOption& given);

// The rules that apply, in order; the first is that of the method. What is given is not decided
// again, and counts as a fact: rules speak of the batch and the budget that the run will have.
std::vector<AutoRule> auto_rules(const AutoFacts& facts, const GivenOption& given);

// The decisions as words of a command line: "--method", "simclr", ...
std::vector<std::string> auto_words(const std::vector<AutoRule>& rules);

// What --explain prints.
std::string auto_text(const AutoFacts& facts, const std::vector<AutoRule>& rules);

}  // namespace likewise
