#include "likewise/nn/initialize.hpp"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

namespace {

// Values are made in C order on the host, so that memory format and device do not matter.
template <class Make>
void fill_in_order(Tensor& tensor, Make make) {
  const c10::NoGradGuard no_grad;
  Tensor values = at::empty(tensor.sizes(), at::TensorOptions().dtype(at::kFloat));
  make(values.data_ptr<float>(), values.numel());
  tensor.copy_(values);
}

void initialize_by_shape(torch::nn::Module& module, const Rng& rng) {
  auto parameters = module.named_parameters(/*recurse=*/false);
  const Tensor* weight = parameters.find("weight");
  for (auto& item : parameters) {
    Tensor value = item.value();
    Rng stream = rng.fork({name_key(item.key())});
    const bool is_weight = item.key() == "weight", is_bias = item.key() == "bias";
    if (is_weight && value.dim() >= 3) {
      const double fan_out =
          static_cast<double>(value.numel() / std::max<int64_t>(1, value.size(1)));
      fill_normal(value, std::sqrt(2 / fan_out), stream);
    } else if ((is_weight && value.dim() == 2) || (is_bias && weight && weight->dim() == 2)) {
      fill_uniform(value, 1 / std::sqrt(static_cast<double>(weight->size(1))), stream);
    } else if (is_weight) {
      fill_constant(value, 1);
    } else if (is_bias) {
      fill_constant(value, 0);
    } else if (value.dim() >= 2) {
      fill_truncated_normal(value, 0.02, stream);
    }
  }
  for (auto& item : module.named_buffers(/*recurse=*/false)) {
    const std::string& name = item.key();
    if (name == "running_mean" || name == "num_batches_tracked") fill_constant(item.value(), 0);
    if (name == "running_var") fill_constant(item.value(), 1);
  }
}

}  // namespace

uint64_t name_key(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3ULL;
  return hash;
}

void fill_constant(Tensor& tensor, double value) {
  const c10::NoGradGuard no_grad;
  tensor.fill_(value);
}

void fill_normal(Tensor& tensor, double deviation, Rng& rng) {
  fill_in_order(tensor, [&](float* out, int64_t n) {
    rng.fill_normal(out, n);
    for (int64_t i = 0; i < n; ++i) out[i] *= static_cast<float>(deviation);
  });
}

void fill_uniform(Tensor& tensor, double bound, Rng& rng) {
  fill_in_order(tensor, [&](float* out, int64_t n) {
    rng.fill_uniform(out, n);
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(bound) * (2 * out[i] - 1);
  });
}

void fill_truncated_normal(Tensor& tensor, double deviation, Rng& rng) {
  fill_in_order(tensor, [&](float* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      double z = rng.normal();
      while (std::abs(z) > 2) z = rng.normal();
      out[i] = static_cast<float>(deviation * z);
    }
  });
}

void initialize(torch::nn::Module& module, const Rng& rng) {
  const auto start = [&rng](torch::nn::Module& part, const std::string& name) {
    Rng stream = rng.fork({name_key(name)});
    if (auto* layer = dynamic_cast<Layer*>(&part)) {
      layer->initialize(stream);
    } else {
      initialize_by_shape(part, stream);
    }
  };
  start(module, "");
  for (auto& item : module.named_modules(/*name_prefix=*/"", /*include_self=*/false)) {
    start(*item.value(), item.key());
  }
}

}  // namespace likewise
