// likewise fit
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/data/with_labels.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/train/classifier.hpp"
#include "likewise/train/finetune.hpp"
#include "likewise/train/initial.hpp"
#include "likewise/version.hpp"

namespace likewise::cli {

namespace {

struct FitOptions {
  std::string run, data, labels, out;
  InitOptions init;
  int64_t per_class = 0, seed = 0, threads = 0;
  bool overwrite = false;
  std::string mode = "probe";
  LinearProbeOptions linear;
  FinetuneOptions finetune;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model whose encoder to use");
    init.fields(v);
    v("data", data, "labelled images: a folder for each class, or a CSV list with a label column");
    v("labels", labels, "CSV with columns path and label for the images of --data");
    v("out", out, "model folder to make");
    v("per_class", per_class, "use so many labels a class, drawn by the seed; 0: all",
      range(0, 1e9));
    v("seed", seed, "of draws and splits", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v("overwrite", overwrite, "replace an existing model in --out");
    v("mode", mode, "probe: the encoder stays; finetune, lp-ft: it learns from the labels, too",
      choices({"probe", "finetune", "lp-ft"}));
    v.group("linear", linear);
    v.group("finetune", finetune);
  }
};

// Ten labels in a folder of thousands: only those images pass the encoder.
DatasetPtr labelled_part(const DatasetPtr& data) {
  std::vector<int64_t> known;
  for (int64_t i = 0; i < data->size(); ++i) {
    if (data->label(i) >= 0) known.push_back(i);
  }
  const bool all = known.empty() || static_cast<int64_t>(known.size()) == data->size();
  return all ? data : subset(data, std::move(known));
}

// Only samples with a label.
FeatureSet labelled_features(const TrainedEncoder& model, const DatasetPtr& data) {
  return labelled(extract_features(model, data, "features").set);
}

// Fine-tunes on the labels; where classes have five and more, a fifth is kept back to set the
// temperature, since a network is surer of images that it was trained on.
void fit_finetuned(Classifier& classifier, const DatasetPtr& data, const LinearModel& probe,
                   const FitOptions& options) {
  std::vector<int64_t> counts(classifier.class_names.size());
  for (int64_t i = 0; i < data->size(); ++i) {
    if (data->label(i) >= 0) ++counts.at(static_cast<size_t>(data->label(i)));
  }
  const bool calibrated = *std::min_element(counts.begin(), counts.end()) >= 5;
  Split split{data, nullptr};
  if (calibrated) {
    Rng rng(static_cast<uint64_t>(options.seed), {0xca1});
    split = split_by(data, stratified_split(*data, 0.2, rng));
  }
  FinetuneOptions finetuning = options.finetune;
  finetuning.seed = options.seed;
  const Finetuned tuned = finetune(
      classifier.model, split.first, probe,
      options.mode == "lp-ft" ? FinetuneStart::kProbe : FinetuneStart::kZeroHead, finetuning, true);
  classifier.model = tuned.model;
  classifier.linear = tuned.head;
  if (calibrated) {
    const FeatureSet held_out = labelled_features(tuned.model, split.second);
    classifier.temperature = fit_temperature(tuned.head.logits(held_out.x), held_out.y);
  }
  classifier.novelty = fit_novelty(labelled_features(tuned.model, split.first).x);
}

}  // namespace

int run_fit(const std::vector<std::string>& words) {
  FitOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Turns the labels there are into a classifier.\n\n"
        "  likewise fit --run runs/photos --data photos --labels labels.csv --out model\n"
        "  likewise fit --init-from dinov2_vits14.pth --data photos --labels labels.csv --out "
        "model\n\n{}",
        fields.help());
    return 0;
  }
  for (const auto& [value, name] : {std::pair{&options.data, "data"}, {&options.out, "out"}}) {
    if (value->empty()) throw UserError("fit: --{} is needed; see likewise fit --help", name);
  }
  namespace fs = std::filesystem;
  if (fs::exists(fs::path(options.out) / "model.safetensors") && !options.overwrite) {
    throw UserError("--out {} holds a model already; --overwrite replaces it", options.out);
  }
  set_threads(static_cast<long>(options.threads));
  Classifier classifier;
  classifier.model = open_encoder("fit", options.run, options.init);
  DatasetPtr data = open_dataset(options.data, classifier.model.spec.data);
  if (!options.labels.empty()) data = with_labels(data, options.labels);
  if (data->info().class_names.empty()) {
    throw UserError(
        "--data {}: there are no labels; a folder for each class, or --labels, gives them",
        options.data);
  }
  if (options.per_class > 0) {
    Rng rng(static_cast<uint64_t>(options.seed), {0xf17});
    data = split_by(data, few_label_split(*data, options.per_class, rng)).first;
  }
  data = labelled_part(data);
  classifier.class_names = data->info().class_names;
  const FeatureSet train = labelled_features(classifier.model, data);
  LinearProbeOptions linear = options.linear;
  linear.seed = options.seed;
  const LinearProbe probe = fit_linear_probe(train, linear);
  if (options.mode == "probe") {
    classifier.linear = probe.model;
    classifier.temperature =
        calibrate(train, probe.penalty > 0 ? probe.penalty : 1e-2, options.seed);
    classifier.novelty = fit_novelty(train.x);
  } else {
    fit_finetuned(classifier, data, probe.model, options);
  }
  const nlohmann::json summary = {
      {"likewise", kVersion},      {"encoder", classifier.model.origin},
      {"mode", options.mode},      {"data", data->info().name},
      {"labels", train.x.size(0)}, {"classes", classifier.class_names},
      {"penalty", probe.penalty},  {"temperature", classifier.temperature}};
  save_classifier(options.out, classifier, detail::json_text(summary, 1));
  fmt::print(
      "{} classes from {} labels, penalty {:g}, temperature {:.2f}\n{}model: {}\n"
      "next: likewise predict --model {} --data NEW_IMAGES\n",
      classifier.class_names.size(), train.x.size(0), probe.penalty, classifier.temperature,
      probe.note.empty() ? "" : probe.note + "\n", options.out, options.out);
  return 0;
}

}  // namespace likewise::cli
