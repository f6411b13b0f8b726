#pragma once
// Learning that learns: inner loops as functions of parameters, and the gradients through them.
//
//   Parameters theta = ...;                      // leaves that require gradients
//   Tensor loss = maml_objective(theta, support_loss, query_loss, {.rate = 0.4});
//   loss.backward();                             // second order
//
// Nothing here knows networks: a task is two functions of a list of tensors. Everything that a loss
// computes must have second derivatives where they are asked for (not cdist, grid_sampler, ctc).

#include <functional>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise::fewshot {

using Parameters = std::vector<Tensor>;
// The loss of a task at the given parameters; `step` = 0, 1, ... is the inner step that asks, for
// losses that draw a minibatch at each.
using TaskLoss = std::function<Tensor(const Parameters& phi, int64_t step)>;

struct InnerOptions {
  std::string optimizer = "sgd";
  double rate = 0.4;
  int64_t steps = 1;
  double momentum = 0.9;
  double beta1 = 0;
  double beta2 = 0.999;
  template <class V>
  void fields(V& v) {
    v("optimizer", optimizer, "how the inner loop steps; its state is part of the graph",
      choices({"sgd", "momentum", "adam"}));
    v("rate", rate, "learning rate of the inner loop", range(0, 1e3));
    v("steps", steps, "inner steps", range(0, 10000));
    v("momentum", momentum, "of momentum", range(0, 1));
    v("beta1", beta1, "of adam: decay of the mean gradient (Reptile 0)", range(0, 1));
    v("beta2", beta2, "of adam: decay of the mean squared gradient", range(0, 1));
  }
};

// How a loop is differentiated and what adapts.
struct InnerGraph {
  bool second_order = true;  // else gradients within the loop count as constants
  size_t first_adapted = 0;  // parameters before this one stay as they are (ANIL: the body)
  // Learned rates in place of InnerOptions::rate: [steps] or [1], for all steps, lists of one
  // tensor for each parameter that broadcasts to it; one that is undefined holds its parameter
  // where it is. Empty: none.
  std::vector<Parameters> rates = {};
};

// phi_0 = start, ..., phi_k. With g = grad L(phi_i):
//   sgd       phi -= rate g
//   momentum  v = m v + g;  phi -= rate v
//   adam      a = b1 a + (1 - b1) g, b = b2 b + (1 - b2) g^2;
//             phi -= rate a / (1 - b1^t) / sqrt(b / (1 - b2^t) + 1e-16)
// The root's offset is inside, so that it has a derivative where a gradient is 0; to rounding that
// is the usual 1e-8 outside. The iterates carry a graph back to `start` and the rates.
std::vector<Parameters> adapt(const Parameters& start, const TaskLoss& loss,
                              const InnerOptions& options, const InnerGraph& graph = {});

// sum_i weights[i] L_query(phi_i), i = 0 .. k; without weights L_query(phi_k). Differentiable with
// respect to start and rates. Sources: Finn, Abbeel, Levine, "Model-agnostic meta-learning for fast
// adaptation of deep networks", ICML 2017 (weights: Antoniou, Edwards, Storkey, "How to train your
// MAML", ICLR 2019; rates: Li et al., "Meta-SGD", 2017).
Tensor maml_objective(const Parameters& start, const TaskLoss& support, const TaskLoss& query,
                      const InnerOptions& options, const InnerGraph& graph = {},
                      const std::vector<double>& weights = {});

// Weights of phi_1 .. phi_k (phi_0 has 0) at `fraction` of the annealing: equal at 0, all on the
// last at 1 and beyond.
std::vector<double> multi_step_weights(int64_t steps, double fraction);

// start - phi_k, detached: the direction whose mean over tasks Reptile follows,
// theta -= eps mean_j (theta - phi_j). Source: Nichol, Achiam, Schulman, "On first-order
// meta-learning algorithms", 2018.
Parameters reptile_direction(const Parameters& start, const TaskLoss& loss,
                             const InnerOptions& options);

struct ImplicitOptions {
  double strength = 2;
  int64_t conjugate_steps = 5;
  template <class V>
  void fields(V& v) {
    v("strength", strength, "lambda: how strongly adapted weights are held to the start",
      range(1e-6, 1e6));
    v("conjugate_steps", conjugate_steps, "steps of conjugate gradients", range(1, 1000));
  }
};

struct ImplicitGradient {
  Parameters gradient;  // with respect to start
  double query_loss = 0;
  Parameters adapted;  // phi*
};

// phi* = argmin L_support(phi) + lambda/2 |phi - start|^2 by the inner loop, then
// (I + H/lambda) g = grad L_query(phi*) by conjugate gradients, H the Hessian of L_support at phi*,
// by products only. The path is forgotten: memory does not grow with the steps.
// Source: Rajeswaran, Finn, Kakade, Levine, "Meta-learning with implicit gradients", NeurIPS 2019.
ImplicitGradient implicit_gradient(const Parameters& start, const TaskLoss& support,
                                   const TaskLoss& query, const InnerOptions& inner,
                                   const ImplicitOptions& options);

}  // namespace likewise::fewshot
