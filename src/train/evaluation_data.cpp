// Which labelled data an evaluation uses when the user does not say.
#include <fmt/format.h>

#include <set>

#include "likewise/base/error.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/train/evaluate.hpp"

namespace likewise {

namespace {

bool is_labelled(const Dataset& data) { return !data.info().class_names.empty(); }

int64_t domain_count(const Dataset& data) {
  std::set<int64_t> domains;
  for (int64_t i = 0; i < data.size(); ++i) domains.insert(data.domain(i));
  return static_cast<int64_t>(domains.size());
}

// The data set, or null when there is no such part.
DatasetPtr open_if_there(const std::string& path, const OpenOptions& open) {
  try {
    return open_dataset(path, open);
  } catch (const UserError&) {
    return nullptr;
  }
}

DatasetPtr open_labelled(const std::string& path, const char* option, const OpenOptions& open) {
  DatasetPtr data = open_dataset(path, open);
  if (!is_labelled(*data)) {
    throw UserError(
        "{} {}: labels are needed: a folder for each class, or a CSV list with a label "
        "column",
        option, path);
  }
  return data;
}

constexpr uint64_t kForTesting = 0xe7a1, kForValidation = 0x7a11d;

void hold_out_a_fifth(EvaluationData& out, const DatasetPtr& whole, int64_t seed,
                      uint64_t purpose) {
  Rng rng(static_cast<uint64_t>(seed), {purpose});
  // Windows overlap and subjects are alike: a split through them would flatter.
  const DatasetInfo& info = whole->info();
  const bool windows = info.modality == Modality::series || info.window > 0;
  const bool whole_domains = windows && domain_count(*whole) >= 2;
  const Split split = split_by(
      whole, whole_domains ? group_split(*whole, 0.2, rng) : stratified_split(*whole, 0.2, rng));
  out.train = split.first;
  out.test = split.second;
  out.note = fmt::format("{} of {} is held out for testing",
                         whole_domains ? "a fifth of the subjects or recordings" : "a fifth",
                         whole->info().name);
}

}  // namespace

EvaluationData open_evaluation_data(const EvaluateOptions& options, const std::string& trained_on,
                                    const OpenOptions& open) {
  EvaluationData out;
  if (options.data.empty() && !options.test.empty()) {
    throw UserError("--test without --data: say what to learn from, too");
  }
  if (!options.data.empty()) {
    const DatasetPtr data = open_labelled(options.data, "--data", open);
    if (options.test.empty()) {
      hold_out_a_fifth(out, data, options.seed, kForTesting);
    } else {
      out.train = data;
      out.test = open_labelled(options.test, "--test", open);
    }
  } else {
    const std::string base = trained_on.substr(0, trained_on.rfind('#'));
    out.train = open_if_there(base + "#train", open);
    out.test = out.train ? open_if_there(base + "#test", open) : nullptr;
    if (!out.test || !is_labelled(*out.train) || !is_labelled(*out.test)) {
      const DatasetPtr whole = open_dataset(trained_on, open);
      if (!is_labelled(*whole)) {
        throw UserError(
            "{} has no labels to evaluate with; give --data (and --test): a folder for each "
            "class, or a CSV list with a label column",
            trained_on);
      }
      hold_out_a_fifth(out, whole, options.seed, kForTesting);
    }
    if (options.novel.empty()) out.novel = open_if_there(base + "#held-out", open);
  }
  if (!options.novel.empty()) out.novel = open_labelled(options.novel, "--novel", open);
  if (options.validation) {
    const DatasetPtr learn_from = out.train;
    hold_out_a_fifth(out, learn_from, options.seed, kForValidation);
    out.note = fmt::format("validation: a fifth of {} is held out, no test label is looked at",
                           learn_from->info().name);
    out.novel = nullptr;
  }
  if (!out.novel) out.novel = out.test;
  return out;
}

}  // namespace likewise
