#include "likewise/eval/novelty.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/search.hpp"

namespace likewise {
namespace {

// Column k - 1 of cosines, as distances. Float rounding makes a row's cosine with itself vary by
// 1e-7, so distances below that are 0.
Tensor kth_distance(const Neighbours& near, int64_t k) {
  const int64_t n = near.scores.size(0), columns = near.scores.size(1);
  Tensor out = at::empty({n}, at::kDouble);
  for (int64_t i = 0; i < n; ++i) {
    const double distance = 1 - double{near.scores.data_ptr<float>()[i * columns + k - 1]};
    out.data_ptr<double>()[i] = distance < 3e-7 ? 0 : distance;
  }
  return out;
}

}  // namespace

Tensor NoveltyModel::distance(const Tensor& x) const { return kth_distance(top_k(x, bank, k), k); }

Tensor NoveltyModel::score(const Tensor& x) const {
  Tensor out = distance(x);
  double* value = out.data_ptr<double>();
  const double* begin = distances.data_ptr<double>();
  const double* end = begin + distances.numel();
  for (int64_t i = 0; i < out.numel(); ++i) {
    const auto [low, high] = std::equal_range(begin, end, value[i]);
    value[i] =
        static_cast<double>((low - begin) + (high - begin)) / 2 / static_cast<double>(end - begin);
  }
  return out;
}

NoveltyModel fit_novelty(const Tensor& x, const NoveltyOptions& options) {
  FeatureSet set;
  set.x = eval_detail::unit_rows(x);
  const int64_t n = set.x.size(0);
  if (options.k < 1 || n < options.k + 1) {
    throw UserError("distances to neighbour {} need at least {} training rows, found {}", options.k,
                    options.k + 1, n);
  }
  const int64_t most = std::max(options.max_rows, options.k + 1);
  if (n > most) {
    auto rows = Rng(static_cast<uint64_t>(options.seed)).choose(n, most);
    std::sort(rows.begin(), rows.end());
    set = take(set, rows);
  }
  NoveltyModel model;
  model.k = options.k;
  model.bank = set.x;
  model.distances = kth_distance(top_k_others(set.x, options.k), options.k);
  std::sort(model.distances.data_ptr<double>(),
            model.distances.data_ptr<double>() + model.distances.numel());
  return model;
}

}  // namespace likewise
