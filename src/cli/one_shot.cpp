#include "cli/one_shot.hpp"

#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/text.hpp"
#include "likewise/fewshot/assignment.hpp"
#include "likewise/fewshot/distort.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/fewshot/one_shot_runs.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/train/fewshot.hpp"

namespace likewise::cli {

namespace {

namespace fs = std::filesystem;

struct OneShotOptions {
  std::string runs, run, norm = "auto", out;
  int64_t views = 1, threads = 0;
  fewshot::DistortRanges distort;
  template <class V>
  void fields(V& v) {
    v("runs", runs, "folder of the runs: run01/training, run01/test, run01/class_labels.txt, ...");
    v("run", run,
      "run of fewshot or pretrain that names the test images; several, separated by commas, are "
      "measured each and together; none: the baselines alone");
    v("norm", norm, "batch-norm mode: inductive, support, transductive; auto: the method's own");
    v("views", views,
      "of every image, itself and distorted ones (--distort.*): scores are means over pairs",
      range(1, 1000));
    v.group("distort", distort);
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

// How well each test image fits each class, float [N, N]: each image stands in `views` versions,
// those of a class as its shots, and what a test image's versions say is averaged.
Tensor run_scores(const Judge& judge, const fs::path& folder, const fewshot::OneShotRun& run,
                  fewshot::NormMode mode, int64_t views, const fewshot::DistortRanges& distort) {
  const View view = eval_view(judge.spec.views, judge.spec.stats);
  std::vector<Tensor> images;
  for (const auto* paths : {&run.training, &run.test}) {
    for (const auto& path : *paths) {
      Rng unused(0);
      const Tensor image = view(fewshot::read_ink(folder, path), unused);
      images.push_back(image);
      for (int64_t v = 1; v < views; ++v) {
        Rng rng(images.size(), {0x0e57});
        images.push_back(fewshot::distorted(
            image, fewshot::draw_distortion(distort, image.size(image.dim() - 1), rng)));
      }
    }
  }
  fewshot::EpisodeBatch batch;
  const auto ways = static_cast<int64_t>(run.training.size());
  batch.shape = {ways, views, views};
  batch.plan.resize(1);
  batch.plan[0].positions.resize(images.size());
  batch.images = channels_last(fewshot::stack_images(images, run.name));
  return judge.method->scores(batch, mode)[0].reshape({ways, views, ways}).mean(1);
}

// Scores of several judges in one scale: each test image's mean and the overall spread taken away.
Tensor in_one_scale(const Tensor& scores) {
  const Tensor centred = scores - scores.mean(1, true);
  return centred / (centred.pow(2).mean().sqrt() + 1e-12);
}

struct Column {
  std::string name;
  std::vector<double> accuracy;
};

double share_right(const std::vector<int64_t>& chosen) {
  int64_t right = 0;
  for (size_t i = 0; i < chosen.size(); ++i) right += chosen[i] == static_cast<int64_t>(i);
  return static_cast<double>(right) / static_cast<double>(chosen.size());
}

// Two columns: each test image by itself, and all of a run together with one of each class.
void add_columns(const std::string& name, const std::vector<Tensor>& scores,
                 std::vector<Column>& columns) {
  Column alone{name, {}}, together{name + "; transductive, one test image a class", {}};
  for (const Tensor& one : scores) {
    const Tensor best = fewshot::chosen_ways(one.unsqueeze(0))[0];
    const int64_t* way = best.data_ptr<int64_t>();
    alone.accuracy.push_back(share_right({way, way + best.size(0)}));
    together.accuracy.push_back(share_right(fewshot::one_to_one(one)));
  }
  columns.push_back(std::move(alone));
  columns.push_back(std::move(together));
}

void judge_all(const OneShotOptions& options, const std::vector<fewshot::OneShotRun>& runs,
               std::vector<Column>& columns) {
  std::vector<Tensor> sum;
  std::string names;
  const auto add = [&](const Judge& judge, bool joins) {
    const auto mode = options.norm == "auto" ? judge.method->norm_modes().at(0)
                                             : fewshot::parse_norm(options.norm);
    std::vector<Tensor> scores;
    for (size_t r = 0; r < runs.size(); ++r) {
      scores.push_back(
          run_scores(judge, options.runs, runs[r], mode, options.views, options.distort));
      if (!joins) continue;
      const Tensor scaled = in_one_scale(scores.back());
      if (sum.size() <= r)
        sum.push_back(scaled);
      else
        sum[r] = sum[r] + scaled;
    }
    const std::string views = options.views > 1 ? fmt::format(", {} views", options.views) : "";
    add_columns(judge.name + ", batch norm " + fewshot::norm_name(mode) + views, scores, columns);
  };
  constexpr int64_t kPixels = 28;
  add(pixel_judge(kPixels), false);
  const auto parts = options.run.empty() ? std::vector<std::string>{} : split(options.run, ',');
  for (const auto& part : parts) add(trained_judge(trim(part)), true);
  if (parts.size() > 1) add_columns(fmt::format("these {} together", parts.size()), sum, columns);
}

}  // namespace

int run_one_shot(const std::vector<std::string>& words, const char* uses) {
  OneShotOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("{}Options with one-shot runs:\n{}", uses, fields.help());
    return 0;
  }
  if (!arguments.positional.empty()) {
    throw UserError("fewshot: '{}' is not an option; options are written --name",
                    arguments.positional[0]);
  }
  set_threads(static_cast<long>(options.threads));
  const auto runs = fewshot::find_one_shot_runs(options.runs);
  std::vector<Column> columns = {{"modified Hausdorff distance", {}}};
  for (const auto& run : runs)
    columns[0].accuracy.push_back(fewshot::hausdorff_accuracy(options.runs, run));
  judge_all(options, runs, columns);
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

}  // namespace likewise::cli
