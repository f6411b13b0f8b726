#pragma once
// The slow copy of encoder and head that many methods predict: momentum encoder, target, teacher.

#include <functional>
#include <memory>

#include "likewise/base/options.hpp"
#include "likewise/nn/encoder.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// How fast a copy follows: a momentum that goes from its start to its end along a cosine.
struct SlowCopyOptions {
  double momentum = 0.99, momentum_end = 1;
  template <class V>
  void fields(V& v) {
    v("momentum", momentum, "of the slow copy at the start", range(0, 1));
    v("momentum_end", momentum_end, "of the slow copy at the end", range(0, 1));
  }
  double at(double fraction) const;  // of the budget done
};

// Takes no gradient. In training mode its batch norms use the statistics of its own batches.
class SlowCopy : public torch::nn::Module {
 public:
  using Project = std::function<Tensor(const Tensor&)>;

  // Fresh modules of the learner's architecture; `project` is the head's forward pass.
  SlowCopy(std::shared_ptr<Encoder> encoder, std::shared_ptr<torch::nn::Module> head,
           Project project);

  // Takes over the learner's weights and buffers: once, at the start.
  void start_from(const torch::nn::Module& encoder, const torch::nn::Module& head);

  // weights <- momentum weights + (1 - momentum) learner's. Batch statistics stay its own.
  void follow(const torch::nn::Module& encoder, const torch::nn::Module& head, double momentum);

  // head(encoder(x)) without gradient, float32. In training mode and with parts > 1 the batch
  // passes in so many parts, samples dealt in turn: batch statistics then differ from those of the
  // learner's pass, which could else tell it which key belongs to which query. [N, ...] -> [N, d]
  Tensor embed(const Tensor& x, Precision precision, int64_t parts = 1);

 private:
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<torch::nn::Module> head_;
  Project project_;
};

// A copy with a fresh encoder and a head H(feature_dim, head), the learner's architecture.
template <class H, class Options>
std::shared_ptr<SlowCopy> slow_copy_of(const Encoder& encoder, const Options& head_options) {
  auto head = std::make_shared<H>(encoder.feature_dim(), head_options);
  return std::make_shared<SlowCopy>(
      encoder.twin(), head, [head = head.get()](const Tensor& h) { return head->forward(h); });
}

}  // namespace likewise
