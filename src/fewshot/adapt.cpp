#include "likewise/fewshot/adapt.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

namespace {

// Gradients of a scalar; zeros where it does not depend on a parameter.
Parameters gradients(const Tensor& loss, const Parameters& parameters, bool create_graph) {
  Parameters grads =
      torch::autograd::grad({loss}, parameters, {}, create_graph, create_graph, true);
  for (size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined()) grads[i] = at::zeros_like(parameters[i]);
  }
  return grads;
}

Parameters leaves(const Parameters& parameters) {
  Parameters out;
  for (const Tensor& p : parameters) out.push_back(p.detach().clone().set_requires_grad(true));
  return out;
}

// The state of one parameter in the inner loop, part of the graph.
struct InnerState {
  Tensor velocity, mean, square;
};

Tensor step_of(const Tensor& g, InnerState& state, const InnerOptions& options, int64_t t) {
  if (options.optimizer == "sgd") return g;
  if (options.optimizer == "momentum") {
    state.velocity = state.velocity.defined() ? options.momentum * state.velocity + g : g;
    return state.velocity;
  }
  LIKEWISE_CHECK(options.optimizer == "adam", "inner optimizer {}", options.optimizer);
  constexpr double kOffset = 1e-16;
  const Tensor mean = (1 - options.beta1) * g, square = (1 - options.beta2) * g * g;
  state.mean = state.mean.defined() ? options.beta1 * state.mean + mean : mean;
  state.square = state.square.defined() ? options.beta2 * state.square + square : square;
  const auto n = static_cast<double>(t + 1);
  const Tensor a = state.mean / (1 - std::pow(options.beta1, n));
  const Tensor b = state.square / (1 - std::pow(options.beta2, n));
  return a / (b + kOffset).sqrt();
}

}  // namespace

std::vector<Parameters> adapt(const Parameters& start, const TaskLoss& loss,
                              const InnerOptions& options, const InnerGraph& graph) {
  LIKEWISE_CHECK(graph.first_adapted < start.size(), "{} of {} parameters adapt",
                 graph.first_adapted, start.size());
  const size_t lists = graph.rates.size();
  LIKEWISE_CHECK(lists <= 1 || lists >= static_cast<size_t>(options.steps),
                 "{} lists of rates for {} steps", lists, options.steps);
  const at::AutoGradMode enabled(true);
  std::vector<Parameters> path = {start};
  std::vector<InnerState> states(start.size());
  const auto first = static_cast<std::ptrdiff_t>(graph.first_adapted);
  for (int64_t k = 0; k < options.steps; ++k) {
    const Parameters& phi = path.back();
    const Parameters adapted(phi.begin() + first, phi.end());
    const Parameters grads = gradients(loss(phi, k), adapted, graph.second_order);
    Parameters next(phi.begin(), phi.begin() + first);
    for (size_t i = 0; i < grads.size(); ++i) {
      const size_t p = i + graph.first_adapted;
      const Tensor* rate =
          lists == 0 ? nullptr : &graph.rates[std::min(static_cast<size_t>(k), lists - 1)].at(p);
      if (rate != nullptr && !rate->defined()) {
        next.push_back(phi[p]);
        continue;
      }
      const Tensor step = step_of(grads[i], states[p], options, k);
      next.push_back(phi[p] - (rate == nullptr ? options.rate * step : *rate * step));
    }
    path.push_back(std::move(next));
  }
  return path;
}

