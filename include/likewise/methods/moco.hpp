#pragma once
// MoCo: queries against a queue of keys from a slow copy of the encoder.

#include "likewise/methods/false_negatives.hpp"
#include "likewise/methods/head_method.hpp"
#include "likewise/methods/key_queue.hpp"
#include "likewise/methods/slow_copy.hpp"

namespace likewise {

// q = normalise(head(encoder(x0))), k = the slow copy's of x1, without gradient:
//   l_i = -q_i.k_i/tau + log(exp(q_i.k_i/tau) + sum over the queue exp(q_i.k/tau))
// after the step the keys enter the queue and the copy follows with `momentum`. Symmetric: the mean
// of this and the same with the views exchanged (the CIFAR demo of the authors, twice its scale).
// Keys pass the copy in `parts` of the batch, for what shuffling batch norm does.
// Sources: He et al., CVPR 2020 (v1: a linear head, --head.layers 1); Chen et al., 2020 (v2: two
// layers, no batch norm in the head).
class Moco : public HeadMethod {
 public:
  struct Options {
    double temperature = 0.1;
    int64_t queue = 4096;
    double momentum = 0.99;
    int64_t parts = 8;
    bool symmetric = true;
    FalseNegativeOptions false_negatives;
    HeadOptions head{.batch_norm = false};
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "similarities are divided by it (paper 0.07, v2 0.2)",
        range(1e-3, 1e3));
      v("queue", queue, "keys of earlier batches that serve as negatives (paper 65536)",
        range(1, 1e8));
      v("momentum", momentum, "of the slow copy (paper 0.999)", range(0, 1));
      v("parts", parts, "pieces of a batch in which keys pass the copy: own batch statistics each",
        range(1, 1024));
      v("symmetric", symmetric, "each view serves as query and as key");
      v.group("negatives", false_negatives);
      v.group("head", head);
    }
  };

  Moco(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  bool embeds(size_t view) const override { return view == 0 || (options_.symmetric && view == 1); }
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  void after_step(const TrainProgress& progress) override;
  const torch::nn::Module* slow_copy() const override { return copy_.get(); }

  const KeyQueue& queue() const { return *queue_; }

 private:
  Options options_;
  FalseNegatives false_negatives_;
  std::shared_ptr<SlowCopy> copy_;
  std::shared_ptr<KeyQueue> queue_;
  std::vector<std::pair<Tensor, Tensor>> pending_;  // keys and groups of this step, to be queued
};

}  // namespace likewise
