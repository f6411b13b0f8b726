#pragma once
// Weights at the start: a pure function of a stream and of the names of the modules.

#include <torch/nn/module.h>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Fills every parameter of the module and resets its buffers. Each layer draws from its own child
// stream of `rng`, keyed by its full name, so a seed gives the same network with any libtorch,
// number of threads and device, and adding a layer leaves the others as they were. Layers of
// layers.hpp say how they start. Parameters of other modules go by name and shape:
//
//   weight of 3 or more dimensions   normal, variance 2 / fan_out
//   weight of 2, and bias beside it  uniform in +-1 / sqrt(fan_in)
//   weight of 1                      1
//   bias beside any other            0
//   other names of 2 or more         normal with deviation 0.02, cut at two deviations
//   other names of 1 or 0            left as they are
void initialize(torch::nn::Module& module, const Rng& rng);

// Fill a tensor of any floating type, layout and device in the order of its indices.
void fill_constant(Tensor& tensor, double value);
void fill_normal(Tensor& tensor, double deviation, Rng& rng);
void fill_uniform(Tensor& tensor, double bound, Rng& rng);               // [-bound, bound)
void fill_truncated_normal(Tensor& tensor, double deviation, Rng& rng);  // within two deviations

// A 64-bit key of a name for Rng::fork (FNV-1a).
uint64_t name_key(std::string_view name);

}  // namespace likewise
