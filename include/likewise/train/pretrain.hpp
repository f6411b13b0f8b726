#pragma once
// Pretraining: the loop from batches to checkpoints.

#include "likewise/methods/catalogue.hpp"
#include "likewise/train/options.hpp"

namespace likewise {

struct PretrainResult {
  int64_t steps = 0;
  double epochs = 0, seconds = 0;
  bool interrupted = false;
  std::string health;   // the last health line
  std::string profile;  // where the time went, when that was asked for
};

// Trains `method` as `options` say and fills the run folder options.out: run.toml (everything
// resolved), metrics.jsonl, TensorBoard events, checkpoints/last.safetensors. `fields` must
// describe `options` and `method` and is what run.toml is written from.
//
// The random choices of step s are functions of (seed, s), and a checkpoint holds all that persists
// between steps: a run that was stopped and resumed ends in the bits of one that was not, as long
// as its budget is epochs or steps. With a budget of minutes the schedule follows the clock.
//
// Throws UserError (options, folders), DataError (images), TrainingError (loss not finite; names
// the last good checkpoint).
PretrainResult pretrain(PretrainOptions& options, MethodOptions& method, const Fields& fields);

}  // namespace likewise
