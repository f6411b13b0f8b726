#pragma once
// Networks as functions of their parameters, for learners that adapt.

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/fewshot/adapt.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise::fewshot {

struct TaskNetOptions {
  int64_t width = 32;
  std::string reduce = "stride";
  std::string features = "flatten";
  template <class V>
  void fields(V& v) {
    v("width", width, "filters of each of the four blocks", range(1, 4096));
    v("reduce", reduce, "how a block halves the image: stride of its convolution, or a pool",
      choices({"stride", "pool"}));
    v("features", features, "what the last layer sees: all places, or their mean",
      choices({"flatten", "mean"}));
  }
};

// What batch norms measured while a batch passed, to be used for another.
struct NormStatistics {
  std::vector<Tensor> mean, var;
};

// Four blocks of 3x3 convolution, batch norm, rectifier (and pool), then a linear layer: x
// [N, C, S, S] -> logits [N, ways]. Batch norm always uses statistics of a batch. Only operations
// of libtorch's that have second derivatives.
class TaskNet : public torch::nn::Module {
 public:
  TaskNet(const TaskNetOptions& options, int64_t channels, int64_t size, int64_t ways);

  // The parameters in the order of `forward`: of each block weight, scale and shift; then weight
  // and bias of the last layer.
  Parameters parameters_in_order() const;
  size_t head_begin() const { return 12; }  // position of the last layer's weight

  // `record`, if given, receives the statistics; `use`, if given, replaces the batch's own.
  Tensor forward(const Tensor& x, const Parameters& phi, NormStatistics* record = nullptr,
                 const NormStatistics* use = nullptr) const;

 private:
  TaskNetOptions options_;
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
  std::shared_ptr<Linear> head_;
};

// Cross-entropy, the mean. logits [N, K], targets int64 [N].
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);

}  // namespace likewise::fewshot
