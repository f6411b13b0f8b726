#pragma once
// Learners that adapt by gradient steps: MAML and what became of it.

#include "likewise/fewshot/method.hpp"
#include "likewise/fewshot/task_net.hpp"

namespace likewise::fewshot {

struct MamlOptions {
  InnerOptions inner;
  TaskNetOptions net;
  std::string order = "second";
  std::string adapts = "all";
  std::string rates = "fixed";
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
    multi_step = true;
    inner.steps = 5;
    first_order_part = 0.3;
  }
};

// What MAML, Reptile and iMAML share: a network, and queries named after steps on the support.
class AdaptingMethod : public FewShotMethod {
 public:
  AdaptingMethod(const MethodInput& input, const TaskNetOptions& options);
  Tensor scores(const EpisodeBatch& batch, NormMode mode) override;  // logits
  std::vector<NormMode> norm_modes() const override {
    return {NormMode::kTransductive, NormMode::kSupport};
  }
  int64_t fixed_ways() const override { return ways_; }

  // The parameters after the steps of a test on one episode's support.
  virtual Parameters adapted(const EpisodeBatch& one) = 0;

 protected:
  const TaskNet& net() const { return *net_; }
  TaskLoss loss_on(const Tensor& x, const Tensor& targets) const;

 private:
  std::shared_ptr<TaskNet> net_;
  int64_t ways_;
};

// Mean over tasks of the query loss after `inner.steps` steps on the support, and its gradient
// through those steps. Sources: MAML and Meta-SGD as in adapt.hpp; ANIL: Raghu et al., "Rapid
// learning or feature reuse?", ICLR 2020. MAML++'s per-step batch norms are not there.
class Maml : public AdaptingMethod {
 public:
  using Options = MamlOptions;
  Maml(const MethodInput& input, const Options& options);
  double accumulate(const EpisodeBatch& batch, double fraction) override;
  Parameters adapted(const EpisodeBatch& one) override;

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
  Parameters adapted(const EpisodeBatch& one) override;

 private:
  // Minibatches of the support in an order drawn from its first positions, over and over.
  TaskLoss minibatches(const EpisodeBatch& one, int64_t size) const;
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
  Parameters adapted(const EpisodeBatch& one) override;

 private:
  Options options_;
};

}  // namespace likewise::fewshot
