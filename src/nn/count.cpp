#include "likewise/nn/count.hpp"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <vector>

#include "likewise/nn/layers.hpp"

namespace likewise {

int64_t parameter_count(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

int64_t multiply_adds(Encoder& encoder, int64_t channels, int64_t image_size) {
  return multiply_adds(encoder, InputShape::image(channels, image_size));
}

int64_t multiply_adds(Encoder& encoder, const InputShape& input) {
  const c10::NoGradGuard no_grad;
  const auto modules = encoder.modules();  // parents before their children
  std::vector<bool> training;
  for (const auto& module : modules) training.push_back(module->is_training());
  at::TensorOptions options;
  if (const auto parameters = encoder.parameters(); !parameters.empty()) {
    options = parameters.front().options().requires_grad(false);
  }
  encoder.eval();
  const detail::MultiplyAddCounter counter;
  encoder.forward(at::zeros(input.batch(1), options));
  for (size_t i = 0; i < modules.size(); ++i) modules[i]->train(training[i]);
  return counter.total();
}

}  // namespace likewise
