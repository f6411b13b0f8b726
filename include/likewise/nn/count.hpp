#pragma once
// How large a network is and how much it computes.

#include "likewise/base/input_shape.hpp"
#include "likewise/nn/encoder.hpp"

namespace likewise {

int64_t parameter_count(const torch::nn::Module& module);

// Multiply-adds of one image's forward pass: those of convolutions, linear layers and attention
// products (a FLOP count in the usual sense is twice that; training costs about three times a
// forward pass). Runs the encoder once, in evaluation mode, without changing it.
int64_t multiply_adds(Encoder& encoder, int64_t channels, int64_t image_size);
int64_t multiply_adds(Encoder& encoder, const InputShape& input);

}  // namespace likewise
