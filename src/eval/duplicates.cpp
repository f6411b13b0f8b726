#include "likewise/eval/duplicates.hpp"

#include <mutex>
#include <numeric>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr int64_t kDuplicateRows = 256, kDuplicateColumns = 4096;

// Union-find whose root is the lowest row, so that the order of the unions does not matter.
class Links {
 public:
  explicit Links(int64_t n) : parent_(static_cast<size_t>(n)) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int64_t root(int64_t i) {
    while (at(i) != i) i = at(i) = at(at(i));
    return i;
  }
  void link(int64_t a, int64_t b) {
    a = root(a), b = root(b);
    if (a != b) at(std::max(a, b)) = std::min(a, b);
  }

 private:
  int64_t& at(int64_t i) { return parent_[static_cast<size_t>(i)]; }
  std::vector<int64_t> parent_;
};

}  // namespace

std::vector<std::vector<int64_t>> near_duplicates(const Tensor& x, double threshold) {
  if (!(threshold > 0 && threshold <= 1)) {
    throw UserError("threshold is {}, must be above 0 and at most 1", threshold);
  }
  const Tensor unit = eval_detail::unit_rows(x);
  const int64_t n = unit.size(0), d = unit.size(1);
  const float* data = unit.data_ptr<float>();
  // Single precision decides but for pairs within its rounding error, which double decides. Unit
  // rows in single precision have a cosine of 1 - 1e-7 with themselves, hence the slack at 1.
  const double margin = 1.2e-7 * static_cast<double>(d + 2);
  const double level = std::min(threshold, 1 - 3e-7);
  Links links(n);
  std::mutex mutex;
  eval_detail::for_each_tile(n, kDuplicateRows, [&](int64_t begin, int64_t end, int64_t) {
    std::vector<int64_t> hits;
    const kernels::ProductRows rows(data + begin * d, end - begin, d);
    std::vector<float> cosines(static_cast<size_t>((end - begin) * kDuplicateColumns));
    for (int64_t first = begin; first < n; first += kDuplicateColumns) {
      const int64_t width = std::min(kDuplicateColumns, n - first);
      rows.times(data + first * d, width, cosines.data(), width);
      for (int64_t i = begin; i < end; ++i) {
        const float* row = cosines.data() + (i - begin) * width;
        hits.clear();
        for (int64_t j = std::max(first, i + 1); j < first + width; ++j) {
          double cosine = row[j - first];
          if (cosine < level - margin) continue;
          if (cosine < level + margin) cosine = eval_detail::dot(data + i * d, data + j * d, d);
          if (cosine > level) hits.push_back(j);
        }
        if (hits.empty()) continue;
        const std::lock_guard lock(mutex);
        for (int64_t j : hits) links.link(i, j);
      }
    }
  });
  std::vector<std::vector<int64_t>> by_root(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) by_root[static_cast<size_t>(links.root(i))].push_back(i);
  std::erase_if(by_root, [](const auto& group) { return group.size() < 2; });
  return by_root;
}

}  // namespace likewise
