#include "likewise/train/evaluate.hpp"

#include <ATen/ops/argmax.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/scores.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/results_table.hpp"

namespace likewise {

namespace {

using nlohmann::json;

const std::vector<std::string>& protocol_names() {
  static const std::vector<std::string> names = {"knn",      "linear", "few_label",  "episodes",
                                                 "finetune", "lp_ft",  "corruptions"};
  return names;
}

std::vector<std::string> parse_protocols(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, ',')) {
    const std::string name = trim(part);
    if (std::find(protocol_names().begin(), protocol_names().end(), name) ==
        protocol_names().end()) {
      throw UserError("--eval: unknown protocol '{}'{}", name,
                      did_you_mean(name, protocol_names()));
    }
    out.push_back(name);
  }
  return out;
}

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

json interval(const MeanInterval& value) {
  return {{"mean", value.mean}, {"half_width", number(value.half_width)}, {"n", value.n}};
}

// One kind of features for all protocols.
struct Candidate {
  std::string name;
  FeatureSet train, test, novel;
  std::function<FeatureSet(const DatasetPtr&)> extract;
};

json scores_row(const std::string& features, const ClassificationScores& scores) {
  return {{"features", features},
          {"accuracy", {{"mean", scores.accuracy}, {"half_width", nullptr}, {"n", 1}}},
          {"balanced", scores.balanced_accuracy},
          {"macro_f1", scores.macro_f1},
          {"nll", number(scores.negative_log_likelihood)},
          {"ece", number(scores.calibration_error)},
          {"auroc", number(scores.auroc)}};
}

json knn_row(const Candidate& candidate, const KnnOptions& options) {
  const FeatureSet test = labelled(candidate.test);
  const int64_t classes = class_count(candidate.train);
  const Tensor predicted = knn_predict(candidate.train.x, candidate.train.y, test.x, options);
  const Tensor confusion = confusion_matrix(test.y, predicted, classes);
  return {{"features", candidate.name},
          {"accuracy", {{"mean", accuracy(test.y, predicted)}, {"half_width", nullptr}, {"n", 1}}},
          {"balanced", balanced_accuracy(confusion)}};
}

// The row of the linear probe; for the first candidate also confusion matrix and recall.
json linear_row(const Candidate& candidate, const LinearProbeOptions& options, json* details) {
  const LinearProbe probe = fit_linear_probe(candidate.train, options);
  const FeatureSet test = labelled(candidate.test);
  const ClassificationScores scores =
      classification_scores(probe.model.probabilities(test.x), test.y);
  json row = scores_row(candidate.name, scores);
  row["penalty"] = probe.penalty;
  if (!probe.note.empty()) row["note"] = probe.note;
  if (details) {
    json counts = json::array();
    const Tensor confusion = scores.confusion.contiguous();
    for (int64_t i = 0; i < confusion.size(0); ++i) {
      const int64_t* values = confusion.data_ptr<int64_t>() + i * confusion.size(1);
      counts.push_back(std::vector<int64_t>(values, values + confusion.size(1)));
    }
    (*details)["confusion"] = {{"classes", candidate.train.class_names}, {"counts", counts}};
    (*details)["recall"] = json::array();
    for (double recall : scores.recall) (*details)["recall"].push_back(number(recall));
  }
  return row;
}

// The encoder with fresh weights, where the trained one is.
TrainedEncoder untrained_beside(const TrainedEncoder& model, uint64_t seed) {
  TrainedEncoder fresh = untrained_encoder(model.spec, seed);
  fresh.encoder->to(device_of(*model.encoder));
  return fresh;
}

json few_label_row(const Candidate& candidate, const FewLabelOptions& options) {
  json values = json::array();
  for (const FewLabelRow& row : few_label_table(candidate.train, candidate.test, options)) {
    values.push_back(row.skipped.empty() ? interval(row.accuracy) : json{{"skipped", row.skipped}});
  }
  return {{"features", candidate.name}, {"values", values}};
}

