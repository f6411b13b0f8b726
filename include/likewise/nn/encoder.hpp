#pragma once
// An encoder turns a batch of inputs into features.

#include <torch/nn/module.h>

#include <memory>

#include "likewise/tensor.hpp"

namespace likewise {

class Encoder : public torch::nn::Module {
 public:
  // x [N, C, H, W], of encoders over time [N, C, T], of mlp anything -> [N, D]
  virtual Tensor forward(const Tensor& x) = 0;
  virtual int64_t feature_dim() const = 0;  // D

  // Another encoder of the same architecture, its weights not yet initialised: what a slow copy of
  // this one starts from. Throws UserError where an encoder has none.
  virtual std::shared_ptr<Encoder> twin() const;
};

}  // namespace likewise
