#include "likewise/methods/method.hpp"

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include <map>

namespace likewise {

Method::Method(std::shared_ptr<Encoder> encoder) : encoder_(std::move(encoder)) {
  register_module("encoder", encoder_);
}

std::vector<Player> Method::players() {
  Player player;
  player.name = "learner";
  for (const auto& item : named_parameters()) {
    if (item.value().requires_grad()) player.parameters.emplace_back(item.key(), item.value());
  }
  return {player};
}

bool Method::records() const {
  return is_training() && c10::GradMode::is_enabled() && progress_.turn == 0;
}

Tensor Method::embed(const Tensor& x) {
  const PrecisionGuard guard(precision_, x.device().type());
  return project(encoder_->forward(x)).to(at::kFloat);
}

std::vector<Tensor> Method::embed_views(const Batch& batch) {
  std::map<std::vector<int64_t>, std::vector<size_t>> by_size;
  for (size_t v = 0; v < batch.views.size(); ++v) {
    if (embeds(v)) by_size[batch.views[v].sizes().vec()].push_back(v);
  }
  std::vector<Tensor> z(batch.views.size());
  for (const auto& [size, members] : by_size) {
    std::vector<Tensor> inputs;
    for (size_t v : members) inputs.push_back(batch.views[v]);
    const auto parts = embed(at::cat(inputs)).split(size.at(0));  // [N, d] each
    for (size_t i = 0; i < members.size(); ++i) z[members[i]] = parts[i];
  }
  return z;
}

Tensor Method::loss(const Batch& batch, const Player&) {
  return loss_of(embed_views(batch), batch);
}

}  // namespace likewise
