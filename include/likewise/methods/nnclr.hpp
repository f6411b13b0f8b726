#pragma once
// NNCLR: the nearest neighbour of a view among earlier embeddings is its positive.

#include "likewise/methods/false_negatives.hpp"
#include "likewise/methods/head_method.hpp"
#include "likewise/methods/key_queue.hpp"

namespace likewise {

// z = head(encoder(x)), p = predictor(z), rows of length 1; n(z) = the row of the queue nearest to
// z:
//   L = [CE(n(z0) p1^T / tau) + CE(n(z1) p0^T / tau)] / 2,   target i for row i
// after the step z0 enters the queue. Neighbours take no gradient.
// Source: Dwibedi et al., "With a little help from my friends", ICCV 2021, equations 3 and 4. The
// paper's heads: 3 layers 2048 to 256, predictor 4096; queue 98304.
class Nnclr : public PredictorMethod {
 public:
  struct Options {
    double temperature = 0.1;
    int64_t queue = 8192;
    FalseNegativeOptions false_negatives;
    HeadOptions head{.last_batch_norm = true};
    HeadOptions predictor;
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "similarities are divided by it", range(1e-3, 1e3));
      v("queue", queue, "earlier embeddings among which neighbours are sought", range(1, 1e8));
      v.group("negatives", false_negatives);
      v.group("head", head);
      v.group("predictor", predictor);
    }
  };

  Nnclr(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  void after_step(const TrainProgress& progress) override;

 private:
  Options options_;
  FalseNegatives false_negatives_;
  std::shared_ptr<KeyQueue> queue_;
  std::vector<Tensor> pending_;
};

}  // namespace likewise
