#pragma once
// Learners that adapt by gradient steps: MAML and what became of it.

#include <algorithm>

#include "likewise/fewshot/method.hpp"
#include "likewise/fewshot/task_net.hpp"

namespace likewise::fewshot {

struct MamlOptions {
  InnerOptions inner;
  TaskNetOptions net;
  std::string order = "second";
  std::string adapts = "all";
  std::string rates = "fixed";
  std::string norms = "shared";
  bool multi_step = false;
  double multi_step_part = 0.1;
  double first_order_part = 0;
  int64_t test_steps = 0;
  template <class V>
  void fields(V& v) {
    v.group("inner", inner);
    v.group("net", net);
    v("order", order,
      "derivatives through the inner loop: second, or first: its gradients count as "
      "constants",
      choices({"first", "second"}));
    v("adapts", adapts, "what the inner loop changes: all, or the head alone",
      choices({"all", "head"}));
    v("rates", rates,
      "inner rates: fixed; learned for every weight (Meta-SGD), or for every tensor and step",
      choices({"fixed", "weight", "step"}));
    v("norms", norms,
      "batch norms: shared by the inner steps, scale and shift adapting; or step: of every step "
      "its "
      "own, with running statistics, not adapting (MAML++)",
      choices({"shared", "step"}));
    v("multi_step", multi_step, "queries judge every inner step, at last only the last one");
    v("multi_step_part", multi_step_part, "part of training over which that anneals", range(0, 1));
    v("first_order_part", first_order_part, "part of training, at its start, in first order",
      range(0, 1));
    v("test_steps", test_steps, "inner steps when naming queries; 0: as in training",
      range(0, 10000));
  }
};

// The variants that have names: the same learner with other defaults.
struct FirstOrderMamlOptions : MamlOptions {
  FirstOrderMamlOptions() { order = "first"; }
};
struct AnilOptions : MamlOptions {
  AnilOptions() { adapts = "head"; }
};
struct MetaSgdOptions : MamlOptions {
  MetaSgdOptions() { rates = "weight"; }
};
struct MamlPlusOptions : MamlOptions {
  MamlPlusOptions() {
    rates = "step";
    norms = "step";
    multi_step = true;
    inner.steps = 5;
    first_order_part = 0.3;
  }
};

// What MAML, Reptile and iMAML share: a network, and queries named after steps on the support.
class AdaptingMethod : public FewShotMethod {
 public:
  AdaptingMethod(const MethodInput& input, const TaskNetOptions& options, int64_t norm_sets = 1);
  Tensor scores(const EpisodeBatch& batch, NormMode mode) override;  // logits
  // With batch norms of every step also inductive: queries by the last set's running statistics.
  std::vector<NormMode> norm_modes() const override;
  int64_t fixed_ways() const override { return ways_; }

  // The parameters after the steps of a test on each episode's support, stacked: [E, ...].
  virtual Parameters adapted(const EpisodeBatch& batch) = 0;

 protected:
  const TaskNet& net() const { return *net_; }
  TaskNet& net() { return *net_; }
  TaskLoss loss_on(const Tensor& x, const Tensor& targets) const;  // of one task
  // Stacked parameters, one set a task: leaves to adapt from.
  Parameters start_of(int64_t tasks) const;
  // The sum over tasks of stacked parameters; images as `task_images` gives them. The pass at
  // iterate phi_k uses set k of the batch norms (the last one beyond it). With `record` their
  // running statistics take up those of each pass.
  TaskLoss tasks_loss_on(const Tensor& x, const Tensor& targets, bool record);
  int64_t set_of(int64_t step) const { return std::min(step, net_->norm_sets() - 1); }

 private:
  std::shared_ptr<TaskNet> net_;
  int64_t ways_;
};

// Mean over tasks of the query loss after `inner.steps` steps on the support, and its gradient
// through those steps. Sources: MAML and Meta-SGD as in adapt.hpp; ANIL: Raghu et al., "Rapid
// learning or feature reuse?", ICLR 2020; MAML++: Antoniou, Edwards, Storkey, "How to train your
// MAML", ICLR 2019, sections 4.1 to 4.5. Its batch norms are counted by iterates here: phi_0 to
// phi_k each have a set (the authors' program judges queries at phi_{i+1} with that of step i).
class Maml : public AdaptingMethod {
 public:
  using Options = MamlOptions;
  Maml(const MethodInput& input, const Options& options);
  double accumulate(const EpisodeBatch& batch, double fraction) override;
  Parameters adapted(const EpisodeBatch& batch) override;

 private:
  InnerGraph graph(bool second_order, int64_t steps) const;

  Options options_;
  std::vector<Parameters> rates_;
};

template <class O>
class MamlVariant : public Maml {
 public:
  using Options = O;
  MamlVariant(const MethodInput& input, const Options& options) : Maml(input, options) {}
};

struct ReptileOptions {
  static InnerOptions default_inner() {
    InnerOptions inner;
    inner.optimizer = "adam";
    inner.rate = 1e-3;
    inner.steps = 5;
    return inner;
  }
  InnerOptions inner = default_inner();
  TaskNetOptions net;
  int64_t inner_batch = 10;
  int64_t test_steps = 50;
  int64_t test_batch = 5;
  template <class V>
  void fields(V& v) {
    v.group("inner", inner);
    v.group("net", net);
    v("inner_batch", inner_batch, "images of an inner step", range(1, 1e6));
    v("test_steps", test_steps, "inner steps when naming queries", range(0, 10000));
    v("test_batch", test_batch, "images of each of those", range(1, 1e6));
  }
};

// theta <- theta - eps mean_j (theta - phi_j), phi_j after `inner.steps` minibatch steps on task
// j's supports; eps is the outer optimiser's rate (sgd). The inner optimiser starts anew for every
// task; the authors' keeps its second moments. Source: as reptile_direction.
class Reptile : public AdaptingMethod {
 public:
  using Options = ReptileOptions;
  Reptile(const MethodInput& input, const Options& options);
  double accumulate(const EpisodeBatch& batch, double fraction) override;
  Parameters adapted(const EpisodeBatch& batch) override;

 private:
  // Minibatches of each support in an order drawn from its first position, over and over.
  TaskLoss minibatches(const EpisodeBatch& batch, int64_t size) const;
  Options options_;
};

struct ImamlOptions {
  static InnerOptions default_inner() {
    InnerOptions inner;
    inner.rate = 0.1;
    inner.steps = 16;
    return inner;
  }
  InnerOptions inner = default_inner();
  ImplicitOptions implicit;
  TaskNetOptions net;
  template <class V>
  void fields(V& v) {
    v.group("inner", inner);
    v.group("implicit", implicit);
    v.group("net", net);
  }
};

// Implicit gradients (adapt.hpp).
class Imaml : public AdaptingMethod {
 public:
  using Options = ImamlOptions;
  Imaml(const MethodInput& input, const Options& options);
  double accumulate(const EpisodeBatch& batch, double fraction) override;
  Parameters adapted(const EpisodeBatch& batch) override;

 private:
  Options options_;
};

}  // namespace likewise::fewshot
