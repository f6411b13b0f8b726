#include "likewise/methods/learned_views.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/optim/schedule.hpp"

namespace likewise {

std::string ViewmakerSpec::to_toml() const {
  ViewmakerSpec copy = *this;
  return Fields(copy).to_toml();
}

ViewmakerSpec ViewmakerSpec::from_toml(const std::string& text, const std::string& name) {
  ViewmakerSpec spec;
  try {
    Fields(spec).read_toml(text, name);
  } catch (const UserError& error) {  // nobody wrote it by hand
    throw DataError("{}: the description of the viewmaker is damaged: {}", name, error.what());
  }
  return spec;
}

LearnedViews::LearnedViews(const ViewmakerSpec& spec, const Rng& rng) : spec_(spec) {
  if (spec.clamp && spec.low >= spec.high) {
    throw UserError("--viewmaker.clamp: values of this kind have no range to be cut to");
  }
  network_ = make_viewmaker(viewmaker_kind(spec.kind), spec.features, spec.shape);
  initialize(*network_, rng);
  to_channels_last(*network_);  // with few channels oneDNN is faster so
  if (spec.mean.empty()) return;
  const auto channels = static_cast<size_t>(spec.features);
  if (spec.mean.size() != channels || spec.std.size() != channels) {
    throw DataError("a viewmaker of {} channels has {} means and {} deviations", channels,
                    spec.mean.size(), spec.std.size());
  }
  mean_ = at::tensor(spec.mean, at::kFloat);
  std_ = at::tensor(spec.std, at::kFloat);
}

Player LearnedViews::player() const {
  Player player;
  player.name = "viewmaker";
  for (const auto& item : network_->named_parameters()) {
    player.parameters.emplace_back(item.key(), item.value());
  }
  return player;
}

// x std + mean, or (x - mean) / std.
Tensor LearnedViews::scaled(const Tensor& x, bool back) const {
  if (!mean_.defined()) return x;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = mean_.size(0);
  const Tensor mean = mean_.to(x.options()).reshape(shape),
               std = std_.to(x.options()).reshape(shape);
  return back ? (x - mean) / std : x * std + mean;
}

Tensor LearnedViews::perturbation(const Tensor& x, const NoiseStream& noise, double part) const {
  const Tensor v = scaled(x.contiguous(), false);
  const bool cosines = spec_.domain == "dct";
  const Tensor y = network_->forward(cosines ? cosine_transform(v) : v, noise);
  const Tensor delta = bounded_perturbation(y, part * spec_.budget, perturbation_norm(spec_.norm));
  return cosines ? inverse_cosine_transform(delta) : delta;
}

Tensor LearnedViews::view(const Tensor& x, const NoiseStream& noise, double part) const {
  Tensor v = scaled(x.contiguous(), false) + perturbation(x, noise, part);
  if (spec_.clamp) v = at::clamp(v, spec_.low, spec_.high);
  return channels_last(scaled(v, true));
}

Batch LearnedViews::views(const Batch& batch, const Rng& noise, double part, bool plain_first,
                          ViewStrength* strength) const {
  Batch out = batch;
  double size = 0, beyond = 0, made = 0;
  for (size_t i = plain_first ? 1 : 0; i < batch.views.size(); ++i) {
    const NoiseStream stream{noise.fork({i})};
    const Tensor v = scaled(batch.views[i].contiguous(), false);
    const Tensor delta = perturbation(batch.views[i], stream, part);
    Tensor view = v + delta;
    if (strength) {
      const at::NoGradGuard no_grad;
      size += delta.detach().abs().mean().item<double>();
      if (spec_.low < spec_.high) {
        beyond += (view.detach() < spec_.low)
                      .logical_or(view.detach() > spec_.high)
                      .to(at::kFloat)
                      .mean()
                      .item<double>();
      }
      ++made;
    }
    if (spec_.clamp) view = at::clamp(view, spec_.low, spec_.high);
    out.views[i] = channels_last(scaled(view, true));
  }
  if (strength && made > 0) *strength = {size / made, beyond / made};
  return out;
}

double LearnedViews::diversity(const Tensor& x, const Rng& noise) const {
  const at::NoGradGuard no_grad;
  const Tensor a = perturbation(x, {noise.fork({0})}), b = perturbation(x, {noise.fork({1})});
  const double together = a.abs().mean().item<double>() + b.abs().mean().item<double>();
  return together > 0 ? (a - b).abs().mean().item<double>() / together : 0;
}

Rng viewmaker_noise(uint64_t seed, int64_t step, int64_t turn, int64_t part) {
  return Rng(seed, {0x71e3, static_cast<uint64_t>(step), static_cast<uint64_t>(turn),
                    static_cast<uint64_t>(part)});
}

double budget_part(const ViewmakerOptions& options, double fraction) {
  if (options.ramp <= 0) return 1;
  return linear_between(options.ramp_from, 1, fraction / options.ramp);
}

bool viewmaker_learns(const ViewmakerOptions& options, const TrainProgress& progress) {
  const bool own = options.from.empty() || options.train;
  return own && progress.fraction < options.freeze && progress.step % options.every == 0;
}

}  // namespace likewise
