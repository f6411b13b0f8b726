#pragma once
// The evaluation of a run: every protocol on its frozen features, beside raw pixels and the
// untrained encoder.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "likewise/eval/episodes.hpp"
#include "likewise/eval/few_label.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/finetune.hpp"
#include "likewise/train/initial.hpp"
#include "likewise/train/robustness.hpp"

namespace likewise {

struct EvaluateOptions {
  std::string run;
  InitOptions init;
  std::string data, test, novel;
  std::string eval = "knn,linear,few_label,episodes";
  bool baselines = true;
  bool validation = false;
  int64_t seed = 0, threads = 0;
  KnnOptions knn;
  LinearProbeOptions linear;
  FewLabelOptions few_label;
  EpisodeOptions episodes;
  FinetuneOptions finetune;
  CorruptionOptions corruptions;
  int64_t learned_views = 0;
  int64_t finetune_per_class = 0;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model");
    init.fields(v);
    v("data", data, "labelled data to learn from; by default the training part of the run's data");
    v("test", test, "labelled data to test on; by default the test part, or a fifth held out");
    v("novel", novel, "data whose classes the episodes draw from; by default the test data");
    v("eval", eval,
      "protocols, separated by commas: knn, linear, few_label, episodes, finetune, lp_ft, "
      "corruptions");
    v("baselines", baselines, "also measure raw pixels and the untrained encoder");
    v("validation", validation,
      "look at no test label: a fifth of the labels to learn from takes their place; figures go to "
      "validation.json");
    v("seed", seed, "of draws and splits", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v.group("knn", knn);
    v.group("linear", linear);
    v.group("few_label", few_label);
    v.group("episodes", episodes);
    v.group("finetune", finetune);
    v.group("corruptions", corruptions);
    v("learned_views", learned_views,
      "also a linear probe on so many learned views of each training image, as the viewmaker's "
      "authors "
      "have it, tested on clean images; 0: none",
      range(0, 100));
    v("finetune.per_class", finetune_per_class, "fine-tune on so many labels a class; 0: all",
      range(0, 1e9));
  }
};

// The three labelled data sets of an evaluation.
struct EvaluationData {
  DatasetPtr train, test, novel;  // novel may be null: no episodes
  std::string note;               // how they were chosen, for the reader
};

// `trained_on` is what the run learned from (its data.path).
// `open` is how the encoder wants its data.
EvaluationData open_evaluation_data(const EvaluateOptions& options, const std::string& trained_on,
                                    const OpenOptions& open = {});

// What goes into evaluation.json (see report/report.hpp for its shape). Prints what it does when
// `say`. Test labels decide nothing.
nlohmann::json evaluate(const TrainedEncoder& model, const EvaluationData& data,
                        const EvaluateOptions& options, bool say);

// The text table that the command prints.
std::string evaluation_text(const nlohmann::json& evaluation);

}  // namespace likewise
