#pragma once
// Noise for networks: every row of a batch draws from a stream of its own.

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Row i of a batch takes its noise at place `site` of a network from stream.fork({site, first +
// i}). A batch may therefore pass in pieces (first: the row at which a piece begins), with any
// number of threads, and a step's noise is a function of the keys of `stream` alone.
struct NoiseStream {
  Rng stream;
  int64_t first = 0;

  NoiseStream from(int64_t row) const { return {stream, first + row}; }
  // Uniform in [0, 1), of `shape` [N, ...], with type and device of `like`.
  Tensor uniform(uint64_t site, at::IntArrayRef shape, const Tensor& like) const;
};

}  // namespace likewise
