#include "likewise/fewshot/assignment.hpp"

#include <ATen/TensorOperators.h>

#include <limits>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

std::vector<int64_t> least_assignment(const Tensor& cost) {
  LIKEWISE_CHECK(cost.dim() == 2 && cost.size(0) == cost.size(1), "costs of {} dimensions",
                 cost.dim());
  const Tensor dense = cost.detach().to(at::kDouble).contiguous();
  const double* c = dense.data_ptr<double>();
  const auto n = static_cast<size_t>(cost.size(0));
  constexpr double kFar = std::numeric_limits<double>::infinity();
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  // Column n stands for the row that looks for a place; prices keep every reduced cost >= 0.
  std::vector<double> row_price(n, 0), column_price(n + 1, 0);
  std::vector<size_t> row_of(n + 1, kNone);
  for (size_t row = 0; row < n; ++row) {
    row_of[n] = row;
    std::vector<double> least(n, kFar);
    std::vector<size_t> before(n, n);
    std::vector<bool> seen(n + 1, false);
    size_t at = n;
    while (row_of[at] != kNone) {
      seen[at] = true;
      const size_t i = row_of[at];
      double step = kFar;
      size_t next = kNone;
      for (size_t j = 0; j < n; ++j) {
        if (seen[j]) continue;
        const double reduced = c[i * n + j] - row_price[i] - column_price[j];
        if (reduced < least[j]) least[j] = reduced, before[j] = at;
        if (least[j] < step) step = least[j], next = j;
      }
      LIKEWISE_CHECK(next != kNone, "row {} has no finite cost", row);
      for (size_t j = 0; j <= n; ++j) {
        if (seen[j]) {
          row_price[row_of[j]] += step;
          column_price[j] -= step;
        } else if (j < n) {
          least[j] -= step;
        }
      }
      at = next;
    }
    for (; at != n; at = before[at]) row_of[at] = row_of[before[at]];
  }
  std::vector<int64_t> column_of(n);
  for (size_t j = 0; j < n; ++j) column_of[row_of[j]] = static_cast<int64_t>(j);
  return column_of;
}

std::vector<int64_t> one_to_one(const Tensor& scores) { return least_assignment(-scores); }

}  // namespace likewise::fewshot
