#pragma once
// Whose statistics batch normalisation uses when episodes are scored. It changes accuracies by
// points, so every figure says it.

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise::fewshot {

// inductive      running statistics of training: a query is judged by itself
// support        statistics of the episode's support, for support and queries: still each by itself
// transductive   statistics of what is judged: queries help each other, which a program that names
//                one image at a time cannot have. Encoders see support and queries together;
//                learners that adapt see the support while they adapt, then the queries.
enum class NormMode { kInductive, kSupport, kTransductive };

std::string norm_name(NormMode mode);
NormMode parse_norm(const std::string& name);  // UserError for another name

// While one exists, all batch norms of `module` compute with the statistics of what passes
// (`training`) or with their running ones; afterwards running statistics, counters and mode are as
// before. With `training`, momentum is 1: running statistics become those of the last batch.
class NormScope {
 public:
  NormScope(torch::nn::Module& module, bool training);
  ~NormScope();
  NormScope(const NormScope&) = delete;
  NormScope& operator=(const NormScope&) = delete;

 private:
  torch::nn::Module& module_;
  bool was_training_;
  std::vector<std::pair<Tensor, Tensor>> saved_;  // buffer, copy
  std::vector<std::pair<double*, double>> momenta_;
};

}  // namespace likewise::fewshot
