#pragma once
// Views that are learned: an adversary that perturbs what the loader gives, for any method.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "likewise/methods/method.hpp"
#include "likewise/nn/perturbation.hpp"
#include "likewise/nn/viewmaker.hpp"
#include "likewise/optim/optimizer.hpp"

namespace likewise {

// What a run can be told of its viewmaker. `use` is the group's first field: --viewmaker alone.
struct ViewmakerOptions {
  static OptimOptions default_optim() {
    OptimOptions optim;
    optim.name = "adam";
    optim.lr = 1e-3;
    optim.weight_decay = 0;
    return optim;
  }

  std::string use = "no";
  double budget = 0;
  std::string norm = "l1";
  bool clamp = false;
  std::string domain = "values";
  ViewmakerShape shape;
  double loss_weight = 1;
  int64_t every = 1;
  double ramp = 0, ramp_from = 0;
  double freeze = 1;
  double clip = 0;
  std::string from;
  bool train = true;
  OptimOptions optim = default_optim();

  bool on() const { return use != "no"; }
  template <class V>
  void fields(V& v) {
    v("use", use, "learned views: alone, or after (behind) the views of the recipe",
      choices({"no", "alone", "after"}));
    v("budget", budget,
      "mean size of the perturbation: of pixels in [0, 1], or in standard deviations; 0: 0.05, or "
      "that of viewmaker.from",
      range(0, 1e3));
    v("norm", norm, "what the budget bounds: mean size, root of the mean square, or largest value",
      choices({"l1", "l2", "linf"}));
    v("clamp", clamp, "cut the pixels of a view to [0, 1]");
    v("domain", domain, "perturb values, or their cosine transform", choices({"values", "dct"}));
    shape.fields(v);
    v("loss_weight", loss_weight, "the viewmaker minimises minus this times the method's loss",
      range(1e-6, 1e6));
    v("every", every, "the viewmaker learns in one of so many steps", range(1, 1e6));
    v("ramp", ramp, "part of the run over which the budget rises to its full size; 0: none",
      range(0, 1));
    v("ramp_from", ramp_from, "where that rise begins, as a part of the budget", range(0, 1));
    v("freeze", freeze, "part of the run after which the viewmaker no longer learns", range(0, 1));
    v("clip", clip, "largest norm of the viewmaker's gradient; 0: no clipping", range(0, 1e12));
    v("from", from, "take the viewmaker of this run");
    v("train", train, "whether a viewmaker taken from another run goes on learning");
    v.group("optim", optim);
  }
};

// A viewmaker as it is kept in a checkpoint: what makes it and what it is made for.
struct ViewmakerSpec {
  std::string kind = "image";
  int64_t features = 3;           // channels, or D
  std::vector<double> mean, std;  // a channel: value = x std + mean is what it looks at; empty: x
  double low = 0, high = 0;       // range of those values; equal: unknown
  double budget = 0.05;
  std::string norm = "l1";
  bool clamp = false;
  std::string domain = "values";
  ViewmakerShape shape;
  template <class V>
  void fields(V& v) {
    v("kind", kind, "image, series or vector", choices({"image", "series", "vector"}));
    v("features", features, "channels, or values of a vector", range(1, 1e9));
    v("mean", mean, "of each channel");
    v("std", std, "of each channel");
    v("low", low, "smallest value there can be");
    v("high", high, "largest value there can be");
    v("budget", budget, "mean size of the perturbation", range(0, 1e3));
    v("norm", norm, "what the budget bounds", choices({"l1", "l2", "linf"}));
    v("clamp", clamp, "values are cut to their range");
    v("domain", domain, "what is perturbed", choices({"values", "dct"}));
    shape.fields(v);
  }
  std::string to_toml() const;
  static ViewmakerSpec from_toml(const std::string& text, const std::string& name);
};

// How views differ from what they were made of.
struct ViewStrength {
  double size = 0;    // mean |delta|, in units of the budget's values
  double beyond = 0;  // share of the values that lie beyond their range (that were cut, with clamp)
};

// A viewmaker with its bound, on batches as methods see them: normalised values x, with v = x std +
// mean
//   view = v + delta(V(v)), cut to [low, high] if `clamp`, then normalised again
// where delta is bounded_perturbation, of v's cosine transform and back with domain dct.
class LearnedViews {
 public:
  // Weights are drawn from `rng`. UserError for a spec that cannot be: clamp without a range.
  LearnedViews(const ViewmakerSpec& spec, const Rng& rng);

  const ViewmakerSpec& spec() const { return spec_; }
  const std::shared_ptr<Viewmaker>& network() const { return network_; }
  Player player() const;  // "viewmaker": all its weights

  // The view of x [N, ...], float32, in the layout of x. `part` of the budget is spent.
  Tensor view(const Tensor& x, const NoiseStream& noise, double part = 1) const;
  // Only the perturbation, in units of v.
  Tensor perturbation(const Tensor& x, const NoiseStream& noise, double part = 1) const;

  // The batch with every view replaced, view `v` with noise of noise.fork({v}); the first stays as
  // it is with `plain_first`. `strength`, if given, is filled from all that were made.
  Batch views(const Batch& batch, const Rng& noise, double part, bool plain_first,
              ViewStrength* strength = nullptr) const;

  // How unlike two views of the same inputs are: mean |delta_0 - delta_1| / (mean |delta_0| + mean
  // |delta_1|). 0: the noise plays no part, 1: nothing in common.
  double diversity(const Tensor& x, const Rng& noise) const;

 private:
  Tensor scaled(const Tensor& x, bool back) const;

  ViewmakerSpec spec_;
  std::shared_ptr<Viewmaker> network_;
  Tensor mean_, std_;  // [C], or undefined
};

// The stream of a step's noise. `turn`: 0 the method's, 1 the viewmaker's; `part`: the batch of a
// step.
Rng viewmaker_noise(uint64_t seed, int64_t step, int64_t turn, int64_t part);

// The part of the budget that is spent at `fraction` of a run.
double budget_part(const ViewmakerOptions& options, double fraction);
// Whether the viewmaker learns in the step behind `progress`.
bool viewmaker_learns(const ViewmakerOptions& options, const TrainProgress& progress);

}  // namespace likewise
