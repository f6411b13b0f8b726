#pragma once
// Exponential moving averages of weights: target networks, and weights that evaluate better.

#include <torch/nn/module.h>

#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

// target = momentum target + (1 - momentum) online, in place, tensor by tensor.
void ema_update(const std::vector<Tensor>& target, const std::vector<Tensor>& online,
                double momentum);

enum class EmaBuffers {
  kCopy,  // take over batch statistics and other buffers as they are
  kKeep,  // the target's own forward passes move them (BYOL, MoCo; lightly, solo-learn)
};

// The same for the parameters of two modules of one architecture.
void ema_update(const torch::nn::Module& target, const torch::nn::Module& online, double momentum,
                EmaBuffers buffers = EmaBuffers::kCopy);

// Momentum that rises from `start` to `end` over a run: end - (end - start)(1 + cos(pi t/T))/2.
// Source: Grill et al., BYOL, NeurIPS 2020, with start 0.996 and end 1.
double ema_momentum(double start, double end, double step, double total);

}  // namespace likewise
