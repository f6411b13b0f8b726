#pragma once
// The layers that encoders and heads are made of: parameters under PyTorch's names, and how they
// start. Unlike torch::nn's they draw nothing from libtorch's global generator: parameters are
// zeros and ones until `initialize` (initialize.hpp) fills them from an Rng.

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// A module of one input, one output and parameters that it can initialise.
class Layer : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x) = 0;
  virtual void initialize(Rng&) {}
};

struct Conv2dOptions {
  int64_t kernel = 3, stride = 1, padding = 0;
  bool bias = false;
  // Weights start normal with variance 2 / (out * kernel^2) (He et al., "Delving deep into
  // rectifiers", ICCV 2015, fan-out), or, for layers without a rectifier behind them, uniform in
  // +-1 / sqrt(fan_in).
  bool rectified = true;
};

// Cross-correlation. x [N, C, H, W] -> [N, O, H', W']; weight [O, C, kernel, kernel].
class Conv2d : public Layer {
 public:
  Conv2d(int64_t in, int64_t out, const Conv2dOptions& options);
  Tensor forward(const Tensor& x) override;
  void initialize(Rng& rng) override;

  Tensor weight, bias;  // bias is undefined when there is none

 private:
  Conv2dOptions options_;
};

// y = x W^T + b. x [..., C] -> [..., O]; weight [O, C]. Starts uniform in +-1 / sqrt(C), bias too;
// or with truncated_std > 0 normal with that deviation, cut at two deviations, bias zero.
class Linear : public Layer {
 public:
  Linear(int64_t in, int64_t out, bool with_bias = true, double truncated_std = 0);
  Tensor forward(const Tensor& x) override;
  void initialize(Rng& rng) override;

  Tensor weight, bias;

 private:
  double truncated_std_;
};

// Batch normalisation over all dimensions but the second (Ioffe & Szegedy 2015), eps 1e-5; running
// statistics with momentum 0.1 and the unbiased variance. x [N, C] or [N, C, H, W]. In training
// mode a channel needs at least two values: UserError otherwise.
class BatchNorm : public Layer {
 public:
  explicit BatchNorm(int64_t features, bool affine = true, double initial_weight = 1);
  Tensor forward(const Tensor& x) override;
  // relu(forward(x) + residual), fused while training on the processor; the residual may be
  // undefined.
  Tensor forward_relu(const Tensor& x, const Tensor& residual = {});
  // relu(max_pool2d(forward(x), 2)), fused likewise.
  Tensor forward_relu_pool(const Tensor& x);
  void initialize(Rng& rng) override;

  Tensor weight, bias;  // undefined unless affine
  Tensor running_mean, running_var, num_batches_tracked;
  double momentum = 0.1;  // 1: the running statistics are those of the last batch

 private:
  void begin_forward(const Tensor& x);
  double initial_weight_;
};

// Normalisation over the last dimension (Ba et al. 2016). x [..., D].
class LayerNorm : public Layer {
 public:
  explicit LayerNorm(int64_t features, double eps = 1e-6);
  Tensor forward(const Tensor& x) override;
  void initialize(Rng& rng) override;

  Tensor weight, bias;

 private:
  double eps_;
};

// Layers in turn, named "0", "1", ... A function without parameters takes a number too.
class Sequence : public torch::nn::Module {
 public:
  void append(std::shared_ptr<Layer> layer);
  void append(std::function<Tensor(const Tensor&)> function);
  Tensor forward(Tensor x);
  bool empty() const { return steps_.empty(); }

 private:
  std::vector<std::function<Tensor(const Tensor&)>> steps_;
};

namespace detail {
// While one is alive, the multiply-adds of the products above, and those reported to `add`, are
// counted in its thread.
class MultiplyAddCounter {
 public:
  MultiplyAddCounter();
  ~MultiplyAddCounter();
  MultiplyAddCounter(const MultiplyAddCounter&) = delete;
  MultiplyAddCounter& operator=(const MultiplyAddCounter&) = delete;
  static void add(int64_t count);
  int64_t total() const { return total_; }

 private:
  int64_t total_ = 0;
  MultiplyAddCounter* outer_;
};
}  // namespace detail

}  // namespace likewise