// Fine-tuning from the pretrained encoder and, as the baseline, from fresh weights.
json finetune_rows(const TrainedEncoder& model, const EvaluationData& data,
                   const EvaluateOptions& options, FinetuneStart from, bool say) {
  DatasetPtr train = data.train;
  if (options.finetune_per_class > 0) {
    Rng rng(static_cast<uint64_t>(options.seed), {0xf17e});
    train = split_by(train, few_label_split(*train, options.finetune_per_class, rng)).first;
  }
  FinetuneOptions finetuning = options.finetune;
  finetuning.seed = options.seed;
  json rows = json::array();
  const auto add = [&](const std::string& name, const TrainedEncoder& start) {
    LinearProbeOptions linear = options.linear;
    linear.seed = options.seed;
    const LinearProbe probe =
        fit_linear_probe(labelled(extract_features(start, train).set), linear);
    const Finetuned tuned = finetune(start, train, probe.model, from, finetuning, say);
    const FeatureSet test = labelled(extract_features(tuned.model, data.test).set);
    rows.push_back(
        scores_row(name, classification_scores(tuned.head.probabilities(test.x), test.y)));
    rows.back()["seconds"] = tuned.seconds;
  };
  add("Likewise", model);
  if (options.baselines) {
    add("untrained encoder", untrained_beside(model, static_cast<uint64_t>(options.seed)));
  }
  return rows;
}

// Accuracy against severity, a line a corruption.
std::string corruption_text(const json& evaluation) {
  const json table = evaluation.value("corruptions", json::object());
  if (!table.contains("names")) return "";
  std::string out = fmt::format("\n{:<38}{:>42}\n", "corruption, linear probe", "severity 1 to 5");
  for (const json& row : table.at("rows")) {
    for (size_t k = 0; k < table.at("names").size(); ++k) {
      out += fmt::format("{:<20}{:<18}", row.at("features").get<std::string>(),
                         table.at("names")[k].get<std::string>());
      for (const json& value : row.at("accuracy")[k]) {
        out += fmt::format("{:>7.1f} %", 100 * value.get<double>());
      }
      out += "\n";
    }
  }
  return out;
}

void check_same_classes(const Dataset& train, const Dataset& test) {
  if (train.info().class_names != test.info().class_names) {
    throw UserError("the classes of {} ({}) and {} ({}) differ", train.info().name,
                    join(train.info().class_names, ", "), test.info().name,
                    join(test.info().class_names, ", "));
  }
}

}  // namespace

