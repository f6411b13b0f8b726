#include "likewise/nn/noise_stream.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor NoiseStream::uniform(uint64_t site, at::IntArrayRef shape, const Tensor& like) const {
  LIKEWISE_CHECK(!shape.empty(), "noise has a batch dimension");
  const Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  const int64_t rows = shape[0], width = rows > 0 ? values.numel() / rows : 0;
  float* to = values.data_ptr<float>();
  at::parallel_for(0, rows, 8, [&](int64_t begin, int64_t end) {  // a row has a stream of its own
    for (int64_t i = begin; i < end; ++i) {
      Rng rng = stream.fork({site, static_cast<uint64_t>(first + i)});
      rng.fill_uniform(to + i * width, width);
    }
  });
  return values.to(like.options());
}

}  // namespace likewise
