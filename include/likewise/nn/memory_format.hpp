#pragma once
// Channels-last: pixels with their channels side by side in memory, the layout in which
// convolutions on processors (and bf16 ones on GPUs) are fastest. Values do not change.

#include <torch/nn/module.h>

#include "likewise/tensor.hpp"

namespace likewise {

// x [N, C, H, W] with channels-last strides (H W C, 1, W C, C), which decide how the convolutions
// behind it run. Unlike contiguous(ChannelsLast), which keeps the planar strides where one channel
// or one pixel makes both layouts the same bytes, and thereby leaves the whole network planar. No
// copy when the bytes already lie that way. Tensors of other dimensions come back as they are.
Tensor channels_last(const Tensor& x);

// Lays all weights of four dimensions out channels-last, in place.
void to_channels_last(torch::nn::Module& module);

}  // namespace likewise
