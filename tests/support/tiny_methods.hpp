#pragma once
// Small methods and encoders for tests.

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
  LinearEncoder(int64_t in, int64_t out) : out_(out) {
    linear_ = register_module("linear", std::make_shared<Linear>(in, out));
  }
  Tensor forward(const Tensor& x) override { return at::tanh(linear_->forward(x.flatten(1))); }
  int64_t feature_dim() const override { return out_; }

 private:
  int64_t out_;
  std::shared_ptr<Linear> linear_;
};

}  // namespace likewise::testing