json evaluate(const TrainedEncoder& model, const EvaluationData& data,
              const EvaluateOptions& options, bool say) {
  const auto protocols = parse_protocols(options.eval);
  const auto wanted = [&](const char* name) {
    return std::find(protocols.begin(), protocols.end(), name) != protocols.end();
  };
  check_same_classes(*data.train, *data.test);
  const auto note = [&](const std::string& text) {
    if (say) fmt::print(stderr, "{}\n", text);
  };
  if (!data.note.empty()) note(data.note);

  std::vector<Candidate> candidates;
  const auto add = [&](const std::string& name, auto&& extract) {
    note("features: " + name);
    candidates.push_back({name, extract(data.train), extract(data.test),
                          wanted("episodes") ? extract(data.novel) : FeatureSet{}, extract});
  };
  add("Likewise", [&](const DatasetPtr& d) { return extract_features(model, d).set; });
  if (options.baselines) {
    add(input_kind(model.spec.modality).raw,
        [&](const DatasetPtr& d) { return extract_pixels(model.spec, d).set; });
    const TrainedEncoder untrained = untrained_beside(model, static_cast<uint64_t>(options.seed));
    add("untrained encoder",
        [untrained](const DatasetPtr& d) { return extract_features(untrained, d).set; });
  }

  json out = {{"data", data.train->info().name},
              {"test", data.test->info().name},
              {"train_images", data.train->size()},
              {"test_images", data.test->size()},
              {"classes", data.train->info().class_names},
              {"seed", options.seed},
              {"encoder", model.origin},
              {"protocols", json::array()}};
  if (wanted("knn")) {
    note("weighted kNN");
    json rows = json::array();
    for (const auto& c : candidates) rows.push_back(knn_row(c, options.knn));
    out["protocols"].push_back({{"name", "kNN"},
                                {"title", fmt::format("Weighted kNN, k = {}, T = {}", options.knn.k,
                                                      options.knn.temperature)},
                                {"rows", rows}});
  }
  if (wanted("linear")) {
    json rows = json::array();
    for (size_t i = 0; i < candidates.size(); ++i) {
      note("linear probe: " + candidates[i].name);
      LinearProbeOptions linear = options.linear;
      linear.seed = options.seed;
      rows.push_back(linear_row(candidates[i], linear, i == 0 ? &out : nullptr));
    }
    out["protocols"].push_back(
        {{"name", "linear"}, {"title", "Linear probe, all labels"}, {"rows", rows}});
  }
  if (options.learned_views > 0) {
    note("linear probe on learned views");
    const auto views = load_viewmaker(model.origin);
    LinearProbeOptions linear = options.linear;
    linear.seed = options.seed;
    Candidate candidate = candidates[0];
    candidate.train = learned_view_features(model, *views, data.train, options.learned_views,
                                            static_cast<uint64_t>(options.seed));
    out["protocols"].push_back(
        {{"name", "linear on views"},
         {"title", fmt::format("Linear probe, all labels, {} learned views of each training image",
                               options.learned_views)},
         {"rows", json::array({linear_row(candidate, linear, nullptr)})}});
  }
  for (const bool probe_first : {false, true}) {
    if (!wanted(probe_first ? "lp_ft" : "finetune")) continue;
    note(probe_first ? "linear probe, then fine-tuning" : "fine-tuning");
    const std::string labels = options.finetune_per_class > 0
                                   ? fmt::format("{} labels a class", options.finetune_per_class)
                                   : "all labels";
    out["protocols"].push_back(
        {{"name", probe_first ? "LP-FT" : "fine-tuned"},
         {"title", fmt::format("{}, {} epochs, {}",
                               probe_first ? "Linear probe, then fine-tuning" : "Fine-tuning",
                               options.finetune.epochs, labels)},
         {"rows",
          finetune_rows(model, data, options,
                        probe_first ? FinetuneStart::kProbe : FinetuneStart::kZeroHead, say)}});
  }
  if (wanted("few_label")) {
    FewLabelOptions few = options.few_label;
    few.seed = options.seed;
    json rows = json::array();
    for (const auto& c : candidates) {
      note("few labels: " + c.name);
      rows.push_back(few_label_row(c, few));
    }
    out["few_label"] = {{"labels", few.labels_per_class}, {"draws", few.draws}, {"rows", rows}};
  }
  if (wanted("corruptions")) {
    std::vector<ProbedFeatures> features;
    for (const auto& c : candidates) features.push_back({c.name, c.train, c.extract});
    LinearProbeOptions linear = options.linear;
    linear.seed = options.seed;
    out["corruptions"] = corruption_table(features, data.test, options.corruptions,
                                          model.spec.signal.rate, linear, note);
    json rows = json::array();
    for (const auto& row : out["corruptions"]["rows"]) {
      rows.push_back({{"features", row["features"]},
                      {"accuracy", {{"mean", row["mean"]}, {"half_width", nullptr}, {"n", 1}}}});
    }
    out["protocols"].push_back(
        {{"name", "corrupted"},
         {"title", "Linear probe on corrupted test samples, mean over kinds and severities"},
         {"rows", rows}});
  }
  if (wanted("episodes")) {
    out["episodes"] = json::array();
    for (int64_t shots : {int64_t{1}, int64_t{5}}) {
      EpisodeOptions episodes = options.episodes;
      episodes.seed = options.seed;
      episodes.shots = options.episodes.shots == 1 ? shots : options.episodes.shots;
      for (const auto& c : candidates) {
        try {
          const EpisodeResult result = episodes_by_prototype(c.novel, episodes);
          out["episodes"].push_back({{"way", episodes.ways},
                                     {"shot", episodes.shots},
                                     {"features", c.name},
                                     {"data", data.novel->info().name},
                                     {"classes", result.classes},
                                     {"accuracy", interval(result.accuracy)}});
        } catch (const UserError& error) {
          note(fmt::format("episodes left out: {}", error.what()));
          break;
        }
      }
      if (options.episodes.shots != 1) break;
    }
  }
  return out;
}

std::string evaluation_text(const json& evaluation) {
  const Figures figures = figures_of(evaluation);
  std::string out = fmt::format("{:<20}", "");
  for (const auto& column : figures.columns) out += fmt::format("{:>14}", column);
  out += "\n";
  for (const char* features : {"Likewise", "raw pixels", "raw input", "untrained encoder"}) {
    std::string line = fmt::format("{:<20}", features);
    bool any = false;
    for (const auto& column : figures.columns) {
      const auto found = figures.values.find({features, column});
      any = any || found != figures.values.end();
      line += found == figures.values.end() ? fmt::format("{:>14}", "–")
                                            : fmt::format("{:>12.1f} %", 100 * found->second);
    }
    if (any) out += line + "\n";
  }
  return out + corruption_text(evaluation);
}

}  // namespace likewise
