#pragma once
// Maps: many dimensions drawn in two.

#include <cstdint>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Principal components: the k directions along which the rows of `x` vary most.
// [N, D] -> [N, k], coordinates (x - mean) v_j with v_j the eigenvectors of the covariance, largest
// variance first, computed in double and returned in x's type (float for integers). Sign: the entry
// of largest magnitude in v_j is positive. UserError unless 1 <= k <= min(N, D).
Tensor pca(const Tensor& x, int64_t k);

struct TsneOptions {
  double perplexity = 30;
  int64_t steps = 750;
  int64_t early_steps = 250;
  double exaggeration = 12;
  double theta = 0.5;
  int64_t dims = 50;
  template <class V>
  void fields(V& v) {
    v("perplexity", perplexity, "effective number of neighbours of a point", range(1, 1000));
    v("steps", steps, "gradient steps in all", range(0, 100000));
    v("early_steps", early_steps, "steps with exaggerated attraction", range(0, 100000));
    v("exaggeration", exaggeration, "factor of the attraction in the early steps", range(1, 100));
    v("theta", theta, "Barnes-Hut accuracy, 0 is exact", range(0, 0.7));
    v("dims", dims, "principal components that distances are measured in", range(2, 4096));
  }
};

// t-SNE (van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008): places the rows of
// `x` [N, D] in the plane, [N, 2] float, so that near rows stay near. Minimises KL(P || Q), P from
// the 3 * perplexity nearest neighbours after a PCA to `dims`, q_ij ~ 1 / (1 + |y_i - y_j|^2), with
// the repulsion of far groups summed up (Barnes-Hut, van der Maaten, JMLR 2014). Starts from the
// first two principal components and steps at max(N / 12, 200) / 4, which keep the large-scale
// layout (Kobak and Berens, Nature Communications 2019; Belkina et al., same volume). No
// randomness; the number of threads does not change the result. The perplexity is cut to (N - 1)
// / 3. UserError unless x is [N, D] with finite values.
Tensor tsne(const Tensor& x, const TsneOptions& options = {});

}  // namespace likewise
