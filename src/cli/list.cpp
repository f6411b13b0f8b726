// likewise list
#include <fmt/format.h>

#include <functional>

#include "cli/command.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/fewshot/catalogue.hpp"
#include "likewise/fewshot/heads.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/views/corruptions.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise::cli {

namespace {

void print_row(const std::string& name, const std::string& summary) {
  fmt::print("  {:<22}{}\n", name, summary);
}

struct Kind {
  const char* name;
  void (*print)();
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"methods",
       [] {
         for (const auto& e : methods()) print_row(e.name, e.summary);
       }},
      {"fewshot",
       [] {
         for (const auto& e : fewshot::methods()) print_row(e.name, e.summary);
         for (const auto& e : fewshot::few_label_heads()) {
           print_row(std::string("head ") + e.name, e.summary);
         }
       }},
      {"encoders",
       [] {
         for (const auto& e : encoder_catalogue()) print_row(e.name, e.summary);
       }},
      {"views",
       [] {
         for (const auto& e : view_recipes()) print_row(e.name, e.summary);
         print_row("(learned)",
                   "--viewmaker alone, or after a recipe: an adversary of bounded size");
       }},
      {"datasets",
       [] {
         for (const auto& e : dataset_kinds()) {
           print_row(e.name, e.summary + (e.parts.empty() ? "" : "  parts: " + e.parts));
         }
       }},
      {"evaluations",
       [] {
         print_row("knn", "weighted nearest neighbours, no training");
         print_row("linear",
                   "logistic regression on frozen features, penalty chosen on training labels");
         print_row("few_label", "the same from 1, 5, 10, 50 labels a class, many draws");
         print_row("episodes", "N-way K-shot tasks by nearest prototype");
         print_row("finetune", "all weights learn from the labels, the classifier from zero");
         print_row("lp_ft", "the same from the linear probe");
         print_row("corruptions", "linear probe on corrupted test samples, five severities");
       }},
      {"corruptions",
       [] {
         for (const auto& e : corruptions()) {
           print_row(fmt::format("{} {}", modality_name(e.modality), e.name), e.summary);
         }
       }},
  };
  return table;
}

}  // namespace

int run_list(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const auto& kind : kinds()) names.emplace_back(kind.name);
  bool found = words.empty();
  for (const auto& kind : kinds()) {
    if (!words.empty() && words[0] != kind.name) continue;
    fmt::print("{}\n", kind.name);
    kind.print();
    found = true;
  }
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    fmt::print("likewise list [{}]\n", join(names, "|"));
    return 0;
  }
  if (!found) throw UserError("list: unknown kind '{}'{}", words[0], did_you_mean(words[0], names));
  return 0;
}

}  // namespace likewise::cli
