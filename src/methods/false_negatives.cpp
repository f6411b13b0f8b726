#include "likewise/methods/false_negatives.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

constexpr int64_t kTile = 256;

// The k nearest other rows of each row. int64 [N, k], sorted by index, in the processor's memory
Tensor nearest_others(const Tensor& x, int64_t k) {
  const Tensor out = at::empty({x.size(0), k}, x.options().dtype(at::kLong));
  for (int64_t first = 0; first < x.size(0); first += kTile) {
    const int64_t count = std::min(kTile, x.size(0) - first);
    Tensor s = at::matmul(x.narrow(0, first, count), x.t());
    s.diagonal(first).narrow(0, 0, count).fill_(-std::numeric_limits<float>::infinity());
    out.narrow(0, first, count).copy_(std::get<0>(std::get<1>(at::topk(s, k, 1)).sort(1)));
  }
  return out.to(at::kCPU);
}

int64_t root(std::vector<int64_t>& parent, int64_t i) {
  while (parent[static_cast<size_t>(i)] != i) {
    auto& up = parent[static_cast<size_t>(i)];
    i = up = parent[static_cast<size_t>(up)];
  }
  return i;
}

}  // namespace

Tensor mutual_neighbour_groups(const Tensor& z0, const Tensor& z1, int64_t k) {
  const at::NoGradGuard no_grad;
  const int64_t n = z0.size(0);
  const Tensor groups = at::empty({n}, at::kLong).fill_(-1);
  k = std::min(k, n - 1);
  if (k < 1) return groups.to(z0.device());
  const Tensor near[2] = {nearest_others(unit_rows(z0.detach()), k),
                          nearest_others(unit_rows(z1.detach()), k)};
  const int64_t* rows[2] = {near[0].data_ptr<int64_t>(), near[1].data_ptr<int64_t>()};
  const auto has = [&](int view, int64_t i, int64_t j) {
    return std::binary_search(rows[view] + i * k, rows[view] + (i + 1) * k, j);
  };
  std::vector<int64_t> parent(static_cast<size_t>(n));
  std::iota(parent.begin(), parent.end(), 0);
  std::vector<int64_t> size(static_cast<size_t>(n), 1);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t c = 0; c < k; ++c) {
      const int64_t j = rows[0][i * k + c];
      if (j <= i || !has(1, i, j) || !has(0, j, i) || !has(1, j, i)) continue;
      const int64_t a = root(parent, i), b = root(parent, j);
      if (a == b) continue;
      parent[static_cast<size_t>(b)] = a;
      size[static_cast<size_t>(a)] += size[static_cast<size_t>(b)];
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t r = root(parent, i);
    if (size[static_cast<size_t>(r)] > 1) groups.data_ptr<int64_t>()[i] = r;
  }
  return groups.to(z0.device());
}

InfoNcePairs batch_pairs(const Tensor& groups, int64_t n) {
  if (!groups.defined()) return {};
  return {.positive = at::arange(n, groups.options()),
          .query_group = groups,
          .key_group = groups,
          .groups_attract = false};
}

Tensor false_negative_groups(const FalseNegativeOptions& options, const Batch& batch,
                             const std::vector<Tensor>& z, const Tensor& duplicates,
                             double fraction) {
  if (options.remove == "labels") return batch.labels;
  if (options.remove == "duplicates") {
    LIKEWISE_CHECK(duplicates.defined(), "the groups of near-duplicates were not given");
    return duplicates.to(batch.index.device()).index_select(0, batch.index);
  }
  if (options.remove == "neighbours" && fraction >= options.from) {
    return mutual_neighbour_groups(z.at(0), z.at(1), options.neighbours);
  }
  return {};
}

}  // namespace likewise
