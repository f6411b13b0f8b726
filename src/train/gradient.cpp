#include "likewise/train/gradient.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "likewise/base/error.hpp"

namespace likewise {

namespace {

// The buffers of a module as they were, put back at the end of the scope.
class BufferGuard {
 public:
  explicit BufferGuard(torch::nn::Module& module) {
    for (const Tensor& buffer : module.buffers()) saved_.emplace_back(buffer, buffer.clone());
  }
  ~BufferGuard() {
    const at::NoGradGuard no_grad;
    for (auto& [buffer, value] : saved_) buffer.copy_(value);
  }
  BufferGuard(const BufferGuard&) = delete;
  BufferGuard& operator=(const BufferGuard&) = delete;

 private:
  std::vector<std::pair<Tensor, Tensor>> saved_;
};

// Calls visit(view number, chunk of that view, its first row) in a fixed order.
template <class Visit>
void for_each_chunk(const Batch& batch, int64_t chunk, Visit&& visit) {
  for (size_t v = 0; v < batch.views.size(); ++v) {
    const int64_t n = batch.views[v].size(0);
    for (int64_t first = 0; first < n; first += chunk) {
      visit(v, batch.views[v].narrow(0, first, std::min(chunk, n - first)), first);
    }
  }
}

double cached_gradient(Method& method, const Batch& batch, double scale, int64_t chunk) {
  std::vector<std::vector<Tensor>> pieces(batch.views.size());
  {
    const at::NoGradGuard no_grad;
    const BufferGuard buffers(method);
    for_each_chunk(batch, chunk, [&](size_t v, const Tensor& x, int64_t) {
      pieces[v].push_back(method.embed(x));
    });
  }
  std::vector<Tensor> z;
  for (const auto& view : pieces) z.push_back(at::cat(view).set_requires_grad(true));
  const Tensor loss = method.loss_of(z, batch);
  (loss * scale).backward();  // parameters of the loss itself, such as a temperature, get theirs here
  for_each_chunk(batch, chunk, [&](size_t v, const Tensor& x, int64_t first) {
    method.embed(x).backward(z[v].grad().narrow(0, first, x.size(0)));
  });
  return loss.item<double>();
}

}  // namespace

double accumulate_gradient(Method& method, const Batch& batch, const Player& player, double scale,
                           int64_t chunk) {
  if (chunk > 0 && chunk < batch.views.at(0).size(0)) {
    if (!method.loss_is_of_embeddings()) {
      throw UserError("--chunk: the gradient of this method cannot be cached; leave --chunk out");
    }
    return cached_gradient(method, batch, scale, chunk);
  }
  const Tensor loss = method.loss(batch, player);
  (scale == 1 ? loss : loss * scale).backward();
  return loss.item<double>();
}

}  // namespace likewise
