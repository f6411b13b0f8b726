#pragma once
// What the fused batch normalisations share: sums over all rows of channels, the statistics of a
// batch, and the coefficients of the gradient.

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "nn/norm_relu.hpp"

namespace likewise::detail {

constexpr int64_t kRows = 256;  // of a piece: sums in float stay exact to 1e-6

inline bool rows_of_channels(const Tensor& x) {
  return x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.stride(1) == 1;
}

template <class T>
const T* data(const Tensor& x) {
  return x.defined() ? static_cast<const T*>(x.data_ptr()) : nullptr;
}
template <class T>
T* mutable_data(const Tensor& x) {
  return x.defined() ? static_cast<T*>(x.data_ptr()) : nullptr;
}

// Two sums a channel over all rows: part(first row, rows, sums, sums), each piece of its own, added
// in order, so that the number of threads does not matter.
template <class Part>
std::pair<std::vector<double>, std::vector<double>> add_pieces(int64_t rows, int64_t channels,
                                                               const Part& part,
                                                               int64_t of_a_piece = kRows) {
  const int64_t pieces = (rows + of_a_piece - 1) / of_a_piece;
  std::vector<float> parts(static_cast<size_t>(pieces * 2 * channels));
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      float* sums = parts.data() + p * 2 * channels;
      part(p * of_a_piece, std::min(of_a_piece, rows - p * of_a_piece), sums, sums + channels);
    }
  });
  std::vector<double> first(static_cast<size_t>(channels)), second(first);
  for (int64_t p = 0; p < pieces; ++p) {
    const float* sums = parts.data() + p * 2 * channels;
    for (int64_t c = 0; c < channels; ++c) {
      first[static_cast<size_t>(c)] += double{sums[c]};
      second[static_cast<size_t>(c)] += double{sums[channels + c]};
    }
  }
  return {first, second};
}

template <class Body>
void over_pieces(int64_t rows, const Body& body, int64_t of_a_piece = kRows) {
  const int64_t pieces = (rows + of_a_piece - 1) / of_a_piece;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    body(begin * of_a_piece, std::min(rows, end * of_a_piece) - begin * of_a_piece);
  });
}

// y = scale x + shift normalises.
struct Statistics {
  std::vector<float> mean, inverse;  // of the deviation
  std::vector<float> scale, shift;
};

// [4, C], in the order above.
Tensor packed(const Statistics& statistics);

// Of x [N, C, H, W], float or bf16, rows of channels; updates the running statistics.
Statistics batch_statistics(const NormRelu& norm, const Tensor& x);

// From the sums of g and of g (x - mean): the gradients by weight and bias, and those by x as
// a g + b x + c.
struct NormGradient {
  Tensor weight, bias;
  std::vector<float> a, b, c;
};
NormGradient norm_gradient(const Tensor& weight, const float* mean, const float* inverse,
                           int64_t rows, const std::vector<double>& sum,
                           const std::vector<double>& product);

}  // namespace likewise::detail
