#pragma once
// What tests of the few-shot suite share: small labelled tables of images.

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "likewise/base/random.hpp"
#include "likewise/fewshot/batch.hpp"
#include "support/golden.hpp"

namespace likewise::fewshot::testing {

inline LabelledItems items(int64_t classes, int64_t per_class, int64_t domains = 1) {
  LabelledItems out;
  out.name = "toys";
  for (int64_t c = 0; c < classes; ++c) {
    out.class_names.push_back("class" + std::to_string(c));
    for (int64_t i = 0; i < per_class; ++i) {
      out.labels.push_back(c);
      out.domains.push_back(c % domains);
    }
  }
  for (int64_t d = 0; d < domains; ++d) out.domain_names.push_back("domain" + std::to_string(d));
  return out;
}

// Every class is a pattern of its own with a little noise.
inline ImageTable patterns(int64_t classes, int64_t per_class, int64_t side = 28,
                           double noise = 0.3, int64_t turns = 1) {
  LabelledItems labels = items(classes, per_class);
  labels.turns = turns;
  Tensor images = at::empty({classes * per_class, 1, side, side}, at::kFloat);
  float* out = images.data_ptr<float>();
  const int64_t area = side * side;
  std::vector<float> pattern(static_cast<size_t>(area)), speck(pattern.size());
  for (int64_t c = 0; c < classes; ++c) {
    Rng(7, {static_cast<uint64_t>(c)}).fill_normal(pattern.data(), area);
    for (int64_t i = 0; i < per_class; ++i, out += area) {
      Rng(8, {static_cast<uint64_t>(c), static_cast<uint64_t>(i)}).fill_normal(speck.data(), area);
      for (int64_t p = 0; p < area; ++p) {
        out[p] = pattern[static_cast<size_t>(p)] +
                 static_cast<float>(noise) * speck[static_cast<size_t>(p)];
      }
    }
  }
  return ImageTable(images, labels);
}

inline Tensor normal(std::vector<int64_t> shape, uint64_t seed, at::ScalarType type = at::kDouble) {
  int64_t count = 1;
  for (const int64_t s : shape) count *= s;
  std::vector<float> x(static_cast<size_t>(count));
  Rng(seed).fill_normal(x.data(), count);
  return at::tensor(x).reshape(shape).to(type);
}

inline double difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline Tensor golden(const Golden& file, const std::string& name, const std::string& tensor) {
  const std::string key = name + "/" + tensor;
  if (file.dtype(key) == "I64")
    return at::tensor(file.integers(key), at::kLong).reshape(file.shape(key));
  return at::tensor(file.values(key), at::kDouble).reshape(file.shape(key));
}

}  // namespace likewise::fewshot::testing
