#pragma once
// How well would k labels a class do with this encoder, and which head should use them?

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/eval/table.hpp"
#include "likewise/fewshot/heads.hpp"
#include "likewise/train/classifier.hpp"
#include "likewise/train/initial.hpp"

namespace likewise {

struct FewLabelChoiceOptions {
  std::string run;
  InitOptions init;
  std::string data, labels, out;
  std::vector<int64_t> shots = {1, 5, 10};
  int64_t queries = 30, draws = 20;
  fewshot::FewLabelHeadOptions heads;
  int64_t seed = 0, threads = 0;
  bool overwrite = false;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model whose encoder to use");
    init.fields(v);
    v("data", data, "labelled images: a folder for each class, or a list with labels");
    v("labels", labels, "CSV with columns path and label for the images of --data");
    v("out", out,
      "model folder to make, with the best head fitted to all labels; none: only measure");
    v("shots", shots, "labels a class");
    v("queries", queries, "other images a class that are named at each draw; 0: all",
      range(0, 1e6));
    v("draws", draws, "draws of the labels", range(2, 1e5));
    v.group("heads", heads);
    v("seed", seed, "of the draws", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v("overwrite", overwrite, "replace an existing model in --out");
  }
};

struct HeadRow {
  std::string head;
  bool transductive = false;
  std::vector<MeanInterval> accuracy;      // one for each number of shots, t-interval over draws
  std::vector<std::vector<double>> draws;  // the same draw is the same for every head
};

struct FewLabelChoice {
  std::vector<int64_t> shots;        // those that could be drawn
  std::vector<std::string> skipped;  // why others could not
  std::vector<HeadRow> rows;
  std::string best;     // of the heads that `predict` can use, at the most shots
  std::string verdict;  // a sentence
};

// Over all classes at once: each draw takes k labelled rows of every class and names up to
// `queries` others. Throws UserError: no labels, one class, no class left over for any number of
// shots.
FewLabelChoice choose_head(const FeatureSet& set, const FewLabelChoiceOptions& options);
nlohmann::json choice_json(const FewLabelChoice& choice);
std::string choice_text(const FewLabelChoice& choice);

// The named head on all labelled rows, its temperature set by a held-out fifth of them.
Classifier fit_choice(const TrainedEncoder& model, const FeatureSet& set, const std::string& head,
                      const FewLabelChoiceOptions& options);

}  // namespace likewise
