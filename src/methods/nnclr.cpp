#include "likewise/methods/nnclr.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

constexpr int64_t kTile = 256;

// The rows of `keys` nearest to each row of z by inner product. [N, d]
Tensor nearest(const Tensor& z, const Tensor& keys) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> rows;
  for (int64_t first = 0; first < z.size(0); first += kTile) {
    const Tensor tile = z.narrow(0, first, std::min(kTile, z.size(0) - first));
    rows.push_back(keys.index_select(0, at::argmax(at::matmul(tile, keys.t()), 1)));
  }
  return at::cat(rows);
}

}  // namespace

Nnclr::Nnclr(std::shared_ptr<Encoder> encoder, const Options& options)
    : PredictorMethod(std::move(encoder), options.head, options.predictor),
      options_(options),
      false_negatives_(options.false_negatives) {
  queue_ = register_module("queue", std::make_shared<KeyQueue>(options.queue, head().out_dim()));
}

void Nnclr::begin(const TrainContext& context) {
  queue_->begin(context.seed);
  false_negatives_.begin(context);
}

Tensor Nnclr::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(z.size() >= 2, "NNCLR compares two views, found {}", z.size());
  const Tensor groups = false_negatives_.groups(batch, z, progress());
  const Tensor sum = both_ways([&](size_t v) {
    const Tensor n = nearest(unit_rows(z[v].detach()), queue_->keys());
    return info_nce(n, predict(z[1 - v]), batch_pairs(groups, n.size(0)),
                    {.temperature = options_.temperature});
  });
  if (records()) pending_.push_back(unit_rows(z[0].detach()));
  return sum / 2;
}

void Nnclr::after_step(const TrainProgress&) {
  for (const Tensor& keys : pending_) queue_->push(keys);
  pending_.clear();
}

}  // namespace likewise
