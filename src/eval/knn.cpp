#include "likewise/eval/knn.hpp"

#include <ATen/ops/argmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {

Tensor knn_scores(const Tensor& train, const Tensor& labels, const Tensor& test,
                  const KnnOptions& options, int64_t classes) {
  FeatureSet bank;
  bank.x = train;
  bank.y = labels;
  bank = labelled(bank);
  if (bank.x.size(0) == 0) throw UserError("nearest neighbours need at least one labelled row");
  if (options.temperature <= 0) {
    throw UserError("temperature is {}, must be positive", options.temperature);
  }
  const int64_t present = class_count(bank);
  if (classes == 0) classes = present;
  if (classes < present) {
    throw UserError("labels reach {}, but there are {} classes", present - 1, classes);
  }
  const Neighbours near = top_k(test, bank.x, options.k);
  const int64_t m = near.indices.size(0), k = near.indices.size(1);
  const float* cosines = near.scores.data_ptr<float>();
  const int64_t* indices = near.indices.data_ptr<int64_t>();
  const int64_t* y = bank.y.data_ptr<int64_t>();
  Tensor out = at::zeros({m, classes}, at::kDouble);
  double* scores = out.data_ptr<double>();
  eval_detail::for_each_tile(m, 64, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t r = 0; r < k; ++r) {
        scores[i * classes + y[indices[i * k + r]]] +=
            std::exp(double{cosines[i * k + r]} / options.temperature);
      }
    }
  });
  return out;
}

Tensor knn_predict(const Tensor& train, const Tensor& labels, const Tensor& test,
                   const KnnOptions& options) {
  return first_largest(knn_scores(train, labels, test, options));
}

double knn_accuracy(const FeatureSet& train, const FeatureSet& test, const KnnOptions& options) {
  const FeatureSet known = labelled(test);
  return accuracy(known.y, knn_predict(train.x, train.y, known.x, options));
}

}  // namespace likewise
