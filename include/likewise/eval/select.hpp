#pragma once
// What to label next: the rows whose labels will teach a classifier most.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct SelectOptions {
  std::string strategy = "typical";
  int64_t count = 10;
  int64_t neighbours = 20;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("strategy", strategy,
      "typical: the middle of every group, best for few labels; cover: leave nothing far from a "
      "label, best for many",
      choices({"typical", "cover"}));
    v("count", count, "rows to suggest (cut to those without a label)", range(1, 1e7));
    v("neighbours", neighbours, "typical: neighbours that define typicality", range(1, 1e4));
    v("seed", seed, "typical: seed of the clustering", range(0, 9e18));
  }
};

struct Suggestion {
  std::vector<int64_t> rows;   // best first, none labelled already, none twice
  std::vector<double> scores;  // typical: typicality; cover: distance to the nearest chosen row
};

// Rows of x [N, D] to label next, given those labelled already, by L2-normalised features.
//   typical  k-means with one cluster for every label, old and new (at most 500); clusters without
//            a label first, larger first; of each the row of the smallest mean distance to its
//            nearest neighbours in the cluster. Score: 1 / that distance.
//            Hacohen et al. 2022 (TypiClust), arXiv 2202.02794.
//   cover    greedy k-centre: the row farthest from everything labelled or chosen, starting (where
//            nothing is labelled) at the row nearest to the mean. Sener and Savarese 2018,
//            arXiv 1708.00489. The lower row on a tie.
// UserError for rows outside [0, N) or an unknown strategy.
Suggestion suggest(const Tensor& x, const std::vector<int64_t>& labelled_rows,
                   const SelectOptions& options = {});

}  // namespace likewise
