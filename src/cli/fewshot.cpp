// likewise fewshot: training by episodes, heads on a frozen encoder, one-shot runs.
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/with_labels.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/fewshot/one_shot_runs.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/train/few_label_choice.hpp"
#include "likewise/train/fewshot.hpp"
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
    return word == "--" + key || word.starts_with("--" + key + "=");
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
    words.insert(words.begin(), "@" + RunFolder{out}.options().string());
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

struct OneShotOptions {
  std::string runs, run, norm = "auto", out;
  int64_t threads = 0;
  template <class V>
  void fields(V& v) {
    v("runs", runs, "folder of the runs: run01/training, run01/test, run01/class_labels.txt, ...");
    v("run", run,
      "run of fewshot or pretrain that names the test images; none: the baselines alone");
    v("norm", norm, "batch-norm mode: inductive, support, transductive; auto: the method's own");
    v("out", out, "JSON file to write");
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

// What names the test images of a run: a trained method, and how images are prepared for it.
struct Judge {
  std::string name;
  std::shared_ptr<fewshot::FewShotMethod> method;
  EncoderSpec spec;
};

Judge pixel_judge(int64_t size) {
  Judge judge;
  judge.name = fmt::format("pixels at {0} x {0}, cosine", size);
  judge.spec.stats.channels = 1;
  judge.spec.stats.height = judge.spec.stats.width = 105;
  judge.spec.stats.mean = {0.0};
  judge.spec.stats.std = {1.0};
  ImageViewOptions views;
  views.recipe = "none";
  views.size = size;
  judge.spec.views = resolve(views, judge.spec.stats);
  judge.method =
      std::make_shared<fewshot::Prototypical>(std::make_shared<fewshot::PixelEncoder>(size * size),
                                              fewshot::PrototypicalOptions{.temperature = 1});
  return judge;
}

Judge trained_judge(const std::string& run) {
  if (is_fewshot_run(run)) {
    const TrainedFewShot trained = load_fewshot(run);
    return {trained.options.method + " of " + run, trained.method, trained.spec};
  }
  const TrainedEncoder trained = load_encoder(run);
  return {"nearest by cosine, encoder of " + run,
          std::make_shared<fewshot::Prototypical>(trained.encoder,
                                                  fewshot::PrototypicalOptions{.temperature = 1}),
          trained.spec};
}

double judge_run(const Judge& judge, const fs::path& folder, const fewshot::OneShotRun& run,
                 fewshot::NormMode mode) {
  const View view = eval_view(judge.spec.views, judge.spec.stats);
  std::vector<Tensor> images;
  for (const auto* paths : {&run.training, &run.test}) {
    for (const auto& path : *paths) {
      Rng unused(0);
      images.push_back(view(fewshot::read_ink(folder, path), unused));
    }
  }
  fewshot::EpisodeBatch batch;
  const auto ways = static_cast<int64_t>(run.training.size());
  batch.shape = {ways, 1, 1};
  batch.plan.resize(1);
  batch.plan[0].positions.resize(images.size());
  batch.images = channels_last(fewshot::stack_images(images, run.name));
  const Tensor chosen = fewshot::chosen_ways(judge.method->scores(batch, mode));
  int64_t right = 0;
  for (int64_t i = 0; i < ways; ++i) right += chosen[0][i].item<int64_t>() == i;
  return static_cast<double>(right) / static_cast<double>(ways);
}

int one_shot_command(const std::vector<std::string>& words) {
  OneShotOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("{}Options with one-shot runs:\n{}", kThreeUses, fields.help());
    return 0;
  }
  no_positional(arguments);
  set_threads(static_cast<long>(options.threads));
  const auto runs = fewshot::find_one_shot_runs(options.runs);
  struct Column {
    std::string name;
    std::vector<double> accuracy;
  };
  std::vector<Column> columns = {{"modified Hausdorff distance", {}}};
  for (const auto& run : runs)
    columns[0].accuracy.push_back(fewshot::hausdorff_accuracy(options.runs, run));
  const auto add = [&](const Judge& judge) {
    const auto mode = options.norm == "auto" ? judge.method->norm_modes().at(0)
                                             : fewshot::parse_norm(options.norm);
    Column column{judge.name + ", batch norm " + fewshot::norm_name(mode), {}};
    for (const auto& run : runs)
      column.accuracy.push_back(judge_run(judge, options.runs, run, mode));
    columns.push_back(std::move(column));
  };
  constexpr int64_t kPixels = 28;
  add(pixel_judge(kPixels));
  if (!options.run.empty()) add(trained_judge(options.run));
  nlohmann::json json = {{"runs", nlohmann::json::array()}, {"rows", nlohmann::json::array()}};
  for (const auto& run : runs) json["runs"].push_back(run.name);
  fmt::print("{} runs of one labelled and one unlabelled image a class\n", runs.size());
  for (const Column& column : columns) {
    double mean = 0;
    std::string each;
    for (double value : column.accuracy) {
      mean += value / static_cast<double>(column.accuracy.size());
      each += fmt::format(" {:.0f}", 100 * (1 - value));
    }
    fmt::print("{:.2f} % right, errors by run in %:{}   {}\n", 100 * mean, each, column.name);
    json["rows"].push_back({{"name", column.name}, {"mean", mean}, {"accuracy", column.accuracy}});
  }
  if (!options.out.empty()) write_file(options.out, detail::json_text(json, 1) + "\n");
  return 0;
}

}  // namespace

int run_fewshot(const std::vector<std::string>& words) {
  if (gives(words, "runs")) return one_shot_command(words);
  if (gives(words, "run") || gives(words, "init_from") || gives(words, "init-from")) {
    return choose_command(words);
  }
  return train_command(words);
}

}  // namespace likewise::cli
