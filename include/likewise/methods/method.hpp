#pragma once
// A method: what is learned from batches of views, and what persists between steps.

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "likewise/data/loader.hpp"
#include "likewise/nn/encoder.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Who minimises: a set of parameters with a forward pass and an optimiser of its own. SimCLR has
// one, a learned view generator adds a second.
struct Player {
  std::string name;
  std::vector<std::pair<std::string, Tensor>> parameters;
};

struct TrainProgress {
  int64_t step = 0;     // steps done
  int64_t total = 0;    // steps planned
  double fraction = 0;  // of the budget, 0 to 1
  int64_t turn = 0;     // within a step: 0 the method's own, 1 that of an adversary of its views
};

// What a method may want to know of the run that it is trained in.
struct TrainContext {
  int64_t samples = 0;  // of the data set; Batch::index lies below
  int64_t batch = 0;    // samples a batch
  int64_t steps_per_epoch = 1;
  uint64_t seed = 0;
  Tensor duplicates;  // int64 [samples], groups of near-duplicates, -1: none; if demanded
};

// The shared part of most methods: views pass through encoder and projection, a loss compares the
// projections of all views. A new method usually overrides `loss_of` and sometimes `project`; one
// that needs more overrides `loss`.
class Method : public torch::nn::Module {
 public:
  explicit Method(std::shared_ptr<Encoder> encoder);

  // Called once, when the weights are initialised and before training or restoring: the place to
  // copy weights into a slow network or to make a bank of the data set's size.
  virtual void begin(const TrainContext&) {}

  // All parameters that take a gradient as one player, unless a method says otherwise.
  virtual std::vector<Player> players();

  // The scalar that `player` minimises on this batch. By default loss_of(embed(view) for all
  // views); views of one size share a forward pass, so batch statistics are those of all of them.
  virtual Tensor loss(const Batch& batch, const Player& player);

  // Whether view `v` passes the encoder at all; others reach the loss only through the batch.
  virtual bool embeds(size_t) const { return true; }

  // embed() of every view that is embedded, one [N, d] each, the others undefined; views of one
  // size share a forward pass.
  std::vector<Tensor> embed_views(const Batch& batch);

  // h [N, D] -> z [N, d]: what the loss compares. The identity by default.
  virtual Tensor project(const Tensor& h) { return h; }

  // z: one [N, d] a view -> scalar.
  virtual Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) = 0;

  // project(encoder(x)) in the chosen precision; the result is float32. x [N, C, H, W].
  Tensor embed(const Tensor& x);

  // True when `loss` is loss_of over embeddings, so that gradients may be cached (train/gradcache).
  virtual bool loss_is_of_embeddings() const { return true; }

  // Called before a step's batches, with the steps done before it.
  void begin_step(const TrainProgress& progress) { progress_ = progress; }

  // Called between the gradient and the optimiser's step: weights that shall stand still.
  virtual void after_backward() {}

  // Called after each player's step. Only what an adversary's turn should see already belongs here.
  virtual void after_turn() {}

  // Called after the last player's step: target networks, queues, centres.
  virtual void after_step(const TrainProgress&) {}

  // Whether a temperature scales what the loss compares: advice about it makes sense only then.
  virtual bool has_temperature() const { return true; }

  // The slow copy that gives the targets, for a look at whether it lives; null where there is none.
  virtual const torch::nn::Module* slow_copy() const { return nullptr; }

  Encoder& encoder() { return *encoder_; }
  const std::shared_ptr<Encoder>& encoder_ptr() const { return encoder_; }
  void set_precision(Precision precision) { precision_ = precision; }
  Precision precision() const { return precision_; }

 protected:
  const TrainProgress& progress() const { return progress_; }

  // Whether what this batch shows is to be remembered (queues, centres, averages): while training,
  // in the method's own turn. An adversary's turn repeats the batch and would enter it twice.
  bool records() const;

 private:
  std::shared_ptr<Encoder> encoder_;
  Precision precision_ = Precision::kFp32;
  TrainProgress progress_;
};

}  // namespace likewise
