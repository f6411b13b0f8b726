#include "likewise/methods/simsiam.hpp"

#include <ATen/TensorOperators.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/regression.hpp"

namespace likewise {

SimSiam::SimSiam(std::shared_ptr<Encoder> encoder, const Options& options)
    : PredictorMethod(std::move(encoder), options.head, options.predictor),
      stop_gradient_(options.stop_gradient) {}

Tensor SimSiam::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "SimSiam compares two views, found {}", z.size());
  return both_ways([&](size_t v) {
    const Tensor target = stop_gradient_ ? z[1 - v].detach() : z[1 - v];
    return negative_cosine(predict(z[v]), target) / 2;
  });
}

}  // namespace likewise
