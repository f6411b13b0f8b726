#pragma once
// Batches of views, made ahead by the loader's own threads.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"
#include "likewise/data/transform.hpp"

namespace likewise {

// What a training step sees.
struct Batch {
  std::vector<Tensor>
      views;       // each float [N, C, H, W], [N, C, T] or [N, D]; the sizes of views may differ
  Tensor labels;   // int64 [N], -1 when unknown
  Tensor domains;  // int64 [N]
  Tensor index;    // int64 [N], positions in the data set
  std::vector<Tensor> starts;  // int64 [N] for each view with LoaderOptions::records, else none
};

// The stream from which view number `view` of sample `index` is drawn.
Rng view_rng(uint64_t seed, int64_t epoch, int64_t index, int64_t view);

struct LoaderOptions {
  int64_t batch = 256;
  int64_t threads = 1;  // loader threads, at least 1
  int64_t ahead = 3;    // finished batches that may wait, at least 1
  uint64_t seed = 0;
  bool shuffle = true;    // a new order every epoch, the last incomplete batch left out; else in
                          // order, once, the last batch short
  int64_t per_class = 0;  // with shuffle: so many samples of each class of a batch, see
                          // data/class_batches.hpp; 0: classes play no part
  double labelled = 1;    // part of a batch that is drawn so, the rest from all samples
  int64_t max_bad = 100;  // broken samples that are skipped before it is an error
  bool records = false;  // the transforms give bytes [n], n a multiple of 8 that may differ: a view
                         // of a batch is all of them, and Batch::starts says where each begins
  bool pinned = false;   // views in memory that a GPU copies from by itself (libtorch with CUDA)
};

// Every sample is decoded once and given to all transforms (of natural pairs, the parts by turns):
// whole when it is met for the first time, so that damage is found whatever they look at; later
// what they look at, as get_part gives it. That changes no view. The content of batch number `step`
// is a function of (seed, step) alone: neither the number of threads nor the step where reading
// began changes it. A broken sample is named once, counted, and replaced by another one; without
// shuffling it is left out of its batch (`Batch::index` tells), and a batch may be empty, its views
// undefined.
class Loader {
 public:
  // Throws UserError when the data set has fewer samples than one batch (shuffle) or none.
  Loader(DatasetPtr dataset, std::vector<Transform> transforms, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t steps_per_epoch() const;

  // The next batch will be number `step` (counted over all epochs). Call before the first next().
  void seek(int64_t step);

  // Waits for the next batch. Throws DataError once more than max_bad samples are broken.
  Batch next();

  double waited() const;                         // seconds that next() has waited in all
  double worked() const;                         // processor seconds that its threads spent in all
  std::vector<std::string> bad_samples() const;  // a sentence each, ordered by index

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace likewise
