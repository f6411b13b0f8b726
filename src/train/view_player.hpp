#pragma once
// The second player of a run with learned views.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/methods/learned_views.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/options.hpp"
#include "likewise/train/profile.hpp"

namespace likewise::detail {

// Each step, as in the viewmaker's code (Tamkin et al., ICLR 2021):
//   1. the method's turn: views are made without a graph, the method minimises its loss L;
//   2. the viewmaker's turn on the same batches: fresh noise, the method's new weights, batch norms
//   in
//      training mode; only the viewmaker takes a gradient and minimises -w L.
// The noise of both is a function of (seed, step, turn, batch, view, row). With --chunk the
// gradient of the viewmaker is cached too: dL/dz of the whole batch, then view and embedding again,
// piece by piece.
class ViewPlayer {
 public:
  // `example`: one view of the data. Draws or loads the weights.
  ViewPlayer(const PretrainOptions& options, const ViewmakerSpec& spec, bool plain_first,
             c10::Device device = c10::kCPU);

  const LearnedViews& views() const { return views_; }

  // What the method sees of batch number `part` of the step; no graph.
  Batch for_method(const Batch& batch, const TrainProgress& progress, int64_t part);

  bool learns(const TrainProgress& progress) const;
  // The viewmaker's turn. Leaves the method as it was but for batch statistics.
  void turn(Method& method, const std::vector<Batch>& batches, const TrainProgress& progress);

  // Adds the means since the last call to a line of the log: viewmaker_loss (that of the method in
  // the viewmaker's turn), viewmaker_grad_norm, view_size, view_beyond, view_budget.
  void report(nlohmann::json& record, const TrainProgress& progress);

  // Everything that persists: "viewmaker.*", "optim.viewmaker.*"; and its description.
  NamedTensors state() const;
  void load_state(const NamedTensors& weights, const NamedTensors& optimiser);

 private:
  double gradient(Method& method, const Batch& batch, double part, int64_t number, double scale,
                  const TrainProgress& progress);

  ViewmakerOptions options_;
  uint64_t seed_;
  int64_t chunk_;
  double rate_;
  bool plain_first_;
  LearnedViews views_;
  Player player_;
  std::unique_ptr<Optimizer> optimizer_;
  struct Sums {
    double loss = 0, norm = 0, size = 0, beyond = 0;
    int64_t turns = 0, batches = 0;
  } sums_;
};

}  // namespace likewise::detail
