#include "likewise/eval/episodes.hpp"

#include <cmath>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/labels.hpp"

namespace likewise {
namespace {

// The rows of one way: the first `shots` support, the rest queries.
using Ways = std::vector<std::vector<int64_t>>;

double episode_accuracy(const float* x, int64_t d, const Ways& ways, int64_t shots) {
  // The length of a prototype is divided out of the products, so that ties stay exact.
  std::vector<std::vector<float>> prototypes;
  for (const auto& rows : ways) {
    std::vector<double> sum(static_cast<size_t>(d), 0);
    for (int64_t s = 0; s < shots; ++s) {
      const float* row = x + rows[static_cast<size_t>(s)] * d;
      for (int64_t j = 0; j < d; ++j) sum[static_cast<size_t>(j)] += row[j];
    }
    double square = 0;
    for (double e : sum) square += e * e;
    const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
    std::vector<float> prototype(static_cast<size_t>(d));
    for (size_t j = 0; j < prototype.size(); ++j) prototype[j] = static_cast<float>(sum[j] * scale);
    prototypes.push_back(std::move(prototype));
  }
  int64_t right = 0, total = 0;
  for (size_t truth = 0; truth < ways.size(); ++truth) {
    for (auto q = ways[truth].begin() + shots; q != ways[truth].end(); ++q, ++total) {
      size_t best = 0;
      double best_cosine = -2;
      for (size_t w = 0; w < ways.size(); ++w) {
        const double cosine = eval_detail::dot(x + *q * d, prototypes[w].data(), d);
        if (cosine > best_cosine) best_cosine = cosine, best = w;
      }
      right += best == truth;
    }
  }
  return static_cast<double>(right) / static_cast<double>(total);
}

}  // namespace

EpisodeResult episodes_by_prototype(const FeatureSet& set, const EpisodeOptions& options) {
  const int64_t need = options.shots + options.queries;
  if (options.ways < 2 || options.shots < 1 || options.queries < 1 || options.episodes < 1) {
    throw UserError(
        "episodes need ways >= 2, shots, queries and episodes >= 1; found {}, {}, {}, {}",
        options.ways, options.shots, options.queries, options.episodes);
  }
  const FeatureSet known = labelled(set);
  auto pool = rows_by_class(known.y, class_count(known));
  std::erase_if(pool, [&](const auto& rows) { return static_cast<int64_t>(rows.size()) < need; });
  EpisodeResult result;
  result.classes = static_cast<int64_t>(pool.size());
  if (result.classes < options.ways) {
    throw UserError(
        "{}-way episodes need {} classes with {} rows (shots + queries); {} have as many",
        options.ways, options.ways, need, result.classes);
  }
  const Tensor unit = eval_detail::unit_rows(known.x);
  const float* x = unit.data_ptr<float>();
  result.episodes.resize(static_cast<size_t>(options.episodes));
  eval_detail::for_each_tile(options.episodes, 16, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t e = begin; e < end; ++e) {
      Rng rng(static_cast<uint64_t>(options.seed), {static_cast<uint64_t>(e)});
      Ways ways;
      for (int64_t c : rng.choose(result.classes, options.ways)) {
        const auto& rows = pool[static_cast<size_t>(c)];
        std::vector<int64_t> chosen = rng.choose(static_cast<int64_t>(rows.size()), need);
        for (int64_t& i : chosen) i = rows[static_cast<size_t>(i)];
        ways.push_back(std::move(chosen));
      }
      result.episodes[static_cast<size_t>(e)] =
          episode_accuracy(x, unit.size(1), ways, options.shots);
    }
  });
  result.accuracy = mean_normal(result.episodes);
  return result;
}

}  // namespace likewise
