#pragma once
// False negatives: samples of a batch that are compared as different and are not.

#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/methods/method.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct FalseNegativeOptions {
  std::string remove = "none";
  int64_t neighbours = 1;
  double from = 0.1;
  template <class V>
  void fields(V& v) {
    v("remove", remove,
      "samples that are no negatives of each other: those of one label; mutual nearest neighbours "
      "in "
      "both views; near-duplicates, found in the pixels before training",
      choices({"none", "labels", "neighbours", "duplicates"}));
    v("neighbours", neighbours, "how many nearest neighbours may be mutual", range(1, 1000));
    v("from", from, "part of the budget after which neighbours are trusted", range(0, 1));
  }
  bool any() const { return remove != "none"; }
};

// One group a sample, int64 [N]: samples of one group >= 0 are not each other's negatives.
// Undefined when nothing is to be removed. `duplicates`: int64 [samples], the group of every sample
// of the data set, for remove = duplicates. z: the embeddings of two views, for neighbours;
// `fraction` of the budget done.
Tensor false_negative_groups(const FalseNegativeOptions& options, const Batch& batch,
                             const std::vector<Tensor>& z, const Tensor& duplicates,
                             double fraction);

// The same, kept by a method: what its options ask for and what the run has found.
class FalseNegatives {
 public:
  explicit FalseNegatives(FalseNegativeOptions options) : options_(std::move(options)) {}
  void begin(const TrainContext& context) { duplicates_ = context.duplicates; }
  Tensor groups(const Batch& batch, const std::vector<Tensor>& z,
                const TrainProgress& progress) const {
    return false_negative_groups(options_, batch, z, duplicates_, progress.fraction);
  }

 private:
  FalseNegativeOptions options_;
  Tensor duplicates_;
};

// What info_nce is told of a batch whose row i of the keys is the positive of query i, and whose
// rows of one group are no negatives; groups may be undefined.
InfoNcePairs batch_pairs(const Tensor& groups, int64_t n);

// Groups of samples that are each other's mutual neighbours in both views: i and j are joined when
// j is among the `k` nearest of z0_i and of z1_i, and i among those of z0_j and z1_j, by cosine. A
// sample alone has group -1. int64 [N]
Tensor mutual_neighbour_groups(const Tensor& z0, const Tensor& z1, int64_t k);

}  // namespace likewise
