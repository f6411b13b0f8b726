#include "likewise/nn/perturbation.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/tanh.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "likewise/base/error.hpp"

namespace likewise {

namespace {

constexpr double kFloor = 1e-4;  // the authors': keeps a vanishing output from being blown up

// [n, n], row k the k-th cosine. Made in double precision.
Tensor cosine_matrix(int64_t n, const Tensor& like) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const Tensor k = at::arange(n, options).unsqueeze(1), i = at::arange(n, options).unsqueeze(0);
  const Tensor matrix = at::cos(k * (i + 0.5) * (std::numbers::pi / static_cast<double>(n))) *
                        std::sqrt(2.0 / static_cast<double>(n));
  matrix.select(0, 0).mul_(std::sqrt(0.5));
  return matrix.to(like.options());
}

// Every transformed dimension of x times the matrix of its size, or the transpose.
Tensor transform(const Tensor& x, bool inverse) {
  Tensor y = x;
  for (int64_t d = x.dim() == 2 ? 1 : 2; d < x.dim(); ++d) {
    const Tensor matrix = cosine_matrix(x.size(d), x);
    const Tensor moved = y.transpose(d, x.dim() - 1);
    y = at::matmul(moved, inverse ? matrix : matrix.t()).transpose(d, x.dim() - 1);
  }
  return y.contiguous();
}

}  // namespace

PerturbationNorm perturbation_norm(const std::string& name) {
  if (name == "l1") return PerturbationNorm::l1;
  if (name == "l2") return PerturbationNorm::l2;
  if (name == "linf") return PerturbationNorm::linf;
  throw UserError("'{}' is no norm of perturbations; there are l1, l2, linf", name);
}

Tensor bounded_perturbation(const Tensor& y, double budget, PerturbationNorm norm) {
  LIKEWISE_CHECK(y.dim() >= 2, "a perturbation [N, ...] has at least two dimensions, found {}",
                 y.dim());
  const Tensor t = at::tanh(y);
  if (norm == PerturbationNorm::linf) return budget * t;
  std::vector<int64_t> rest;
  for (int64_t d = 1; d < y.dim(); ++d) rest.push_back(d);
  const Tensor size = norm == PerturbationNorm::l1
                          ? at::mean(t.abs(), rest, /*keepdim=*/true)
                          : at::sqrt(at::mean(t.square(), rest, /*keepdim=*/true) + 1e-24);
  return t * (budget / (size + kFloor));  // [N, 1, ...] against [N, ...]
}

Tensor cosine_transform(const Tensor& x) { return transform(x, false); }
Tensor inverse_cosine_transform(const Tensor& x) { return transform(x, true); }

}  // namespace likewise
