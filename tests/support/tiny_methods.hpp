#pragma once
// Small methods and encoders for tests.

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/tanh.h>

#include <csignal>

#include "likewise/methods/catalogue.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::testing {

struct NoOptions {
  template <class V>
  void fields(V&) {}
};

// The five-line method of the design's promise: only pulls positives together, and so collapses.
class AlignmentOnly : public Method {
 public:
  using Options = NoOptions;
  AlignmentOnly(std::shared_ptr<Encoder> encoder, const Options&) : Method(std::move(encoder)) {}
  Tensor loss_of(const std::vector<Tensor>& z, const Batch&) override {
    return (z[0] - z[1]).pow(2).sum(1).mean();
  }
};

// AlignmentOnly that asks the process to stop after step `stop_at`, once.
class Stopping : public AlignmentOnly {
 public:
  using AlignmentOnly::AlignmentOnly;
  inline static int64_t stop_at = 0;
  void after_step(const TrainProgress& progress) override {
    if (progress.step == stop_at) {
      stop_at = 0;
      std::raise(SIGTERM);
    }
  }
};

// tanh of a linear map of all pixels: smooth and without batch statistics.
class LinearEncoder : public Encoder {
 public:
  LinearEncoder(int64_t in, int64_t out) : in_(in), out_(out) {
    linear_ = register_module("linear", std::make_shared<Linear>(in, out));
  }
  Tensor forward(const Tensor& x) override { return at::tanh(linear_->forward(x.flatten(1))); }
  int64_t feature_dim() const override { return out_; }
  std::shared_ptr<Encoder> twin() const override {
    return std::make_shared<LinearEncoder>(in_, out_);
  }

 private:
  int64_t in_, out_;
  std::shared_ptr<Linear> linear_;
};

// tanh of a convolution, averaged: images of any size.
class ConvEncoder : public Encoder {
 public:
  explicit ConvEncoder(int64_t out) : out_(out) {
    conv_ = register_module(
        "conv", std::make_shared<Conv2d>(1, out, Conv2dOptions{.padding = 1, .bias = true}));
  }
  Tensor forward(const Tensor& x) override {
    return at::tanh(conv_->forward(x)).mean(at::IntArrayRef{2, 3});
  }
  int64_t feature_dim() const override { return out_; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<ConvEncoder>(out_); }

 private:
  int64_t out_;
  std::shared_ptr<Conv2d> conv_;
};

// A batch of noise: `views` views of [1, side, side], labels 0 to 3 in turn, two of them unknown.
inline Batch noise_batch(int64_t n, int64_t views, uint64_t seed, int64_t side = 8) {
  Batch batch;
  const Tensor base = at::empty({n, 1, side, side}, at::kFloat);
  Rng(seed).fill_normal(base.data_ptr<float>(), base.numel());
  for (int64_t v = 0; v < views; ++v) {
    Tensor x = at::empty_like(base);
    Rng(seed, {static_cast<uint64_t>(v) + 1}).fill_normal(x.data_ptr<float>(), x.numel());
    batch.views.push_back(base + 0.3 * x);
  }
  batch.index = at::arange(n, at::kLong);
  batch.labels = at::arange(n, at::kLong).remainder(4);
  if (n > 2) batch.labels.narrow(0, n - 2, 2).fill_(-1);
  batch.domains = at::full({n}, -1, at::kLong);
  return batch;
}

}  // namespace likewise::testing
