#include "likewise/methods/simsiam.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/regression.hpp"

namespace likewise {

SimSiam::SimSiam(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head", std::make_shared<Head>(encoder->feature_dim(), options.head));
  HeadOptions predictor = options.predictor;
  predictor.out = head_->out_dim();
  predictor_ = register_module("predictor", std::make_shared<Head>(head_->out_dim(), predictor));
}

Tensor SimSiam::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "SimSiam compares two views, found {}", z.size());
  Tensor sum;
  for (size_t v = 0; v < 2; ++v) {
    const Tensor target = options_.stop_gradient ? z[1 - v].detach() : z[1 - v];
    const Tensor one = negative_cosine(predictor_->forward(z[v]), target) / 2;
    sum = sum.defined() ? sum + one : one;
  }
  return sum;
}

}  // namespace likewise
