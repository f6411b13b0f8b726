#pragma once
// The slow copy of encoder and head that many methods predict: momentum encoder, target, teacher.

#include <functional>
#include <memory>

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

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

  // head(encoder(x)) without gradient, float32. In training mode and with parts > 1 the batch passes
  // in so many parts, samples dealt in turn: batch statistics then differ from those of the
  // learner's pass, which could else tell it which key belongs to which query. [N, ...] -> [N, d]
  Tensor embed(const Tensor& x, Precision precision, int64_t parts = 1);

 private:
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<torch::nn::Module> head_;
  Project project_;
};

}  // namespace likewise
