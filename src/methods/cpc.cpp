#include "likewise/methods/cpc.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/relu.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise {
namespace {

// x [N, C, H, W] -> patches [N R C', C, p, p], and R, C'.
struct Grid {
  Tensor patches;
  int64_t rows, columns;
};

Grid cut(const Tensor& x, int64_t patch) {
  const int64_t stride = std::max<int64_t>(1, patch / 2);
  const Tensor grid = x.unfold(2, patch, stride).unfold(3, patch, stride);  // [N, C, R, C', p, p]
  const int64_t rows = grid.size(2), columns = grid.size(3);
  return {grid.permute({0, 2, 3, 1, 4, 5}).reshape({-1, x.size(1), patch, patch}), rows, columns};
}

}  // namespace

Cpc::Cpc(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  const int64_t width = encoder->feature_dim();
  for (int64_t i = 0; i < options.context_layers; ++i) {
    convolutions_.push_back(register_module(
        "context" + std::to_string(i),
        std::make_shared<Conv2d>(width, width, Conv2dOptions{.kernel = 3, .bias = true})));
  }
  for (int64_t k = 1; k <= options.rows_down; ++k) {
    predictors_.push_back(register_module("predict" + std::to_string(k),
                                          std::make_shared<Linear>(width, width, false)));
  }
}

Tensor Cpc::context(const Tensor& z) {
  Tensor c = z;
  for (const auto& convolution : convolutions_) {
    // Two rows above and none below: a row sees itself and what stands above.
    c = c + at::relu(convolution->forward(at::constant_pad_nd(c, {1, 1, 2, 0})));
  }
  return c;
}

Tensor Cpc::loss(const Batch& batch, const Player&) {
  const Tensor& x = batch.views.at(0);
  const int64_t patch = options_.patch > 0 ? options_.patch : std::max<int64_t>(1, x.size(2) / 4);
  if (patch > x.size(2) || patch > x.size(3)) {
    throw UserError("patch is {}, more than the view's {} x {}", patch, x.size(2), x.size(3));
  }
  const Grid grid = cut(x, patch);
  if (grid.rows < 2) {
    throw UserError("patches of {} leave a single row of a view of {}: nothing is below", patch,
                    x.size(2));
  }
  return loss_of(
      {embed(channels_last(grid.patches)).reshape({x.size(0), grid.rows, grid.columns, -1})},
      batch);
}

// z: one [N, R, C, D], the grid of embeddings.
Tensor Cpc::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  if (z.at(0).dim() == 2) return loss(batch, {});  // as a caller with whole views has them
  const int64_t n = z[0].size(0), rows = z[0].size(1), columns = z[0].size(2), width = z[0].size(3);
  const Tensor c = context(z[0].permute({0, 3, 1, 2})).permute({0, 2, 3, 1});  // [N, R, C, D]
  const Tensor keys = z[0].reshape({-1, width});                               // [N R C, D]
  const Tensor number =
      at::arange(keys.size(0), keys.options().dtype(at::kLong)).reshape({n, rows, columns});
  Tensor sum;
  int64_t terms = 0;
  for (int64_t k = 1; k <= std::min<int64_t>(options_.rows_down, rows - 1); ++k, ++terms) {
    const Tensor from = c.narrow(1, 0, rows - k).reshape({-1, width});
    const Tensor q = predictors_[static_cast<size_t>(k - 1)]->forward(from);
    const Tensor one = info_nce(q, keys, {.positive = number.narrow(1, k, rows - k).flatten()},
                                {.temperature = options_.temperature});
    sum = sum.defined() ? sum + one : one;
  }
  return sum / terms;
}

}  // namespace likewise
