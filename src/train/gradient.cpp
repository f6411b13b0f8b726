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

// Calls visit(view number, first row, rows) for every chunk in a fixed order.
template <class Visit>
void for_each_chunk(const Method& method, const Batch& batch, int64_t chunk, Visit&& visit) {
  for (size_t v = 0; v < batch.views.size(); ++v) {
    if (!method.embeds(v)) continue;
    const int64_t n = batch.views[v].size(0);
    for (int64_t first = 0; first < n; first += chunk) {
      visit(v, first, std::min(chunk, n - first));
    }
  }
}

// Ends phases of a profile that may not be wanted.
class Laps {
 public:
  explicit Laps(Profile* profile) : profile_(profile) {}
  void end(Phase phase) const {
    if (profile_) profile_->end(phase);
  }

 private:
  Profile* profile_;
};

}  // namespace

double cached_gradient(Method& method, const Batch& batch, double scale, int64_t chunk,
                       const ViewRows& rows, Profile* profile) {
  const Laps laps(profile);
  if (!method.loss_is_of_embeddings()) {
    throw UserError("--chunk: the gradient of this method cannot be cached; leave --chunk out");
  }
  std::vector<std::vector<Tensor>> pieces(batch.views.size());
  {
    const at::NoGradGuard no_grad;
    const BufferGuard buffers(method);
    for_each_chunk(method, batch, chunk, [&](size_t v, int64_t first, int64_t count) {
      pieces[v].push_back(method.embed(batch.views[v].narrow(0, first, count)));
    });
  }
  std::vector<Tensor> z;
  for (const auto& view : pieces) {
    z.push_back(view.empty() ? Tensor() : at::cat(view).set_requires_grad(true));
  }
  laps.end(Phase::kForward);
  const Tensor loss = method.loss_of(z, batch);
  (loss * scale)
      .backward();  // parameters of the loss itself, such as a temperature, get theirs here
  laps.end(Phase::kLoss);
  for_each_chunk(method, batch, chunk, [&](size_t v, int64_t first, int64_t count) {
    const Tensor again = method.embed(rows(v, first, count));
    laps.end(Phase::kForward);
    // A view without a gradient of its own, while the method takes none either.
    if (again.requires_grad() && z[v].grad().defined()) {
      again.backward(z[v].grad().narrow(0, first, count));
    }
    laps.end(Phase::kBackward);
  });
  return loss.item<double>();
}

double accumulate_gradient(Method& method, const Batch& batch, const Player& player, double scale,
                           int64_t chunk, Profile* profile) {
  const Laps laps(profile);
  if (chunk > 0 && chunk < batch.views.at(0).size(0)) {
    const auto rows = [&](size_t v, int64_t first, int64_t count) {
      return batch.views[v].narrow(0, first, count);
    };
    return cached_gradient(method, batch, scale, chunk, rows, profile);
  }
  Tensor loss;
  if (method.loss_is_of_embeddings()) {
    const std::vector<Tensor> z = method.embed_views(batch);
    laps.end(Phase::kForward);
    loss = method.loss_of(z, batch);
  } else {
    loss = method.loss(batch, player);
  }
  laps.end(Phase::kLoss);
  (scale == 1 ? loss : loss * scale).backward();
  laps.end(Phase::kBackward);
  return loss.item<double>();
}

}  // namespace likewise
