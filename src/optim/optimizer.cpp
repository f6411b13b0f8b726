#include "likewise/optim/optimizer.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "optim/flat.hpp"
#include "optim/rules.hpp"

namespace likewise {

Optimizer::Optimizer(std::vector<ParameterInfo> parameters, std::vector<std::string> slots)
    : parameters_(std::move(parameters)), slot_names_(std::move(slots)) {
  std::map<std::string, int> seen;
  for (const ParameterInfo& parameter : parameters_) {
    LIKEWISE_CHECK(parameter.tensor.defined(), "parameter {} is undefined", parameter.name);
    LIKEWISE_CHECK(++seen[parameter.name] == 1, "two parameters are called {}", parameter.name);
    std::vector<Tensor> own;
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      own.push_back(at::zeros_like(parameter.tensor.detach()));
    }
    slots_.push_back(std::move(own));
  }
  updates_ = at::zeros({static_cast<int64_t>(parameters_.size())}, at::kLong);
}

void Optimizer::step(double lr) {
  const at::NoGradGuard no_grad;
  int64_t* counts = updates_.data_ptr<int64_t>();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& parameter = parameters_[i].tensor;
    const Tensor& grad = parameter.grad();
    if (!grad.defined() || parameter.numel() == 0) continue;
    Update update;
    update.weight = parameter.detach();
    update.flat = flat::is_flat(update.weight);
    update.grad = update.flat ? flat::in_layout_of(update.weight, grad) : grad;
    // A module may have been moved or laid out anew since the slots were made.
    for (Tensor& slot : slots_[i]) slot = flat::in_layout_of(update.weight, slot);
    update.slots = slots_[i];
    update.count = ++counts[i];
    update.decay = parameters_[i].decay;
    update.lr = lr;
    apply(update);
    if (update.flat)
      parameter.unsafeGetTensorImpl()->bump_version();  // written behind torch's back
  }
}

void Optimizer::zero_grad() {
  for (ParameterInfo& parameter : parameters_) parameter.tensor.mutable_grad() = Tensor();
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state() const {
  std::vector<std::pair<std::string, Tensor>> out = {{"updates", updates_}};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    for (size_t s = 0; s < slot_names_.size(); ++s) {
      out.emplace_back(slot_names_[s] + "." + parameters_[i].name, slots_[i][s]);
    }
  }
  return out;
}

void Optimizer::load_state(const std::map<std::string, Tensor>& state) {
  const at::NoGradGuard no_grad;
  const auto own = this->state();
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) throw DataError("the optimiser's state lacks the tensor {}", name);
    if (found->second.sizes() != tensor.sizes()) {
      throw DataError("the optimiser's state has {} as [{}]; [{}] is needed", name,
                      fmt::join(found->second.sizes().vec(), ", "),
                      fmt::join(tensor.sizes().vec(), ", "));
    }
  }
  for (const auto& [name, tensor] : state) {
    bool known = false;
    for (const auto& item : own) known = known || item.first == name;
    if (!known) throw DataError("the optimiser has no use for the tensor {} of this state", name);
  }
  for (const auto& item : own) {
    Tensor tensor = item.second;
    tensor.copy_(state.at(item.first));
  }
}

std::vector<ParameterInfo> parameter_infos(
    const std::vector<std::pair<std::string, Tensor>>& parameters) {
  std::vector<ParameterInfo> out;
  for (const auto& [name, tensor] : parameters) out.push_back({name, tensor, tensor.dim() > 1});
  return out;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimOptions& options,
                                          std::vector<ParameterInfo> parameters) {
  if (options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
    throw UserError(
        "optim.nesterov needs optim.momentum above 0 and optim.dampening 0; found {} and {}",
        options.momentum, options.dampening);
  }
  if (options.name == "sgd") return make_sgd(options, std::move(parameters));
  if (options.name == "adam" || options.name == "adamw") {
    return make_adam(options, std::move(parameters));
  }
  if (options.name == "lars" || options.name == "lars-clip") {
    return make_lars(options, std::move(parameters));
  }
  throw UserError("optim.name is {}; accepted: sgd, adam, adamw, lars, lars-clip", options.name);
}

double scaled_learning_rate(const OptimOptions& options, double batch) {
  if (options.lr_scaling == "none") return options.lr;
  if (options.lr_scaling == "linear") return options.lr * batch / 256;
  if (options.lr_scaling == "sqrt") return options.lr * std::sqrt(batch);
  throw UserError("optim.lr_scaling is {}; accepted: none, linear, sqrt", options.lr_scaling);
}

}  // namespace likewise
