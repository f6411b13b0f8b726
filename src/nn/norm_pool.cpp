#include "nn/norm_pool.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "kernels/norm/norm_pool.hpp"
#include "likewise/base/error.hpp"
#include "nn/norm_statistics.hpp"

namespace likewise::detail {
namespace {

// Where the rows of cells of a batch lie, numbered image by image.
struct Cells {
  explicit Cells(const Tensor& x)
      : channels(x.size(1)),
        height(x.size(2)),
        width(x.size(3)),
        down(height / 2),
        rows(x.size(0) * down) {}
  int64_t pixels_at(int64_t row) const {
    return (row / down * height + row % down * 2) * width * channels;
  }
  int64_t cells_at(int64_t row) const { return row * (width / 2) * channels; }
  int64_t of_a_piece() const { return std::max<int64_t>(1, kRows / (width / 2)); }
  int64_t channels, height, width, down, rows;
};

Tensor backward_cells(const Tensor& dy, const Tensor& x, const kernels::PoolRow& row,
                      const float* mean, const float* inverse, const Tensor& weight,
                      NormGradient& norm) {
  const Cells cells(x);
  const auto& ops = kernels::norm_pool_ops();
  const float *in = x.data_ptr<float>(), *up = dy.data_ptr<float>();
  const auto [sum, product] = add_pieces(
      cells.rows, cells.channels,
      [&](int64_t first, int64_t count, float* s, float* q) {
        for (int64_t r = first; r < first + count; ++r) {
          ops.sums(row, up + cells.cells_at(r), in + cells.pixels_at(r), mean, s, q);
        }
      },
      cells.of_a_piece());
  norm = norm_gradient(weight, mean, inverse, x.numel() / cells.channels, sum, product);
  Tensor dx = at::empty_like(x);
  float* out = dx.data_ptr<float>();
  over_pieces(
      cells.rows,
      [&](int64_t first, int64_t count) {
        for (int64_t r = first; r < first + count; ++r) {
          const int64_t at = cells.pixels_at(r);
          ops.backward(row, up + cells.cells_at(r), in + at, norm.a.data(), norm.b.data(),
                       norm.c.data(), out + at);
          if (cells.height % 2 == 1 && r % cells.down == cells.down - 1) {
            const int64_t last = at + 2 * cells.width * cells.channels;
            ops.outside(in + last, cells.width, cells.channels, norm.b.data(), norm.c.data(),
                        out + last);
          }
        }
      },
      cells.of_a_piece());
  return dx;
}

struct NormPoolFunction : torch::autograd::Function<NormPoolFunction> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const NormRelu& norm) {
    const NormRelu with = {weight,           bias,          norm.running_mean,
                           norm.running_var, norm.momentum, norm.eps};
    const Statistics s = batch_statistics(with, x);
    const Cells cells(x);
    Tensor y = at::empty({x.size(0), cells.channels, cells.down, cells.width / 2},
                         x.options().memory_format(at::MemoryFormat::ChannelsLast));
    const auto& ops = kernels::norm_pool_ops();
    const kernels::PoolRow row{cells.width, cells.channels, s.scale.data(), s.shift.data()};
    const float* in = x.data_ptr<float>();
    float* out = y.data_ptr<float>();
    over_pieces(
        cells.rows,
        [&](int64_t first, int64_t count) {
          for (int64_t r = first; r < first + count; ++r) {
            ops.forward(row, in + cells.pixels_at(r), out + cells.cells_at(r));
          }
        },
        cells.of_a_piece());
    context->save_for_backward({x, weight, packed(s)});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    if (at::GradMode::is_enabled()) {
      throw UserError("the fused batch normalisation has no second derivative");
    }
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const int64_t channels = x.size(1);
    const float *mean = saved[2].data_ptr<float>(), *inverse = mean + channels;
    const kernels::PoolRow row{x.size(3), channels, inverse + channels, inverse + 2 * channels};
    NormGradient norm;
    const Tensor dy = upstream[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor dx = backward_cells(dy, x, row, mean, inverse, weight, norm);
    return {dx, norm.weight, norm.bias, Tensor()};
  }
};

}  // namespace

bool can_fuse_norm_relu_pool(const NormRelu& norm, const Tensor& x) {
  constexpr int64_t kBlock = 16;
  return can_fuse_norm_relu(norm, x, {}) && x.scalar_type() == at::kFloat &&
         x.size(1) % kBlock == 0 && x.size(2) >= 2 && x.size(3) >= 2;
}

Tensor norm_relu_pool(const NormRelu& norm, const Tensor& x) {
  return NormPoolFunction::apply(x, norm.weight, norm.bias, norm);
}

}  // namespace likewise::detail
