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
  std::vector<Tensor> mean, var;  // of each block [T, C], or [C] for all tasks
};

// Four blocks of 3x3 convolution, batch norm, rectifier (and pool), then a linear layer. Batch norm
// uses statistics of a batch unless it is given others. Every operation has second derivatives.
//
// With `norm_sets` of M > 1 every block has M batch norms, each with scale, shift and running
// statistics of its own, and a pass says which it uses: those of an inner step (MAML++).
class TaskNet : public torch::nn::Module {
 public:
  TaskNet(const TaskNetOptions& options, int64_t channels, int64_t size, int64_t ways,
          int64_t norm_sets = 1);

  // The parameters in the order of `forward`: of each block weight, scale and shift (of set 0);
  // then weight and bias of the last layer.
  Parameters parameters_in_order() const;
  size_t head_begin() const { return 12; }  // position of the last layer's weight
  static bool of_norm(size_t parameter) { return parameter < 12 && parameter % 3 != 0; }
  int64_t norm_sets() const { return static_cast<int64_t>(norms_.front().size()); }

  // T tasks at once, each with its own parameters and batch norm: x [T, B, S, S, C] (channels
  // last), every phi with a first dimension T -> logits [T, B, ways]. `record`, if given, receives
  // the statistics; `use`, if given, replaces the batch's own. With several sets scale and shift
  // are those of set `set`, not phi's: they do not adapt.
  Tensor forward_tasks(const Tensor& x, const Parameters& phi, NormStatistics* record = nullptr,
                       const NormStatistics* use = nullptr, int64_t set = 0) const;

  // One task: x [B, C, S, S], phi as the parameters are -> [B, ways].
  Tensor forward(const Tensor& x, const Parameters& phi) const;

  // The running statistics of a set, and how they take up those of each task (momentum 0.1).
  NormStatistics running(int64_t set) const;
  void update_running(int64_t set, const NormStatistics& tasks);

 private:
  TaskNetOptions options_;
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::vector<std::shared_ptr<BatchNorm>>> norms_;  // [block][set]
  std::shared_ptr<Linear> head_;
};

// Images [T B, C, S, S] of T tasks as `forward_tasks` takes them.
Tensor task_images(const Tensor& images, int64_t tasks);

// Parameters with a first dimension of T, all alike; the graph leads back to them.
Parameters stacked(const Parameters& parameters, int64_t tasks);

// Cross-entropy, the mean. logits [N, K], targets int64 [N].
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);
// The sum over tasks of each one's. logits [T, N, K], targets int64 [N] of every task or [T, N].
Tensor task_cross_entropy(const Tensor& logits, const Tensor& targets);

}  // namespace likewise::fewshot
