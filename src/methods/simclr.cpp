#include "likewise/methods/simclr.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include <cmath>

#include "likewise/base/error.hpp"

namespace likewise {

Simclr::Simclr(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head",
                          std::make_shared<Head>(encoder->feature_dim(), options.head));
  if (options.learnable_temperature) {
    log_inverse_temperature_ = register_parameter(
        "log_inverse_temperature", at::full({}, -std::log(options.loss.temperature), at::kFloat));
  }
}

Tensor Simclr::project(const Tensor& h) { return head_->forward(h); }

Tensor Simclr::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "SimCLR compares two views or more, found {}", z.size());
  Tensor sum;
  int pairs = 0;
  for (size_t a = 0; a < z.size(); ++a) {
    for (size_t b = a + 1; b < z.size(); ++b, ++pairs) {
      const Tensor one = nt_xent(z[a], z[b], options_.loss, log_inverse_temperature_);
      sum = sum.defined() ? sum + one : one;
    }
  }
  return pairs == 1 ? sum : sum / pairs;
}

}  // namespace likewise
