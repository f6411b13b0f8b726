// Samples of any one shape as an encoder's input: vectors, series, planes; standardised a feature
// or a channel.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "likewise/base/error.hpp"
#include "likewise/views/input.hpp"

namespace likewise {

namespace {

// On standardised values, so that everything is in deviations and the mean is 0.
View random_values(const TensorViewOptions& o) {
  return [o](const Tensor& x, Rng& rng) {
    Tensor out = x.contiguous().clone();
    float* values = out.data_ptr<float>();
    const auto factor = static_cast<float>(1 + o.scaling * rng.normal());
    for (int64_t i = 0; i < out.numel(); ++i) {
      const auto noise = static_cast<float>(o.noise * rng.normal());
      values[i] = rng.chance(o.drop) ? 0.0F : factor * values[i] + noise;
    }
    return out;
  };
}

View standardised_chain_tensor(const InputSpec& spec, bool random) {
  std::vector<View> chain = {[stats = spec.signal](const Tensor& x, Rng&) {
    if (x.sizes().vec() != stats.shape) {
      throw DataError("a sample has shape [{}], but the encoder takes [{}]",
                      fmt::join(x.sizes().vec(), ", "), fmt::join(stats.shape, ", "));
    }
    return standardised(x, stats);
  }};
  if (random) chain.push_back(random_values(spec.tensor));
  return compose(std::move(chain));
}

void measure_tensor(InputSpec& spec, const std::vector<Tensor>& samples, const DatasetInfo& info) {
  spec.signal = measure_signals(samples, info.rate);
  if (spec.signal.shape.empty() || spec.signal.shape.size() > 3) {
    throw DataError(
        "{}: the samples must have one shape of one to three dimensions, [D], [C, T] or "
        "[C, H, W]; the first has [{}]",
        info.name, fmt::join(samples[0].sizes().vec(), ", "));
  }
}

std::string settle_tensor(InputSpec& spec, const std::vector<Tensor>& samples) {
  TensorViewOptions& o = spec.tensor;
  if (o.recipe == "auto") o.recipe = "basic";
  const bool basic = o.recipe == "basic";
  detail::set_default(o.scaling, basic ? 0.1 : 0);
  detail::set_default(o.noise, basic ? 0.2 : 0);
  detail::set_default(o.drop, basic ? 0.2 : 0);
  if (!samples.empty()) measure_values(samples, true, spec.signal);
  return fmt::format("{} on samples of {}", o.recipe, fmt::join(spec.signal.shape, " x "));
}

std::vector<View> random_views_tensor(const InputSpec& spec, const DatasetPtr&) {
  const View view = standardised_chain_tensor(spec, true);
  return {view, view};
}

View plain_view_tensor(const InputSpec& spec) { return standardised_chain_tensor(spec, false); }

InputShape shape_tensor(const InputSpec& spec) {
  const auto& sizes = spec.signal.shape;
  return {sizes.at(0), {sizes.begin() + 1, sizes.end()}};
}

Image picture_tensor(const InputSpec&, const Tensor& view, int64_t side) {
  return detail::signal_picture(view, side);
}

}  // namespace

const InputKind detail::kTensorInput = {Modality::tensor,    "sample",          "samples",
                                        "raw input",         measure_tensor,    settle_tensor,
                                        random_views_tensor, plain_view_tensor, shape_tensor,
                                        picture_tensor};

}  // namespace likewise
