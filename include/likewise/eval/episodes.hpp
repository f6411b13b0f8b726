#pragma once
// N-way K-shot episodes on frozen features: name queries of new classes from K examples each.

#include <cstdint>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/eval/features.hpp"
#include "likewise/eval/table.hpp"

namespace likewise {

struct EpisodeOptions {
  int64_t ways = 5, shots = 1, queries = 15, episodes = 1000;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("ways", ways, "classes an episode", range(2, 1e5));
    v("shots", shots, "labelled examples a class", range(1, 1e5));
    v("queries", queries, "queries a class", range(1, 1e5));
    v("episodes", episodes, "episodes", range(1, 1e8));
    v("seed", seed, "seed of the episodes", range(0, 9e18));
  }
};

struct EpisodeResult {
  MeanInterval accuracy;         // share right; mean ± 1.96 std / sqrt(episodes)
  std::vector<double> episodes;  // accuracy of every episode
  int64_t classes = 0;           // classes with enough rows: the pool that episodes draw from
};

// Episode e is drawn by Rng(seed, {e}): `ways` classes, then shots + queries distinct rows of each.
// A prototype is the normalised mean of the L2-normalised support rows; a query goes to the
// prototype of the largest cosine (the lower way on a tie). With one shot this is nearest neighbour
// by cosine. Snell et al. 2017, arXiv 1703.05175, with cosine for Euclid. UserError where fewer
// than `ways` classes have shots + queries rows.
EpisodeResult episodes_by_prototype(const FeatureSet& set, const EpisodeOptions& options = {});

}  // namespace likewise
