#pragma once
// A queue of embeddings of earlier batches: first in, first out.

#include <torch/nn/module.h>

#include "likewise/tensor.hpp"

namespace likewise {

// Buffers `keys` [K, d], `groups` int64 [K] and `pointer` int64 [1], the row that is written next.
class KeyQueue : public torch::nn::Module {
 public:
  KeyQueue(int64_t length, int64_t width);

  // Unit rows of normal noise, drawn from the seed; groups -1, pointer 0.
  void begin(uint64_t seed);

  // Overwrites the oldest rows; more rows than the queue is long leave the last ones. groups: int64
  // [N] or undefined for -1.
  void push(const Tensor& keys, const Tensor& groups = {});

  const Tensor& keys() const { return keys_; }
  const Tensor& groups() const { return groups_; }

 private:
  Tensor keys_, groups_, pointer_;
};

}  // namespace likewise