Tensor maml_objective(const Parameters& start, const TaskLoss& support, const TaskLoss& query,
                      const InnerOptions& options, const InnerGraph& graph,
                      const std::vector<double>& weights) {
  const auto path = adapt(start, support, options, graph);
  if (weights.empty()) return query(path.back(), options.steps);
  LIKEWISE_CHECK(weights.size() == path.size(), "{} weights for {} iterates", weights.size(),
                 path.size());
  Tensor sum;
  for (size_t i = 0; i < path.size(); ++i) {
    if (weights[i] == 0) continue;
    const Tensor term = weights[i] * query(path[i], static_cast<int64_t>(i));
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

std::vector<double> multi_step_weights(int64_t steps, double fraction) {
  LIKEWISE_CHECK(steps >= 1, "{} steps", steps);
  const double equal = 1 / static_cast<double>(steps);
  const double others = equal * (1 - std::clamp(fraction, 0.0, 1.0));
  std::vector<double> weights(static_cast<size_t>(steps + 1), others);
  weights.front() = 0;
  weights.back() = 1 - others * static_cast<double>(steps - 1);
  return weights;
}

Parameters reptile_direction(const Parameters& start, const TaskLoss& loss,
                             const InnerOptions& options) {
  Parameters phi = leaves(start), out;
  // Step by step, so that no graph is kept; the optimiser's state goes on within the loop.
  const auto path = adapt(phi, loss, options, {.second_order = false});
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < start.size(); ++i) {
    out.push_back(start[i].detach() - path.back()[i].detach());
  }
  return out;
}

namespace {

double dot(const Parameters& a, const Parameters& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] * b[i]).sum().item<double>();
  return sum;
}

void add(Parameters& a, const Parameters& b, double scale) {
  for (size_t i = 0; i < a.size(); ++i) a[i] = a[i] + scale * b[i];
}

}  // namespace

ImplicitGradient implicit_gradient(const Parameters& start, const TaskLoss& support,
                                   const TaskLoss& query, const InnerOptions& inner,
                                   const ImplicitOptions& options) {
  Parameters held;
  for (const Tensor& p : start) held.push_back(p.detach());
  const TaskLoss regularised = [&](const Parameters& phi, int64_t step) {
    Tensor sum = support(phi, step);
    for (size_t i = 0; i < phi.size(); ++i) {
      sum = sum + options.strength / 2 * (phi[i] - held[i]).pow(2).sum();
    }
    return sum;
  };
  ImplicitGradient out;
  out.adapted = leaves(adapt(leaves(start), regularised, inner, {.second_order = false}).back());

  const at::AutoGradMode enabled(true);
  const Tensor judged = query(out.adapted, inner.steps);
  out.query_loss = judged.item<double>();
  const Parameters v = gradients(judged, out.adapted, false);
  const Parameters slope = gradients(support(out.adapted, inner.steps), out.adapted, true);
  const auto product = [&](const Parameters& u) {  // (I + H / lambda) u
    Tensor along;
    for (size_t i = 0; i < u.size(); ++i) {
      const Tensor term = (slope[i] * u[i]).sum();
      along = along.defined() ? along + term : term;
    }
    Parameters result = u;
    if (!along.requires_grad()) return result;  // a support loss without curvature
    const Parameters hu = torch::autograd::grad({along}, out.adapted, {}, true, false, true);
    for (size_t i = 0; i < u.size(); ++i) {
      if (hu[i].defined()) result[i] = u[i] + hu[i] / options.strength;
    }
    return result;
  };
  Parameters x, residual = v;
  for (const Tensor& t : v) x.push_back(at::zeros_like(t));
  Parameters direction = residual;
  double square = dot(residual, residual);
  const double enough = square * 1e-24;
  for (int64_t k = 0; k < options.conjugate_steps && square > enough; ++k) {
    const Parameters image = product(direction);
    const double curvature = dot(direction, image);
    if (curvature <= 0) break;  // no minimum along here: what there is so far is the best known
    const double step = square / curvature;
    add(x, direction, step);
    add(residual, image, -step);
    const double next = dot(residual, residual);
    Parameters turned = residual;
    add(turned, direction, next / square);
    direction = std::move(turned);
    square = next;
  }
  out.gradient = square == dot(v, v) && dot(x, x) == 0 ? v : x;
  return out;
}

}  // namespace likewise::fewshot
