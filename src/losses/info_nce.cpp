#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "losses/info_nce_kernel.hpp"
#include "losses/nt_xent_tiles.hpp"

namespace likewise {
namespace {

constexpr double kLargestInverseTemperature = 100;

std::string shape_of(const Tensor& x) {
  return x.defined() ? fmt::format("[{}]", fmt::join(x.sizes().vec(), ", ")) : "nothing";
}

void check_indices(const Tensor& x, const char* name, int64_t n, int64_t below) {
  if (!x.defined()) return;
  if (x.dim() != 1 || x.size(0) != n || x.scalar_type() != at::kLong) {
    throw UserError("info_nce needs `{}` as {} int64 numbers; found {} of {}", name, n, shape_of(x),
                    c10::toString(x.scalar_type()));
  }
  if (below >= 0 && n > 0 && (x.min().item<int64_t>() < -1 || x.max().item<int64_t>() >= below)) {
    throw UserError("info_nce: `{}` has an index outside of -1 to {}: {} to {}", name, below - 1,
                    x.min().item<int64_t>(), x.max().item<int64_t>());
  }
}

void check_rows(const Tensor& q, const Tensor& x, const char* name) {
  if (!x.defined() || x.dim() != 2 || x.size(1) != q.size(1)) {
    throw UserError("info_nce needs {} of the queries' width, {}; found {}", name, q.size(1),
                    shape_of(x));
  }
  if (x.scalar_type() != q.scalar_type() || x.device() != q.device()) {
    throw UserError(
        "info_nce needs embeddings of one type on one device; found {} on {} and {} on {}",
        c10::toString(q.scalar_type()), q.device().str(), c10::toString(x.scalar_type()),
        x.device().str());
  }
}

// Throws UserError, or returns the pairs with the default filled in.
InfoNcePairs checked(const Tensor& q, const Tensor& k, InfoNcePairs pairs,
                     const InfoNceOptions& options, const Tensor& log_inverse_temperature) {
  if (!q.defined() || q.dim() != 2 || q.numel() == 0 || !q.is_floating_point()) {
    throw UserError(
        "info_nce needs queries [N, D] of a floating type, N and D at least 1; found {}",
        shape_of(q));
  }
  check_rows(q, k, "keys [M, D]");
  const int64_t n = q.size(0), m = k.size(0);
  if (m < 1) throw UserError("info_nce needs at least one key");
  if (log_inverse_temperature.defined()) {
    if (log_inverse_temperature.numel() != 1) {
      throw UserError("info_nce needs one number as log_inverse_temperature; found {}",
                      log_inverse_temperature.numel());
    }
  } else if (!(options.temperature > 0)) {
    throw UserError("loss.temperature is {}; it must be above 0", options.temperature);
  }
  if (pairs.positive.defined() && pairs.positive_key.defined()) {
    throw UserError("info_nce takes own positives as indices or as rows, not both");
  }
  if (pairs.positive_key.defined()) {
    check_rows(q, pairs.positive_key, "positive keys [N, D]");
    if (pairs.positive_key.size(0) != n) {
      throw UserError("info_nce needs a positive key for each of {} queries; found {}", n,
                      pairs.positive_key.size(0));
    }
  }
  if (pairs.query_group.defined() != pairs.key_group.defined()) {
    throw UserError("info_nce needs groups of both queries and keys, or of neither");
  }
  const bool attracted = pairs.query_group.defined() && pairs.groups_attract;
  if (!pairs.positive.defined() && !pairs.positive_key.defined() && !attracted) {
    if (n != m) {
      throw UserError(
          "info_nce of {} queries and {} keys does not know which keys are the positives; give "
          "them, or as many keys as queries",
          n, m);
    }
    pairs.positive = at::arange(n, q.options().dtype(at::kLong));
  }
  check_indices(pairs.positive, "positive", n, m);
  check_indices(pairs.self, "self", n, m);
  check_indices(pairs.query_group, "query_group", n, -1);
  check_indices(pairs.key_group, "key_group", m, -1);
  const Tensor& weight = pairs.key_log_weight;
  if (weight.defined() && (weight.dim() != 1 || weight.size(0) != m)) {
    throw UserError("info_nce needs one log weight for each of {} keys; found {}", m,
                    shape_of(weight));
  }
  return pairs;
}

// The pairs as autograd keeps them: tensors one after another.
const auto kIndexMembers = {&InfoNcePairs::positive, &InfoNcePairs::self,
                            &InfoNcePairs::query_group, &InfoNcePairs::key_group,
                            &InfoNcePairs::key_log_weight};

// Both directions between rows that belong together, out of the same tiles.
InfoNceParts both_ways_kernel(const Tensor& q, const Tensor& k, const InfoNceOptions& options,
                              double scale, bool with_gradient) {
  const NtXentOptions same{.decoupled = options.decoupled, .normalize = options.normalize};
  const NtXentParts parts = nt_xent_kernel(q, k, same, scale, with_gradient, true);
  return {parts.loss, parts.grad0, parts.grad1, Tensor(),
          with_gradient ? parts.scale_gradient.item<double>() : 0};
}

struct InfoNceFunction : torch::autograd::Function<InfoNceFunction> {
  // `positive_key` and `t` are empty where there is none: autograd wants a tensor. With `both_ways`
  // the keys look for their queries too, and `pairs` is empty.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& q, const Tensor& k,
                        const Tensor& positive_key, const Tensor& t, const InfoNcePairs& pairs,
                        const InfoNceOptions& options, InfoNceWants wants, bool both_ways) {
    const auto plain = [](const Tensor& x) { return x.to(at::kFloat).contiguous(); };
    InfoNcePairs own = pairs;
    if (own.positive_key.defined()) own.positive_key = plain(positive_key);
    const bool learned = t.numel() == 1;
    const double free = learned ? std::exp(t.item<double>()) : 1 / options.temperature;
    const double scale = learned ? std::min(free, kLargestInverseTemperature) : free;
    const InfoNceParts parts =
        both_ways ? both_ways_kernel(plain(q), plain(k), options, scale, wants.any())
                  : info_nce_kernel(plain(q), plain(k), own, options, scale, wants);
    if (wants.any()) {
      const auto as = [](const Tensor& x, const Tensor& like) {
        return x.defined() ? x.to(like.scalar_type()) : x;
      };
      Tensor t_gradient;
      if (wants.scale) {
        const double slope = free <= kLargestInverseTemperature ? scale : 0;
        t_gradient = at::zeros_like(t).fill_(parts.scale_gradient * slope);
      }
      torch::autograd::variable_list saved = {wants.q ? as(parts.q, q) : Tensor(),
                                              as(parts.k, k),
                                              as(parts.positive_key, q),
                                              t_gradient,
                                              q,
                                              k,
                                              positive_key,
                                              t};
      for (const auto member : kIndexMembers) saved.push_back(pairs.*member);
      context->save_for_backward(saved);
      context->saved_data["attract"] = pairs.groups_attract;
      context->saved_data["both_ways"] = both_ways;
      context->saved_data["temperature"] = options.temperature;
      context->saved_data["decoupled"] = options.decoupled;
      context->saved_data["normalize"] = options.normalize;
    }
    return parts.loss.to(q.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor& g = upstream[0];
    torch::autograd::variable_list out(8);
    if (at::GradMode::is_enabled()) {
      differentiable(context, saved, g, out);
      return out;
    }
    for (size_t i = 0; i < 4; ++i) {
      if (saved[i].defined()) out[i] = saved[i] * g.to(saved[i].options());
    }
    return out;
  }

  // The gradients as functions that can be differentiated further.
  static void differentiable(torch::autograd::AutogradContext* context,
                             const torch::autograd::variable_list& saved, const Tensor& g,
                             torch::autograd::variable_list& out) {
    InfoNcePairs pairs;
    size_t at = 8;
    for (const auto member : kIndexMembers) pairs.*member = saved[at++];
    pairs.groups_attract = context->saved_data["attract"].toBool();
    if (saved[6].numel() > 0) pairs.positive_key = saved[6];
    InfoNceOptions options;
    options.temperature = context->saved_data["temperature"].toDouble();
    options.decoupled = context->saved_data["decoupled"].toBool();
    options.normalize = context->saved_data["normalize"].toBool();
    torch::autograd::variable_list inputs;
    std::vector<size_t> places;
    for (size_t i = 0; i < 4; ++i) {
      if (!saved[i].defined()) continue;
      inputs.push_back(saved[4 + i]);
      places.push_back(i);
    }
    const Tensor t = saved[7].numel() == 1 ? saved[7] : Tensor();
    Tensor loss = info_nce_plain(saved[4], saved[5], pairs, options, t);
    if (context->saved_data["both_ways"].toBool()) {
      loss = (loss + info_nce_plain(saved[5], saved[4], pairs, options, t)) / 2;
    }
    const auto gradients = torch::autograd::grad({loss}, inputs, {g}, true, true, true);
    for (size_t i = 0; i < places.size(); ++i) out[places[i]] = gradients[i];
  }
};

// By the kernel; everything checked.
Tensor fast(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs,
            const InfoNceOptions& options, const Tensor& log_inverse_temperature, bool both_ways) {
  const Tensor none = at::zeros({0}, q.options());
  const Tensor own = pairs.positive_key.defined() ? pairs.positive_key : none;
  const Tensor t = log_inverse_temperature.defined() ? log_inverse_temperature : none;
  InfoNceWants wants{};
  if (at::GradMode::is_enabled()) {
    wants = {q.requires_grad(), k.requires_grad(), own.requires_grad(), t.requires_grad()};
  }
  return InfoNceFunction::apply(q, k, own, t, pairs, options, wants, both_ways);
}

bool has_kernel(const Tensor& q) { return q.scalar_type() != at::kDouble && q.device().is_cpu(); }

}  // namespace

Tensor info_nce(const Tensor& q, const Tensor& k, const InfoNcePairs& given,
                const InfoNceOptions& options, const Tensor& log_inverse_temperature) {
  const InfoNcePairs pairs = checked(q, k, given, options, log_inverse_temperature);
  return has_kernel(q) ? fast(q, k, pairs, options, log_inverse_temperature, false)
                       : info_nce_plain(q, k, pairs, options, log_inverse_temperature);
}

Tensor clip_loss(const Tensor& a, const Tensor& b, const InfoNceOptions& options,
                 const Tensor& log_inverse_temperature, const Tensor& groups) {
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes()) {
    throw UserError("clip_loss needs two sides of one size; found {} and {}", shape_of(a),
                    shape_of(b));
  }
  InfoNcePairs pairs;
  pairs.query_group = pairs.key_group = groups;
  pairs.groups_attract = false;
  checked(a, b, pairs, options, log_inverse_temperature);
  if (!groups.defined() && has_kernel(a) && (a.size(0) > 1 || !options.decoupled)) {
    return fast(a, b, pairs, options, log_inverse_temperature, true);
  }
  return (info_nce(a, b, pairs, options, log_inverse_temperature) +
          info_nce(b, a, pairs, options, log_inverse_temperature)) /
         2;
}

Tensor sup_con(const Tensor& z0, const Tensor& z1, const Tensor& labels,
               const InfoNceOptions& options, const Tensor& log_inverse_temperature) {
  if (!z0.defined() || !z1.defined() || z0.dim() != 2 || z0.sizes() != z1.sizes() ||
      !labels.defined() || labels.dim() != 1 || labels.size(0) != z0.size(0)) {
    throw UserError(
        "sup_con needs two views [N, D] of one size and N labels; found {}, {} and labels {}",
        shape_of(z0), shape_of(z1), shape_of(labels));
  }
  const Tensor z = at::cat({z0, z1});
  InfoNcePairs pairs;
  pairs.self = at::arange(z.size(0), z.options().dtype(at::kLong));
  pairs.positive = pairs.self.roll(z0.size(0));
  pairs.query_group = pairs.key_group = at::cat({labels, labels});
  return info_nce(z, z, pairs, options, log_inverse_temperature);
}

}  // namespace likewise
