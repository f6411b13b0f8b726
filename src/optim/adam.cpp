// Adam, with the decay in the gradient or beside it (AdamW).
#include <ATen/TensorOperators.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "optim/flat.hpp"
#include "optim/rules.hpp"

namespace likewise {
namespace {

class Adam : public Optimizer {
 public:
  Adam(const OptimOptions& options, std::vector<ParameterInfo> parameters)
      : Optimizer(std::move(parameters), {"mean", "mean_square"}), options_(options) {}

 private:
  void apply(Update& update) const override {
    const OptimOptions& o = options_;
    const double wd = update.decay ? o.weight_decay : 0;
    const bool beside = o.name == "adamw";
    const double keep = beside ? 1 - update.lr * wd : 1, decay = beside ? 0 : wd;
    const double t = static_cast<double>(update.count);
    const double rate = update.lr / (1 - std::pow(o.beta1, t));
    const double root = 1 / std::sqrt(1 - std::pow(o.beta2, t));
    Tensor w = update.weight, a = update.slots[0], b = update.slots[1];
    if (update.flat) {
      const auto narrow = [](double x) { return static_cast<float>(x); };
      flat::adam(w.data_ptr<float>(), update.grad.data_ptr<float>(), a.data_ptr<float>(),
                 b.data_ptr<float>(), w.numel(),
                 {narrow(keep), narrow(decay), narrow(o.beta1), narrow(o.beta2), narrow(rate),
                  narrow(root), narrow(o.eps)});
      return;
    }
    w.mul_(keep);
    const Tensor u = update.grad + w * decay;
    a.mul_(o.beta1).add_(u, 1 - o.beta1);
    b.mul_(o.beta2).add_(u * u, 1 - o.beta2);
    w.sub_(a / (b.sqrt() * root + o.eps) * rate);
  }
  OptimOptions options_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(const OptimOptions& options,
                                     std::vector<ParameterInfo> parameters) {
  if (options.beta1 >= 1 || options.beta2 >= 1) {
    throw UserError("optim.beta1 and optim.beta2 must be below 1; found {} and {}", options.beta1,
                    options.beta2);
  }
  return std::make_unique<Adam>(options, std::move(parameters));
}

}  // namespace likewise
