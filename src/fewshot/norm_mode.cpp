#include "likewise/fewshot/norm_mode.hpp"

#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::fewshot {

std::string norm_name(NormMode mode) {
  switch (mode) {
    case NormMode::kInductive:
      return "inductive";
    case NormMode::kSupport:
      return "support";
    case NormMode::kTransductive:
      break;
  }
  return "transductive";
}

NormMode parse_norm(const std::string& name) {
  for (const NormMode mode : {NormMode::kInductive, NormMode::kSupport, NormMode::kTransductive}) {
    if (norm_name(mode) == name) return mode;
  }
  throw UserError("the batch-norm mode '{}' is unknown{}", name,
                  did_you_mean(name, {"inductive", "support", "transductive"}));
}

NormScope::NormScope(torch::nn::Module& module, bool training)
    : module_(module), was_training_(module.is_training()) {
  for (const auto& child : module.modules(false)) {
    auto* norm = child->as<BatchNorm>();
    if (norm == nullptr) continue;
    for (const Tensor& buffer :
         {norm->running_mean, norm->running_var, norm->num_batches_tracked}) {
      saved_.emplace_back(buffer, buffer.clone());
    }
    momenta_.emplace_back(&norm->momentum, norm->momentum);
    if (training) norm->momentum = 1;
  }
  module.train(training);
}

NormScope::~NormScope() {
  const at::NoGradGuard no_grad;
  for (auto& [buffer, copy] : saved_) buffer.copy_(copy);
  for (auto& [momentum, value] : momenta_) *momentum = value;
  module_.train(was_training_);
}

}  // namespace likewise::fewshot
