#include "likewise/fewshot/heads.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "fewshot/fewshot_support.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::normal;

struct Task {
  Tensor x, y, query, truth;
};

// K clouds in D dimensions, `far` apart.
Task clouds(int64_t classes, int64_t shots, int64_t queries, int64_t dim, double far,
            uint64_t seed) {
  const Tensor centres = far * normal({classes, dim}, seed, at::kFloat);
  const Tensor y = at::arange(classes, at::kLong).repeat_interleave(shots);
  const Tensor truth = at::arange(classes, at::kLong).repeat_interleave(queries);
  return {centres.index_select(0, y) + normal({classes * shots, dim}, seed + 1, at::kFloat), y,
          centres.index_select(0, truth) + normal({classes * queries, dim}, seed + 2, at::kFloat),
          truth};
}

TEST(Heads, AllReadCloudsThatAreApart) {
  const Task task = clouds(5, 3, 12, 16, 2, 1);
  for (const auto& head : few_label_heads()) {
    const Tensor answers = head_answers(head, task.x, task.y, task.query, 5, {});
    EXPECT_GT(accuracy(task.truth, answers), 0.95) << head.name;
  }
}

TEST(Heads, TransductiveOnesGainWhereLabelsAreFewAndQueriesMany) {
  double alone = 0, together = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Task task = clouds(5, 1, 30, 8, 0.9, 100 + 10 * seed);
    for (const auto& head : few_label_heads()) {
      const double got =
          accuracy(task.truth, head_answers(head, task.x, task.y, task.query, 5, {}));
      if (head.name == std::string("prototype")) alone += got / 10;
      if (head.name == std::string("transport")) together += got / 10;
    }
  }
  EXPECT_GT(together, alone + 0.03);
}

TEST(RidgeHead, BothClosedFormsAreTheMinimum) {
  for (const auto& [n, d] : {std::pair<int64_t, int64_t>{12, 5}, {12, 40}}) {
    const Tensor x = normal({n, d}, 3, at::kFloat) + 2;
    const Tensor y = at::arange(n, at::kLong).remainder(3);
    const LinearModel model = ridge_head(x, y, 3, 0.5);
    const Tensor rows = (x.to(at::kDouble) - model.mean) / model.std;
    const Tensor target = 2 * at::zeros({n, 3}, at::kDouble).scatter_(1, y.unsqueeze(1), 1) - 1;
    const Tensor left = at::matmul(rows, model.weight) + model.bias - target;
    const Tensor gradient = at::matmul(rows.t(), left) + 0.5 * model.weight;
    EXPECT_LT(gradient.abs().max().item<double>(), 1e-10) << d;
    EXPECT_LT(left.sum(0).abs().max().item<double>(), 1e-10);
  }
}

TEST(PrototypeHead, IsTheLargestCosineToTheMeanDirection) {
  const Task task = clouds(4, 2, 10, 6, 1, 5);
  const Tensor answers = head_answers(few_label_heads()[0], task.x, task.y, task.query, 4, {});
  const auto unit = [](const Tensor& t) { return t / t.norm(2, {1}, true); };
  const Tensor means = unit(unit(task.x).reshape({4, 2, 6}).mean(1));
  const Tensor cosine = at::matmul(unit(task.query), means.t());
  EXPECT_EQ(accuracy(first_largest(cosine), answers), 1);
}

TEST(LaplacianHead, WithoutAPullIsTheNearestMean) {
  const Task task = clouds(4, 2, 10, 6, 1, 5);
  FewLabelHeadOptions alone;
  alone.laplacian = 0;
  const Tensor p = laplacian_head(task.x, task.y, task.query, 4, alone);
  EXPECT_LT(difference(p.sum(1), at::ones({40}, at::kDouble)), 1e-12);
  EXPECT_GT(difference(p, laplacian_head(task.x, task.y, task.query, 4, {})), 1e-3);
}

TEST(TransportHead, GivesEveryClassItsShare) {
  const Task task = clouds(4, 2, 10, 6, 0.3, 5);
  const Tensor p = transport_head(task.x, task.y, task.query, 4, {});
  EXPECT_LT(difference(p.sum(1), at::ones({40}, at::kDouble)), 1e-9);
  EXPECT_LT(difference(p.sum(0), 10 * at::ones({4}, at::kDouble)), 0.1) << "1 % of a share";
}

}  // namespace
}  // namespace likewise::fewshot
