#include "likewise/fewshot/maml.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

AdaptingMethod::AdaptingMethod(const MethodInput& input, const TaskNetOptions& options)
    : ways_(input.ways) {
  net_ = register_module(
      "net", std::make_shared<TaskNet>(options, input.channels, input.size, input.ways));
}

TaskLoss AdaptingMethod::loss_on(const Tensor& x, const Tensor& targets) const {
  return [this, x, targets](const Parameters& phi, int64_t) {
    return cross_entropy(net_->forward(x, phi), targets);
  };
}

Tensor AdaptingMethod::scores(const EpisodeBatch& batch, NormMode mode) {
  if (batch.shape.ways != ways_) {
    throw UserError("this learner has an output for each of {} ways; episodes of {} need another",
                    ways_, batch.shape.ways);
  }
  std::vector<Tensor> all;
  for (int64_t e = 0; e < batch.episodes(); ++e) {
    const EpisodeBatch one = batch.only(e);
    const Parameters phi = adapted(one);
    const at::NoGradGuard no_grad;
    NormStatistics statistics;
    const bool by_support = mode == NormMode::kSupport;
    if (by_support) net_->forward(one.support(0), phi, &statistics);
    all.push_back(net_->forward(one.query(0), phi, nullptr, by_support ? &statistics : nullptr)
                      .detach()
                      .unsqueeze(0));
  }
  return at::cat(all);
}

Maml::Maml(const MethodInput& input, const Options& options)
    : AdaptingMethod(input, options.net), options_(options) {
  if (options.rates == "fixed") return;
  const Parameters theta = net().parameters_in_order();
  auto lists = register_module("rates", std::make_shared<torch::nn::Module>());
  const int64_t steps = options.rates == "step" ? options.inner.steps : 1;
  for (int64_t k = 0; k < steps; ++k) {
    Parameters list;
    for (size_t p = 0; p < theta.size(); ++p) {
      // One-dimensional names that `initialize` leaves alone, so that rates start where they are.
      const Tensor flat = options.rates == "step"
                              ? at::full({1}, options.inner.rate)
                              : at::full({theta[p].numel()}, options.inner.rate);
      const Tensor rate =
          lists->register_parameter("rate" + std::to_string(k) + "_" + std::to_string(p), flat);
      list.push_back(rate);
    }
    rates_.push_back(std::move(list));
  }
}

InnerGraph Maml::graph(bool second_order, int64_t steps) const {
  InnerGraph out;
  out.second_order = second_order;
  out.first_adapted = options_.adapts == "head" ? net().head_begin() : 0;
  const Parameters theta = net().parameters_in_order();
  for (const Parameters& list : rates_) {
    Parameters shaped;
    for (size_t p = 0; p < list.size(); ++p) {
      shaped.push_back(list[p].numel() == theta[p].numel() ? list[p].reshape(theta[p].sizes())
                                                           : list[p]);
    }
    out.rates.push_back(std::move(shaped));
  }
  // A test that takes more steps than training goes on with the last rates.
  while (out.rates.size() > 1 && static_cast<int64_t>(out.rates.size()) < steps) {
    out.rates.push_back(out.rates.back());
  }
  return out;
}

double Maml::accumulate(const EpisodeBatch& batch, double fraction) {
  const bool second = options_.order == "second" && fraction >= options_.first_order_part;
  std::vector<double> weights;
  if (options_.multi_step && options_.inner.steps > 0) {
    weights =
        multi_step_weights(options_.inner.steps,
                           options_.multi_step_part > 0 ? fraction / options_.multi_step_part : 1);
  }
  const auto tasks = static_cast<double>(batch.episodes());
  double sum = 0;
  for (int64_t e = 0; e < batch.episodes(); ++e) {
    const Tensor loss = maml_objective(
        net().parameters_in_order(), loss_on(batch.support(e), batch.support_targets()),
        loss_on(batch.query(e), batch.query_targets()), options_.inner,
        graph(second, options_.inner.steps), weights);
    (loss / tasks).backward();
    sum += loss.item<double>() / tasks;
  }
  return sum;
}

Parameters Maml::adapted(const EpisodeBatch& one) {
  InnerOptions inner = options_.inner;
  if (options_.test_steps > 0) inner.steps = options_.test_steps;
  return adapt(net().parameters_in_order(), loss_on(one.support(0), one.support_targets()), inner,
               graph(false, inner.steps))
      .back();
}

