// SGD with momentum and the two kinds of LARS: they differ in what multiplies the gradient.
#include <ATen/TensorOperators.h>
#include <ATen/ops/norm.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "optim/flat.hpp"
#include "optim/rules.hpp"

namespace likewise {
namespace {

constexpr double kLarsClipEps = 1e-8;

// In double precision: the tensor operations of the general way want it.
struct MomentumRule {
  double decay, gain, momentum, fresh, rate;
  bool nesterov;
};

void apply_momentum(Optimizer::Update& update, const MomentumRule& rule) {
  Tensor w = update.weight, v = update.slots[0];
  if (update.flat) {
    const flat::MomentumStep step = {
        static_cast<float>(rule.decay),    static_cast<float>(rule.gain),
        static_cast<float>(rule.momentum), static_cast<float>(rule.fresh),
        static_cast<float>(rule.rate),     rule.nesterov};
    flat::momentum(w.data_ptr<float>(), update.grad.data_ptr<float>(), v.data_ptr<float>(),
                   w.numel(), step);
    return;
  }
  const Tensor u = (update.grad + w * rule.decay) * rule.gain;
  v.mul_(rule.momentum).add_(u, rule.fresh);
  w.sub_((rule.nesterov ? u + v * rule.momentum : v) * rule.rate);
}

// |g + decay w| and |w|
std::pair<double, double> norms(const Optimizer::Update& update, double decay) {
  const Tensor &g = update.grad, &w = update.weight;
  if (update.flat) {
    const flat::SquareSums sums = flat::square_sums(g.data_ptr<float>(), w.data_ptr<float>(),
                                                    static_cast<float>(decay), g.numel());
    return {std::sqrt(sums.gradient), std::sqrt(sums.weight)};
  }
  return {(decay == 0 ? g : g + w * decay).norm().item<double>(), w.norm().item<double>()};
}

class Sgd : public Optimizer {
 public:
  Sgd(const OptimOptions& options, std::vector<ParameterInfo> parameters)
      : Optimizer(std::move(parameters), {"momentum"}), options_(options) {}

 private:
  void apply(Update& update) const override {
    apply_momentum(update,
                   {update.decay ? options_.weight_decay : 0, 1, options_.momentum,
                    update.count == 1 ? 1 : 1 - options_.dampening, update.lr, options_.nesterov});
  }
  OptimOptions options_;
};

class Lars : public Optimizer {
 public:
  Lars(const OptimOptions& options, std::vector<ParameterInfo> parameters)
      : Optimizer(std::move(parameters), {"momentum"}), options_(options) {
    clip_ = options.name == "lars-clip";
    eta_ = options.lars_eta > 0 ? options.lars_eta : clip_ ? 0.02 : 0.001;
  }

 private:
  void apply(Update& update) const override {
    double decay = update.decay ? options_.weight_decay : 0, ratio = 1;
    if (update.decay) {
      const auto [g, w] = norms(update, clip_ ? 0 : decay);
      const bool both = w != 0 && g != 0;
      if (both && clip_) {
        ratio = std::min(eta_ * w / (g + decay * w + kLarsClipEps) / update.lr, 1.0);
      } else if (both) {
        ratio = eta_ * w / g;
      } else if (clip_) {
        decay = 0;
      }
    }
    apply_momentum(update, {decay, clip_ ? ratio : update.lr * ratio, options_.momentum, 1,
                            clip_ ? update.lr : 1, options_.nesterov});
  }
  OptimOptions options_;
  bool clip_;
  double eta_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const OptimOptions& options,
                                    std::vector<ParameterInfo> parameters) {
  return std::make_unique<Sgd>(options, std::move(parameters));
}

std::unique_ptr<Optimizer> make_lars(const OptimOptions& options,
                                     std::vector<ParameterInfo> parameters) {
  return std::make_unique<Lars>(options, std::move(parameters));
}

}  // namespace likewise
