// likewise fewshot: training by episodes, heads on a frozen encoder; one-shot runs are
// one_shot.cpp.
#include "likewise/train/fewshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/one_shot.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/with_labels.hpp"
#include "likewise/train/few_label_choice.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/version.hpp"

namespace likewise::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kThreeUses =
    "Learns from few labels, in three ways:\n\n"
    "  likewise fewshot --data labelled --method prototypical --test.data others --out runs/few\n"
    "      trains by episodes on some classes and measures on others (every option: with "
    "--method)\n"
    "  likewise fewshot --data labelled --run runs/photos --shots 1,5,10 --out model\n"
    "      says how well so many labels a class do with this encoder, and which head is best\n"
    "  likewise fewshot --runs omniglot/python [--run runs/few]\n"
    "      one-shot runs in the layout of Omniglot's author\n\n";

bool gives(const std::vector<std::string>& words, const std::string& key) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return word == fmt::format("--{}", key) || word.starts_with(fmt::format("--{}=", key));
  });
}

void no_positional(const Arguments& arguments) {
  if (arguments.positional.empty()) return;
  throw UserError("fewshot: '{}' is not an option; options are written --name",
                  arguments.positional[0]);
}

int train_command(std::vector<std::string> words) {
  const std::string out = peek_argument(words, "out", "");
  if (gives(words, "resume") && !out.empty() && fs::exists(RunFolder{out}.options())) {
    words.insert(words.begin(), fmt::format("@{}", RunFolder{out}.options().string()));
  }
  FewShotOptions options;
  const auto method =
      fewshot::find_method(peek_argument(words, "method", options.method)).make_options();
  Fields fields(options);
  method->describe(fields);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("{}Options of training with {}:\n{}", kThreeUses, options.method, fields.help());
    return 0;
  }
  no_positional(arguments);
  set_threads(static_cast<long>(options.threads));
  const FewShotResult result = train_fewshot(options, *method, fields);
  if (result.interrupted) {
    fmt::print(
        "interrupted at episode {}; a checkpoint is written. To go on:\n"
        "  likewise fewshot --resume --out {}\n",
        format_count(result.episodes), options.out);
    return 128 + interrupted();
  }
  fmt::print("{} episodes in {}", format_count(result.episodes), format_duration(result.seconds));
  if (result.validation >= 0) {
    fmt::print("; the checkpoint of episode {} was best in validation, {:.1f} %",
               format_count(result.chosen_episode), 100 * result.validation);
  }
  fmt::print("\n{}report: {}\n", result.text, RunFolder{options.out}.report().string());
  return 0;
}

int choose_command(const std::vector<std::string>& words) {
  FewLabelChoiceOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("{}Options with a frozen encoder:\n{}", kThreeUses, fields.help());
    return 0;
  }
  no_positional(arguments);
  if (options.data.empty()) throw UserError("fewshot: --data is needed: labelled images");
  if (!options.out.empty() && fs::exists(fs::path(options.out) / "model.safetensors") &&
      !options.overwrite) {
    throw UserError("--out {} holds a model already; --overwrite replaces it", options.out);
  }
  set_threads(static_cast<long>(options.threads));
  DatasetPtr data = open_dataset(options.data);
  if (!options.labels.empty()) data = with_labels(data, options.labels);
  const TrainedEncoder model = open_encoder("fewshot", options.run, options.init);
  const FeatureSet set = extract_features(model, data, "features").set;
  const FewLabelChoice choice = choose_head(set, options);
  fmt::print("{} images, {} classes, {} draws of the labels, up to {} others a class named\n{}",
             format_count(set.x.size(0)), data->info().class_names.size(), options.draws,
             options.queries, choice_text(choice));
  if (options.out.empty()) return 0;
  const nlohmann::json summary = {{"likewise", kVersion},
                                  {"encoder", model.origin},
                                  {"data", data->info().name},
                                  {"mode", "few-shot head " + choice.best},
                                  {"few_label", choice_json(choice)}};
  save_classifier(options.out, fit_choice(model, set, choice.best, options),
                  detail::json_text(summary, 1));
  fmt::print("model: {}\nnext: likewise predict --model {} --data NEW_IMAGES\n", options.out,
             options.out);
  return 0;
}

}  // namespace

int run_fewshot(const std::vector<std::string>& words) {
  if (gives(words, "runs")) return run_one_shot(words, kThreeUses);
  if (gives(words, "run") || gives(words, "init_from") || gives(words, "init-from")) {
    return choose_command(words);
  }
  return train_command(words);
}

}  // namespace likewise::cli
