#include "likewise/methods/inst_disc.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>

#include "likewise/base/error.hpp"
#include "likewise/losses/inst_disc.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {

InstDisc::InstDisc(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), options_(options) {
  log_z_ = register_buffer("log_z",
                           at::full({1}, std::numeric_limits<double>::quiet_NaN(), at::kDouble));
}

void InstDisc::begin(const TrainContext& context) {
  seed_ = context.seed;
  const Tensor rows = at::empty({context.samples, head().out_dim()}, at::kFloat);
  Rng rng(seed_, {0xba2c});
  rng.fill_uniform(rows.data_ptr<float>(), rows.numel());
  rows.mul_(2).sub_(1);  // directions: their scale is normalised away
  bank_ = register_buffer("bank", unit_rows(rows));
}

// Bank rows drawn for each sample of this step. int64 [N, negatives]
Tensor InstDisc::noise(int64_t rows) const {
  const Tensor out = at::empty({rows, options_.negatives}, at::kLong);
  Rng rng(seed_, {0x2015e, static_cast<uint64_t>(progress().step)});
  if (progress().turn > 0) rng = rng.fork({static_cast<uint64_t>(progress().turn)});
  int64_t* values = out.data_ptr<int64_t>();
  for (int64_t i = 0; i < out.numel(); ++i) values[i] = rng.below(bank_.size(0));
  return out.to(bank_.device());
}

Tensor InstDisc::loss_of(const std::vector<Tensor>& z, const Batch& batch) {
  LIKEWISE_CHECK(bank_.defined(), "begin() makes the memory bank");
  const Tensor unit = unit_rows(z.at(0));
  Tensor loss;
  if (options_.form == "softmax") {
    loss = inst_disc_softmax(unit, bank_, batch.index, options_.temperature);
  } else {
    const Tensor drawn = noise(unit.size(0));
    if (options_.form == "viewmaker") {
      loss = inst_disc_viewmaker(unit, bank_, batch.index, drawn, options_.temperature);
    } else {
      double log_z = log_z_.item<double>();
      if (std::isnan(log_z)) {
        log_z = inst_disc_log_z(unit.detach(), bank_, drawn, options_.temperature);
        log_z_.fill_(log_z);
      }
      loss = inst_disc_nce(unit, bank_, batch.index, drawn, options_.temperature, log_z);
    }
  }
  if (options_.proximal > 0) {
    loss =
        loss + options_.proximal * (unit - bank_.index_select(0, batch.index)).pow(2).sum(1).mean();
  }
  // The authors' bank moves in an adversary's turn, too.
  if (is_training() && c10::GradMode::is_enabled()) {
    pending_.emplace_back(batch.index, unit.detach());
  }
  return loss;
}

void InstDisc::after_turn() {
  for (const auto& [index, z] : pending_) update_bank(bank_, index, z, options_.momentum);
  pending_.clear();
}

}  // namespace likewise
