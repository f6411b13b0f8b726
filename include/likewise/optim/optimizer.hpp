#pragma once
// Optimisers: what a step does to the parameters, given their gradients.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct OptimOptions {
  std::string name = "adamw";
  double lr = 1e-3;
  std::string lr_scaling = "none";
  double weight_decay = 0.01;
  double momentum = 0.9;
  double dampening = 0;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double lars_eta = 0;
  template <class V>
  void fields(V& v) {
    v("name", name, "how gradients become steps; lars is SimCLR's, lars-clip that of solo-learn",
      choices({"sgd", "adam", "adamw", "lars", "lars-clip"}));
    v("lr", lr, "learning rate at its highest", range(0, 1e6));
    v("lr_scaling", lr_scaling, "multiply lr by batch/256 (linear) or by the root of batch (sqrt)",
      choices({"none", "linear", "sqrt"}));
    v("weight_decay", weight_decay, "pull to zero; never on biases, norms and the temperature",
      range(0, 1e6));
    v("momentum", momentum, "of sgd and lars", range(0, 1));
    v("dampening", dampening, "of sgd: part of a gradient that does not enter the momentum",
      range(0, 1));
    v("nesterov", nesterov, "of sgd and lars: step along the momentum as it will be");
    v("beta1", beta1, "of adam: decay of the mean gradient", range(0, 1));
    v("beta2", beta2, "of adam: decay of the mean squared gradient", range(0, 1));
    v("eps", eps, "of adam: added to the root of the mean square", range(0, 1));
    v("lars_eta", lars_eta, "trust coefficient of lars; 0: 0.001, or 0.02 for lars-clip",
      range(0, 1e6));
  }
};

// A parameter and how it is treated. Without `decay` (biases, norms, the temperature) there is
// neither weight decay nor a trust ratio.
struct ParameterInfo {
  std::string name;
  Tensor tensor;
  bool decay = true;
};

// Parameters by name, as modules and players list them; those of one dimension do not decay.
std::vector<ParameterInfo> parameter_infos(
    const std::vector<std::pair<std::string, Tensor>>& parameters);

// Updates parameters in place. Parameters whose gradient is undefined are left alone. Float32
// parameters on the processor are updated in one pass over memory, others by tensor operations.
class Optimizer {
 public:
  Optimizer(std::vector<ParameterInfo> parameters, std::vector<std::string> slots);
  virtual ~Optimizer() = default;

  void step(double lr);
  void zero_grad();  // makes gradients undefined

  // Everything that a continued run needs to go on bit by bit: "updates", int64 [P], steps done by
  // each parameter, and "<slot>.<parameter>", of its shape. The tensors are those in use.
  std::vector<std::pair<std::string, Tensor>> state() const;
  // Copies a state. DataError if a tensor is missing, superfluous or of another shape.
  void load_state(const std::map<std::string, Tensor>& state);

  const std::vector<ParameterInfo>& parameters() const { return parameters_; }

  // One parameter during a step.
  struct Update {
    Tensor weight, grad;        // [...]
    std::vector<Tensor> slots;  // of the same shape and strides
    int64_t count;              // updates of this parameter, this one included: 1, 2, ...
    bool decay;
    bool flat;  // everything is float32 on the processor and of one layout in memory
    double lr;
  };

 private:
  virtual void apply(Update& update) const = 0;

  std::vector<ParameterInfo> parameters_;
  std::vector<std::string> slot_names_;
  std::vector<std::vector<Tensor>> slots_;  // [parameter][slot]
  Tensor updates_;                          // int64 [P]
};

// With g the gradient, w the weight, d the weight decay (0 without ParameterInfo::decay), m
// momentum:
//   sgd        u = g + d w;  v = m v + (1 - dampening) u  (first v = u);  w -= lr (nesterov ? u + m
//   v : v) adam       u = g + d w, then as adamw without decay adamw      w -= lr d w;  a = b1 a +
//   (1 - b1) g;  b = b2 b + (1 - b2) g^2;
//              w -= lr a / (1 - b1^t) / (sqrt(b / (1 - b2^t)) + eps)
//   lars       u = g + d w;  r = eta |w| / |u|;  v = m v + lr r u;  w -= nesterov ? m v + lr r u :
//   v lars-clip  r = min(eta |w| / (|g| + d |w| + 1e-8) / lr, 1);  u = r (g + d w);  as sgd
// r = 1 if a norm is 0 (lars-clip then leaves out the decay too) or without ParameterInfo::decay.
// In `lars` the rate is part of the momentum, which matters whenever it changes.
// Sources: Kingma and Ba 2015; Loshchilov and Hutter 2019; You et al. 2017 (arXiv 1708.03888), as
// in SimCLR's code (lars) and in solo-learn and timm (lars-clip). UserError for an unknown name or
// a combination that means nothing.
std::unique_ptr<Optimizer> make_optimizer(const OptimOptions& options,
                                          std::vector<ParameterInfo> parameters);

// options.lr for a batch size, by options.lr_scaling: lr, lr batch / 256, or lr sqrt(batch).
double scaled_learning_rate(const OptimOptions& options, double batch);

// Multiplies all gradients by min(1, max_norm / (norm + 1e-6)) and returns the norm that they had
// together, summed in double precision. A norm that is not finite leaves them as they are.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

}  // namespace likewise
