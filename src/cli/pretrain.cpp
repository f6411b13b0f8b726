// likewise pretrain
#include "likewise/train/pretrain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/train/auto_method.hpp"
#include "likewise/train/pictures.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise::cli {

namespace {

// The words of a resumed run begin with what the run was told before.
std::vector<std::string> with_earlier_options(std::vector<std::string> words) {
  const bool resume = std::find(words.begin(), words.end(), "--resume") != words.end();
  const std::string out = peek_argument(words, "out", "");
  if (resume && !out.empty() && std::filesystem::exists(RunFolder{out}.options())) {
    words.insert(words.begin(), "@" + RunFolder{out}.options().string());
  }
  return words;
}

bool has(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What `--method auto` makes of the words.
struct AutoWords {
  std::vector<std::string> words;
  std::string explanation;  // to print, if it was asked for
};

// Its decisions come first, so that whatever the user says wins; a run that goes on keeps its
// method.
AutoWords with_automatic_options(std::vector<std::string> words) {
  const bool explain = has(words, "--explain") || peek_argument(words, "explain", "") == "true";
  std::string method = peek_argument(words, "method", explain ? "auto" : "");
  if (explain && method != "auto") {
    throw UserError(
        "--explain says why --method auto chooses what it does; here --method {} was given",
        method);
  }
  if (method != "auto") return {std::move(words), ""};
  const RunFolder folder{peek_argument(words, "out", "")};
  std::string explanation;
  if (has(words, "--help") || has(words, "-h")) {
    method = PretrainOptions{}.method;
  } else if (has(words, "--resume") && std::filesystem::exists(folder.options())) {
    method = peek_toml(read_text(folder.options()), folder.options().string(), "method", "");
  } else {
    const GivenOption given = [&words](std::string_view key) {
      return peek_argument(words, key, "");
    };
    const AutoFacts facts = auto_facts(given);
    const auto rules = auto_rules(facts, given);
    const auto chosen = auto_words(rules);
    explanation = explain ? auto_text(facts, rules)
                          : fmt::format("chosen: {} (--explain says why)", join(chosen, " "));
    words.insert(words.begin(), chosen.begin(), chosen.end());
    method = rules.at(0).value;
  }
  words.insert(words.end(), {"--method", method});
  return {std::move(words), explanation};
}

// What the data are, which decides what views there are: as said, else by a look at the files.
std::string modality_of(const std::vector<std::string>& words) {
  const std::string asked = peek_argument(words, "modality", "auto");
  const std::string path = peek_argument(words, "data", peek_argument(words, "data.path", ""));
  if (asked != "auto" || path.empty()) return asked;
  return modality_name(detect_modality(path));
}

}  // namespace

int run_pretrain(const std::vector<std::string>& given) {
  const auto [words, explanation] = with_automatic_options(with_earlier_options(given));
  PretrainOptions options;
  const auto method = find_method(peek_argument(words, "method", options.method)).make_options();
  options.modality = modality_of(words);
  Fields fields(options);
  method->describe(fields);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Learns an encoder from unlabelled images, recordings, series or arrays. Views are those "
        "of what the\n"
        "data are: --modality audio --help, or --data with --help, lists them.\n\n"
        "  likewise pretrain --data photos --minutes 30 --out runs/photos\n"
        "  likewise pretrain --data recordings --minutes 30 --out runs/sounds\n"
        "  likewise pretrain @runs/photos/run.toml --seed 1 --out runs/photos-1\n"
        "  likewise pretrain --resume --out runs/photos\n"
        "  likewise pretrain --data photos --method auto --explain\n\nOptions of method {}:\n{}",
        options.method, fields.help());
    return 0;
  }
  if (!arguments.positional.empty()) {
    throw UserError("pretrain: '{}' is not an option; options are written --name",
                    arguments.positional[0]);
  }
  if (options.explain) fmt::print("{}", explanation);
  if (options.explain && options.out.empty()) return 0;
  if (!options.explain && !explanation.empty()) fmt::print(stderr, "{}\n", explanation);
  options.explain = false;  // not a property of the run
  set_threads(static_cast<long>(options.threads));
  const PretrainResult result = pretrain(options, *method, fields);
  const RunFolder folder{options.out};
  if (result.interrupted) {
    fmt::print(
        "interrupted at step {}; a checkpoint is written. To go on:\n"
        "  likewise pretrain --resume --out {}\n",
        format_count(result.steps), options.out);
    return 128 + interrupted();
  }
  write_pictures(options.out);
  fmt::print("{} steps, {:.1f} epochs in {}\n{}{}{}report: {}\nnext: likewise evaluate --run {}\n",
             format_count(result.steps), result.epochs, format_duration(result.seconds),
             result.health, result.health.empty() ? "" : "\n", result.profile,
             folder.report().string(), options.out);
  return 0;
}

}  // namespace likewise::cli
