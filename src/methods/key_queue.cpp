#include "likewise/methods/key_queue.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

KeyQueue::KeyQueue(int64_t length, int64_t width) {
  if (length < 1) throw UserError("queue: its length is {}; it must be at least 1", length);
  keys_ = register_buffer("keys", at::zeros({length, width}));
  groups_ = register_buffer("groups", at::full({length}, -1, at::kLong));
  pointer_ = register_buffer("pointer", at::zeros({1}, at::kLong));
}

void KeyQueue::begin(uint64_t seed) {
  const at::NoGradGuard no_grad;
  Rng(seed, {0x90e0}).fill_normal(keys_.data_ptr<float>(), keys_.numel());
  keys_.copy_(unit_rows(keys_));
  groups_.fill_(-1);
  pointer_.zero_();
}

void KeyQueue::push(const Tensor& keys, const Tensor& groups) {
  const at::NoGradGuard no_grad;
  const int64_t length = keys_.size(0), kept = std::min(keys.size(0), length);
  int64_t done = keys.size(0) - kept;
  while (done < keys.size(0)) {
    const int64_t at = pointer_.item<int64_t>();
    const int64_t count = std::min(length - at, keys.size(0) - done);
    keys_.narrow(0, at, count).copy_(keys.narrow(0, done, count));
    if (groups.defined()) {
      groups_.narrow(0, at, count).copy_(groups.narrow(0, done, count));
    } else {
      groups_.narrow(0, at, count).fill_(-1);
    }
    pointer_.fill_((at + count) % length);
    done += count;
  }
}

}  // namespace likewise
