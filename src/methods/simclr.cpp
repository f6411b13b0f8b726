#include "likewise/methods/simclr.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"
#include "likewise/losses/weighted_nt_xent.hpp"

namespace likewise {

Simclr::Simclr(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head),
      options_(options),
      false_negatives_(options.false_negatives) {
  const bool weighted = options.debias > 0 || options.hardness > 0 || options.false_negatives.any();
  const int others = weighted + (options.sogclr > 0) + (options.form != "paper");
  if (others > 1 || (others == 1 && options.learnable_temperature)) {
    throw UserError(
        "--loss.sogclr, --loss.form viewmaker, --loss.learnable_temperature and the options of "
        "negatives (loss.debias, loss.hardness, negatives.remove) do not go together");
  }
  if (options.learnable_temperature) {
    log_inverse_temperature_ = register_parameter(
        "log_inverse_temperature", at::full({}, -std::log(options.loss.temperature), at::kFloat));
  }
}

void Simclr::begin(const TrainContext& context) {
  false_negatives_.begin(context);
  if (options_.sogclr > 0) {
    log_averages_ = register_buffer(
        "log_averages",
        at::full({context.samples}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
  }
}

Tensor Simclr::pair_loss(const Tensor& a, const Tensor& b, const Batch& batch,
                         const Tensor& groups) {
  const double temperature = options_.loss.temperature;
  if (options_.sogclr > 0) {
    return sogclr(a, b, temperature, options_.sogclr, log_averages_, batch.index, records());
  }
  if (options_.form == "viewmaker") {
    const Tensor x = unit_rows(a), y = unit_rows(b);
    const Tensor all = similarity_lse(x, at::cat({x, y}), scalar_like(1 / temperature, x));
    return (all - (x * y).sum(1) / temperature).mean() -
           std::log(2 * static_cast<double>(a.size(0)));
  }
  if (options_.debias > 0 || options_.hardness > 0 || groups.defined()) {
    return weighted_nt_xent(a, b,
                            {.temperature = temperature,
                             .decoupled = options_.loss.decoupled,
                             .tau_plus = options_.debias,
                             .beta = options_.hardness,
                             .normalize = options_.loss.normalize},
                            groups);
  }
  return nt_xent(a, b, options_.loss, log_inverse_temperature_);
}

Tensor Simclr::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "SimCLR compares two views or more, found {}", z.size());
  const Tensor groups = false_negatives_.groups(batch, z, progress());
  Tensor sum;
  int pairs = 0;
  for (size_t a = 0; a < z.size(); ++a) {
    for (size_t b = a + 1; b < z.size(); ++b, ++pairs) {
      const Tensor one = pair_loss(z[a], z[b], batch, groups);
      sum = sum.defined() ? sum + one : one;
    }
  }
  return pairs == 1 ? sum : sum / pairs;
}

}  // namespace likewise
