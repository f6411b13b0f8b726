#pragma once
// Layers of several networks at once, one a task, with derivatives of every order: what learners
// that adapt compute with. Arrays are [T, B, H, W, C]: task, image, row, column, channel.

#include "likewise/tensor.hpp"

namespace likewise::fewshot {

// Convolution of each task's images with its own weights, without bias. x [T, B, H, W, C], w
// [T, O, C, K, K] -> [T, B, H', W', O]. By our kernels where they take the shape, else by
// libtorch's grouped convolution, which is the slow twin.
Tensor task_conv(const Tensor& x, const Tensor& w, int64_t stride, int64_t padding);
Tensor task_conv_slow(const Tensor& x, const Tensor& w, int64_t stride, int64_t padding);

// (x - mean) / sqrt(var + 1e-5) with mean and biased variance over each task's images and places.
// x [T, B, H, W, C], same shape out.
Tensor task_normalised(const Tensor& x);

}  // namespace likewise::fewshot