Reptile::Reptile(const MethodInput& input, const Options& options)
    : AdaptingMethod(input, options.net), options_(options) {}

TaskLoss Reptile::minibatches(const EpisodeBatch& one, int64_t size) const {
  const Tensor x = one.support(0), targets = one.support_targets();
  const int64_t n = x.size(0), take = std::min(size, n);
  const auto key = static_cast<uint64_t>(one.plan.at(0).positions.at(0));
  return [this, x, targets, n, take, key](const Parameters& phi, int64_t step) {
    std::vector<int64_t> rows;
    for (int64_t i = step * take; i < (step + 1) * take; ++i) {
      const auto pass = static_cast<uint64_t>(i / n);
      rows.push_back(Rng(key, {0x4e97, pass}).permutation(n)[static_cast<size_t>(i % n)]);
    }
    const Tensor chosen = at::tensor(rows, at::kLong);
    return cross_entropy(net().forward(x.index_select(0, chosen), phi),
                         targets.index_select(0, chosen));
  };
}

double Reptile::accumulate(const EpisodeBatch& batch, double) {
  const Parameters theta = net().parameters_in_order();
  const auto tasks = static_cast<double>(batch.episodes());
  double sum = 0;
  for (int64_t e = 0; e < batch.episodes(); ++e) {
    const EpisodeBatch one = batch.only(e);
    const TaskLoss loss = minibatches(one, options_.inner_batch);
    double first = 0;
    const Parameters direction = reptile_direction(
        theta,
        [&](const Parameters& phi, int64_t step) {
          const Tensor value = loss(phi, step);
          if (step == 0) first = value.item<double>();
          return value;
        },
        options_.inner);
    for (size_t p = 0; p < theta.size(); ++p) {
      Tensor parameter = theta[p];
      const Tensor part = direction[p] / tasks;
      Tensor& grad = parameter.mutable_grad();
      grad = grad.defined() ? grad + part : part;
    }
    sum += first / tasks;
  }
  return sum;
}

Parameters Reptile::adapted(const EpisodeBatch& one) {
  InnerOptions inner = options_.inner;
  inner.steps = options_.test_steps;
  Parameters start;
  for (const Tensor& p : net().parameters_in_order()) {
    start.push_back(p.detach().clone().set_requires_grad(true));
  }
  return adapt(start, minibatches(one, options_.test_batch), inner, {.second_order = false}).back();
}

Imaml::Imaml(const MethodInput& input, const Options& options)
    : AdaptingMethod(input, options.net), options_(options) {}

double Imaml::accumulate(const EpisodeBatch& batch, double) {
  const Parameters theta = net().parameters_in_order();
  const auto tasks = static_cast<double>(batch.episodes());
  double sum = 0;
  for (int64_t e = 0; e < batch.episodes(); ++e) {
    const ImplicitGradient found = implicit_gradient(
        theta, loss_on(batch.support(e), batch.support_targets()),
        loss_on(batch.query(e), batch.query_targets()), options_.inner, options_.implicit);
    for (size_t p = 0; p < theta.size(); ++p) {
      Tensor parameter = theta[p];
      const Tensor part = found.gradient[p].detach() / tasks;
      Tensor& grad = parameter.mutable_grad();
      grad = grad.defined() ? grad + part : part;
    }
    sum += found.query_loss / tasks;
  }
  return sum;
}

Parameters Imaml::adapted(const EpisodeBatch& one) {
  const Parameters theta = net().parameters_in_order();
  Parameters held, start;
  for (const Tensor& p : theta) {
    held.push_back(p.detach());
    start.push_back(p.detach().clone().set_requires_grad(true));
  }
  const TaskLoss support = loss_on(one.support(0), one.support_targets());
  const TaskLoss regularised = [&](const Parameters& phi, int64_t step) {
    Tensor sum = support(phi, step);
    for (size_t i = 0; i < phi.size(); ++i) {
      sum = sum + options_.implicit.strength / 2 * (phi[i] - held[i]).pow(2).sum();
    }
    return sum;
  };
  return adapt(start, regularised, options_.inner, {.second_order = false}).back();
}

}  // namespace likewise::fewshot
