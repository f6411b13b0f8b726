#include "train/view_player.hpp"

#include <c10/core/GradMode.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/gradient.hpp"
#include "likewise/train/learned.hpp"

namespace likewise::detail {

namespace {

// While one lives the method takes no gradient, so that a backward pass reaches the views alone.
class Frozen {
 public:
  explicit Frozen(Method& method) {
    for (Tensor& parameter : method.parameters()) {
      if (!parameter.requires_grad()) continue;
      parameter.set_requires_grad(false);
      parameters_.push_back(parameter);
    }
  }
  ~Frozen() {
    for (Tensor& parameter : parameters_) parameter.set_requires_grad(true);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  std::vector<Tensor> parameters_;
};

LearnedViews on_device(LearnedViews views, c10::Device device) {
  views.network()->to(device);
  return views;
}

}  // namespace

ViewPlayer::ViewPlayer(const PretrainOptions& options, const ViewmakerSpec& spec, bool plain_first,
                       c10::Device device)
    : options_(options.viewmaker),
      seed_(static_cast<uint64_t>(options.seed)),
      chunk_(options.chunk),
      rate_(scaled_learning_rate(options.viewmaker.optim,
                                 static_cast<double>(options.batch * options.accumulate))),
      plain_first_(plain_first),
      views_(on_device(
          LearnedViews(spec, Rng(static_cast<uint64_t>(options.seed), {0x71e3, 0x1417})), device)),
      player_(views_.player()),
      optimizer_(make_optimizer(options.viewmaker.optim, parameter_infos(player_.parameters))) {
  if (!options_.from.empty() && !options.resume) load_viewmaker_weights(views_, options_.from);
}

Batch ViewPlayer::for_method(const Batch& batch, const TrainProgress& progress, int64_t part) {
  const at::NoGradGuard no_grad;
  ViewStrength strength;
  Batch made = views_.views(batch, viewmaker_noise(seed_, progress.step, 0, part),
                            budget_part(options_, progress.fraction), plain_first_, &strength);
  sums_.size += strength.size;
  sums_.beyond += strength.beyond;
  ++sums_.batches;
  return made;
}

bool ViewPlayer::learns(const TrainProgress& progress) const {
  return viewmaker_learns(options_, progress);
}

double ViewPlayer::gradient(Method& method, const Batch& batch, double part, int64_t number,
                            double scale, const TrainProgress& progress) {
  const Rng noise = viewmaker_noise(seed_, progress.step, 1, number);
  const int64_t rows = batch.views.at(0).size(0);
  if (chunk_ <= 0 || chunk_ >= rows) {
    const Batch made = views_.views(batch, noise, part, plain_first_);
    return accumulate_gradient(method, made, player_, scale, 0);
  }
  Batch made;
  {
    const at::NoGradGuard no_grad;
    made = views_.views(batch, noise, part, plain_first_);
  }
  return cached_gradient(method, made, scale, chunk_, [&](size_t v, int64_t first, int64_t count) {
    const Tensor x = batch.views[v].narrow(0, first, count);
    return plain_first_ && v == 0 ? x : views_.view(x, {noise.fork({v}), first}, part);
  });
}

void ViewPlayer::turn(Method& method, const std::vector<Batch>& batches,
                      const TrainProgress& progress) {
  const Frozen frozen(method);
  TrainProgress here = progress;
  here.turn = 1;
  method.begin_step(here);
  optimizer_->zero_grad();
  const double part = budget_part(options_, progress.fraction);
  const double share = 1.0 / static_cast<double>(batches.size());
  double loss = 0;
  for (size_t k = 0; k < batches.size(); ++k) {
    loss += share * gradient(method, batches[k], part, static_cast<int64_t>(k),
                             -options_.loss_weight * share, progress);
  }
  std::vector<Tensor> parameters;
  for (const auto& item : player_.parameters) parameters.push_back(item.second);
  const double norm = clip_grad_norm(
      parameters, options_.clip > 0 ? options_.clip : std::numeric_limits<double>::infinity());
  if (!std::isfinite(loss) || !std::isfinite(norm)) {
    throw TrainingError(
        "the {} became {} in the viewmaker's turn of step {}; a lower --viewmaker.optim.lr, "
        "--viewmaker.clip 1 or a smaller --viewmaker.budget usually helps",
        std::isfinite(loss) ? "viewmaker's gradient" : "loss", std::isfinite(loss) ? norm : loss,
        progress.step + 1);
  }
  optimizer_->step(rate_);
  method.after_turn();
  sums_.loss += loss;
  sums_.norm += norm;
  ++sums_.turns;
}

void ViewPlayer::report(nlohmann::json& record, const TrainProgress& progress) {
  if (sums_.turns > 0) {
    record["viewmaker_loss"] = sums_.loss / static_cast<double>(sums_.turns);
    record["viewmaker_grad_norm"] = sums_.norm / static_cast<double>(sums_.turns);
  }
  if (sums_.batches > 0) {
    record["view_size"] = sums_.size / static_cast<double>(sums_.batches);
    record["view_beyond"] = sums_.beyond / static_cast<double>(sums_.batches);
  }
  record["view_budget"] = views_.spec().budget * budget_part(options_, progress.fraction);
  sums_ = {};
}

NamedTensors ViewPlayer::state() const {
  NamedTensors out;
  append_prefixed(out, "viewmaker.", named_tensors(*views_.network()));
  append_prefixed(out, "optim.viewmaker.", optimizer_->state());
  return out;
}

void ViewPlayer::load_state(const NamedTensors& weights, const NamedTensors& optimiser) {
  load_tensors(*views_.network(), weights);
  optimizer_->load_state({optimiser.begin(), optimiser.end()});
}

}  // namespace likewise::detail
