#include "likewise/fewshot/maml.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

AdaptingMethod::AdaptingMethod(const MethodInput& input, const TaskNetOptions& options,
                               int64_t norm_sets)
    : ways_(input.ways) {
  net_ = register_module(
      "net", std::make_shared<TaskNet>(options, input.channels, input.size, input.ways, norm_sets));
}

std::vector<NormMode> AdaptingMethod::norm_modes() const {
  std::vector<NormMode> modes = {NormMode::kTransductive, NormMode::kSupport};
  if (net_->norm_sets() > 1) modes.push_back(NormMode::kInductive);
  return modes;
}

TaskLoss AdaptingMethod::loss_on(const Tensor& x, const Tensor& targets) const {
  return [this, x, targets](const Parameters& phi, int64_t) {
    return cross_entropy(net_->forward(x, phi), targets);
  };
}

TaskLoss AdaptingMethod::tasks_loss_on(const Tensor& x, const Tensor& targets, bool record) {
  return [this, x, targets, record](const Parameters& phi, int64_t step) {
    NormStatistics statistics;
    const bool keep = record && net_->norm_sets() > 1;
    const int64_t set = set_of(step);
    const Tensor logits = net_->forward_tasks(x, phi, keep ? &statistics : nullptr, nullptr, set);
    if (keep) net_->update_running(set, statistics);
    return task_cross_entropy(logits, targets);
  };
}

Parameters AdaptingMethod::start_of(int64_t tasks) const {
  Parameters start;
  for (const Tensor& p : stacked(net_->parameters_in_order(), tasks)) {
    start.push_back(p.detach().contiguous().set_requires_grad(true));
  }
  return start;
}

namespace {

// Tasks that go through the network at once: their activations should stay in the caches.
constexpr int64_t kTasksAtOnce = 8;

// Episodes [first, first + count) of a batch.
EpisodeBatch some(const EpisodeBatch& batch, int64_t first, int64_t count) {
  const auto from = batch.plan.begin() + first;
  return {batch.shape,
          {from, from + count},
          batch.images.narrow(0, first * batch.shape.size(), count * batch.shape.size())};
}

struct TaskParts {
  Tensor support, query;  // [T, B, S, S, C]
};

TaskParts parts_of(const EpisodeBatch& batch) {
  const Tensor all = task_images(batch.images, batch.episodes());
  const int64_t support = batch.shape.support_size();
  return {all.narrow(1, 0, support).contiguous(),
          all.narrow(1, support, batch.shape.query_size()).contiguous()};
}

}  // namespace

Tensor AdaptingMethod::scores(const EpisodeBatch& batch, NormMode mode) {
  if (batch.shape.ways != ways_) {
    throw UserError("this learner has an output for each of {} ways; episodes of {} need another",
                    ways_, batch.shape.ways);
  }
  std::vector<Tensor> all;
  for (int64_t e = 0; e < batch.episodes(); e += kTasksAtOnce) {
    const EpisodeBatch part = some(batch, e, std::min(kTasksAtOnce, batch.episodes() - e));
    const Parameters phi = adapted(part);
    const at::NoGradGuard no_grad;
    const TaskParts images = parts_of(part);
    NormStatistics statistics;
    const int64_t last = net_->norm_sets() - 1;
    if (mode == NormMode::kSupport) {
      net_->forward_tasks(images.support, phi, &statistics, nullptr, last);
    } else if (mode == NormMode::kInductive) {
      LIKEWISE_CHECK(last > 0, "{} sets of batch norms keep no running statistics", last + 1);
      statistics = net_->running(last);
    }
    const bool given = mode != NormMode::kTransductive;
    all.push_back(
        net_->forward_tasks(images.query, phi, nullptr, given ? &statistics : nullptr, last));
  }
  return at::cat(all);
}

