#pragma once
// SwAV: views predict each other's cluster, clusters share the batch alike.

#include "likewise/methods/head_method.hpp"
#include "likewise/methods/key_queue.hpp"

namespace likewise {

// z = head(encoder(x)) of length 1, scores = z C^T with K prototypes of length 1:
//   L = mean over large views i and other views v of CE(sinkhorn(scores_i), softmax(scores_v /
//   tau))
// see losses/swav.hpp. Codes come from the two large views; --views.local_crops adds small ones.
// From step `queue_from` on, a queue of earlier z of each large view takes part in the codes: for
// batches smaller than the number of prototypes. Prototypes stand still for the first `freeze`
// epochs. Source: Caron et al., "Unsupervised learning of visual features by contrasting cluster
// assignments", NeurIPS 2020. The paper: 3000 prototypes, queue 3840 from epoch 15, freeze 1 epoch.
class Swav : public HeadMethod {
 public:
  struct Options {
    double temperature = 0.1, epsilon = 0.05;
    int64_t iterations = 3;
    int64_t prototypes = 512;
    int64_t queue = 0;
    double queue_from = 15;
    double freeze = 1;
    HeadOptions head;
    template <class V>
    void fields(V& v) {
      v("loss.temperature", temperature, "scores are divided by it", range(1e-3, 1e3));
      v("loss.epsilon", epsilon, "of the codes: near 0 they are all or nothing", range(1e-3, 10));
      v("loss.iterations", iterations, "of Sinkhorn's algorithm", range(1, 1000));
      v("prototypes", prototypes, "number of clusters (paper 3000)", range(2, 1e6));
      v("queue", queue, "earlier embeddings of each view that take part in the codes; 0: none",
        range(0, 1e7));
      v("queue_from", queue_from, "epoch from which the queue is used", range(0, 1e6));
      v("freeze", freeze, "epochs for which the prototypes stand still", range(0, 1e6));
      v.group("head", head);
    }
  };

  Swav(std::shared_ptr<Encoder> encoder, const Options& options);
  void begin(const TrainContext& context) override;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override;
  void after_backward() override;
  void after_step(const TrainProgress& progress) override;

 private:
  Options options_;
  void normalize_prototypes();
  double epoch() const;

  std::shared_ptr<Linear> prototypes_;
  std::shared_ptr<KeyQueue> queues_[2];  // null without a queue
  std::vector<Tensor> pending_[2];
  int64_t steps_per_epoch_ = 1;
};

}  // namespace likewise
