#pragma once
// Fine-tuning: the encoder itself learns from the labels, too.

#include "likewise/eval/logistic.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

struct FinetuneOptions {
  int64_t epochs = 20;
  int64_t batch = 64;
  double lr = 3e-4;
  double weight_decay = 1e-4;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("epochs", epochs, "passes over the labelled images", range(1, 1e6));
    v("batch", batch, "images a step", range(1, 1e6));
    v("lr", lr, "learning rate at its highest (AdamW, warm-up and cosine)", range(0, 10));
    v("weight_decay", weight_decay, "pull to zero of the encoder's weights", range(0, 10));
    v("seed", seed, "of order and views", range(0, 9e18));
  }
};

enum class FinetuneStart {
  kZeroHead,  // the classifier starts at zero (SimCLR, 1 % protocol)
  kProbe,     // at the linear probe: LP-FT, which moves the features least
};

struct Finetuned {
  TrainedEncoder model;
  LinearModel head;
  double seconds = 0;
};

// Minimises the cross-entropy of head(encoder(view)) over all weights, on one random view an image.
// Batch statistics stay those of pretraining (evaluation mode), as LP-FT does. `start` is left as it
// is. `probe` gives standardisation and, for kProbe, the first weights.
// Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution",
// ICLR 2022. Throws UserError when no image has a label, TrainingError when the loss is not finite.
Finetuned finetune(const TrainedEncoder& start, const DatasetPtr& data, const LinearModel& probe,
                   FinetuneStart from, const FinetuneOptions& options = {}, bool say = false);

}  // namespace likewise