Maml::Maml(const MethodInput& input, const Options& options)
    : AdaptingMethod(input, options.net, options.norms == "step" ? options.inner.steps + 1 : 1),
      options_(options) {
  if (options.rates == "fixed") return;
  const Parameters theta = net().parameters_in_order();
  auto lists = register_module("rates", std::make_shared<torch::nn::Module>());
  const int64_t steps = options.rates == "step" ? options.inner.steps : 1;
  for (int64_t k = 0; k < steps; ++k) {
    Parameters list;
    for (size_t p = 0; p < theta.size(); ++p) {
      if (net().norm_sets() > 1 && TaskNet::of_norm(p)) {
        list.emplace_back();  // does not adapt
        continue;
      }
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
      const bool each = list[p].defined() && list[p].numel() == theta[p].numel();
      shaped.push_back(each ? list[p].reshape(theta[p].sizes()) : list[p]);
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
  for (int64_t e = 0; e < batch.episodes(); e += kTasksAtOnce) {
    const EpisodeBatch part = some(batch, e, std::min(kTasksAtOnce, batch.episodes() - e));
    const TaskParts images = parts_of(part);
    const Tensor loss =
        maml_objective(stacked(net().parameters_in_order(), part.episodes()),
                       tasks_loss_on(images.support, part.support_targets(), true),
                       tasks_loss_on(images.query, part.query_targets(), true), options_.inner,
                       graph(second, options_.inner.steps), weights);
    (loss / tasks).backward();
    sum += loss.item<double>() / tasks;
  }
  return sum;
}

Parameters Maml::adapted(const EpisodeBatch& batch) {
  InnerOptions inner = options_.inner;
  if (options_.test_steps > 0) inner.steps = options_.test_steps;
  return adapt(start_of(batch.episodes()),
               tasks_loss_on(parts_of(batch).support, batch.support_targets(), false), inner,
               graph(false, inner.steps))
      .back();
}

Reptile::Reptile(const MethodInput& input, const Options& options)
    : AdaptingMethod(input, options.net), options_(options) {}

TaskLoss Reptile::minibatches(const EpisodeBatch& batch, int64_t size) const {
  const Tensor images = parts_of(batch).support.flatten(0, 1);  // [T n, S, S, C]
  const Tensor targets = batch.support_targets();
  const int64_t n = targets.size(0), take = std::min(size, n);
  std::vector<uint64_t> keys;
  for (const Episode& episode : batch.plan) {
    keys.push_back(static_cast<uint64_t>(episode.positions.at(0)));
  }
  return [this, images, targets, n, take, keys](const Parameters& phi, int64_t step) {
    std::vector<int64_t> rows, classes;
    for (size_t t = 0; t < keys.size(); ++t) {
      for (int64_t i = step * take; i < (step + 1) * take; ++i) {
        const auto pass = static_cast<uint64_t>(i / n);
        const auto order = Rng(keys[t], {0x4e97, pass}).permutation(n);
        classes.push_back(order[static_cast<size_t>(i % n)]);
        rows.push_back(static_cast<int64_t>(t) * n + classes.back());
      }
    }
    const auto tasks = static_cast<int64_t>(keys.size());
    const Tensor chosen = images.index_select(0, at::tensor(rows, at::kLong));
    return task_cross_entropy(
        net().forward_tasks(chosen.reshape({tasks, take, images.size(1), images.size(2), -1}), phi),
        targets.index_select(0, at::tensor(classes, at::kLong)).reshape({tasks, take}));
  };
}

double Reptile::accumulate(const EpisodeBatch& batch, double) {
  const Parameters theta = net().parameters_in_order();
  const auto tasks = static_cast<double>(batch.episodes());
  double sum = 0;
  for (int64_t e = 0; e < batch.episodes(); e += kTasksAtOnce) {
    const EpisodeBatch part = some(batch, e, std::min(kTasksAtOnce, batch.episodes() - e));
    const TaskLoss loss = minibatches(part, options_.inner_batch);
    double first = 0;
    const Parameters direction = reptile_direction(
        stacked(theta, part.episodes()),
        [&](const Parameters& phi, int64_t step) {
          const Tensor value = loss(phi, step);
          if (step == 0) first = value.item<double>();
          return value;
        },
        options_.inner);
    for (size_t p = 0; p < theta.size(); ++p) {
      Tensor parameter = theta[p];
      const Tensor mean = direction[p].sum(0) / tasks;
      Tensor& grad = parameter.mutable_grad();
      grad = grad.defined() ? grad + mean : mean;
    }
    sum += first / tasks;
  }
  return sum;
}

Parameters Reptile::adapted(const EpisodeBatch& batch) {
  InnerOptions inner = options_.inner;
  inner.steps = options_.test_steps;
  return adapt(start_of(batch.episodes()), minibatches(batch, options_.test_batch), inner,
               {.second_order = false})
      .back();
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

Parameters Imaml::adapted(const EpisodeBatch& batch) {
  const Parameters start = start_of(batch.episodes());
  Parameters held;
  for (const Tensor& p : start) held.push_back(p.detach());
  const TaskLoss support = tasks_loss_on(parts_of(batch).support, batch.support_targets(), false);
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
