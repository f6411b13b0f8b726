#pragma once
// The one torch header that public headers include: it parses in 3 s where torch/torch.h takes 16.

#include <ATen/core/Tensor.h>

namespace likewise {

using at::Tensor;

}  // namespace likewise
