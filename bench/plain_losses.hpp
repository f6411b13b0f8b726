#pragma once
// Each loss as one would write it with tensor operations and leave the gradient to autograd: the
// whole matrix of similarities or distances, masks, sums.

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/pdist.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <limits>

#include "likewise/tensor.hpp"

namespace likewise::bench::plain {

inline Tensor unit(const Tensor& x) { return x / at::norm(x, 2, {1}, true).clamp_min(1e-12); }
inline Tensor diagonal_of(const Tensor& s) { return at::eye(s.size(0), s.options()).to(at::kBool); }
inline Tensor same_class(const Tensor& labels) {
  return labels.unsqueeze(1) == labels.unsqueeze(0);
}

constexpr double kMinus = -std::numeric_limits<double>::infinity();

// Two views against all others but the own one; `positive` and `rest` are logits and masked logits.
struct Logits {
  Tensor positive, rest;  // [2N], [2N, 2N]: neither itself nor the other view
};
inline Logits logits(const Tensor& z0, const Tensor& z1, double temperature) {
  const int64_t n = z0.size(0);
  const Tensor z = at::cat({unit(z0), unit(z1)}), s = at::matmul(z, z.t()) / temperature;
  const Tensor self = diagonal_of(s.detach());
  const Tensor other = self.roll(n, 0);
  return {s.masked_select(other), s.masked_fill(self.logical_or(other), kMinus)};
}

inline Tensor debiased(const Tensor& z0, const Tensor& z1, double temperature, double tau_plus,
                       double beta) {
  const Logits l = logits(z0, z1, temperature);
  const auto n = static_cast<double>(l.rest.size(1) - 2);
  const Tensor e = l.rest.exp(), p = l.positive.exp();
  const Tensor weight = beta > 0 ? at::softmax(l.rest * beta, 1) * n : Tensor();
  const Tensor sum = (beta > 0 ? e * weight : e).sum(1);
  const Tensor g =
      ((sum - n * tau_plus * p) / (1 - tau_plus)).clamp_min(n * std::exp(-1 / temperature));
  return -(p / (p + g)).log().mean();
}

inline Tensor viewmaker(const Tensor& z0, const Tensor& z1, double temperature) {
  const Tensor x = unit(z0), y = unit(z1);
  const Tensor s = at::matmul(x, at::cat({x, y}).t()) / temperature;
  return -((x * y).sum(1) / temperature - (s.exp().mean(1)).log()).mean();
}

// log of the sum over positives against that over all (SupCon's inner form).
inline Tensor supcon_in(const Tensor& z, const Tensor& labels, double temperature) {
  const Tensor x = unit(z), s = at::matmul(x, x.t()) / temperature, self = diagonal_of(s.detach());
  const Tensor positive = same_class(labels).logical_and(self.logical_not());
  return (at::logsumexp(s.masked_fill(self, kMinus), {1}) -
          at::logsumexp(s.masked_fill(positive.logical_not(), kMinus), {1}) + positive.sum(1).log())
      .mean();
}

inline Tensor supcon_apart(const Tensor& z, const Tensor& labels, double temperature) {
  const Tensor x = unit(z), s = at::matmul(x, x.t()) / temperature;
  const Tensor same = same_class(labels);
  const Tensor negatives = at::logsumexp(s.masked_fill(same, kMinus), {1}, true);
  const Tensor positive = same.logical_and(diagonal_of(s.detach()).logical_not());
  return at::softplus(negatives - s).masked_select(positive).mean();
}

inline Tensor n_pair(const Tensor& a, const Tensor& p) {
  const Tensor s = at::matmul(a, p.t());
  return at::cross_entropy_loss(s, at::arange(a.size(0), at::kLong)) +
         0.001 * (a.pow(2).sum(1).mean() + p.pow(2).sum(1).mean());
}

inline Tensor squares(const Tensor& x) {
  const Tensor length = x.pow(2).sum(1);
  return (length.unsqueeze(1) + length.unsqueeze(0) - 2 * at::matmul(x, x.t())).clamp_min(0);
}

inline Tensor batch_hard(const Tensor& z, const Tensor& labels, double margin) {
  const Tensor d = squares(unit(z)), same = same_class(labels);
  const Tensor far = std::get<0>(d.masked_fill(same.logical_not(), kMinus).max(1));
  const Tensor near = std::get<0>(d.masked_fill(same, -kMinus).min(1));
  const Tensor each = at::relu(far - near + margin);
  return each.sum() / (each > 0).sum().clamp_min(1);
}

// All, or those whose negative lies beyond the positive and within the margin.
inline Tensor batch_all(const Tensor& z, const Tensor& labels, double margin, bool semihard) {
  const Tensor d = squares(unit(z)), same = same_class(labels);
  const Tensor positive = same.logical_and(diagonal_of(d.detach()).logical_not());
  const Tensor a = positive.nonzero().select(1, 0);
  const Tensor gap = d.masked_select(positive).unsqueeze(1) - d.index_select(0, a);
  Tensor chosen = same.logical_not().index_select(0, a);
  if (semihard) chosen = chosen.logical_and(gap < 0).logical_and(gap > -margin);
  const Tensor each = at::relu(gap + margin) * chosen;
  return each.sum() / (each > 0).sum().clamp_min(1);
}

inline Tensor facenet(const Tensor& z, const Tensor& labels, double margin) {
  const Tensor d = squares(unit(z)), same = same_class(labels);
  const Tensor positive = same.logical_and(diagonal_of(d.detach()).logical_not());
  const Tensor a = positive.nonzero().select(1, 0);
  const Tensor own = d.masked_select(positive).unsqueeze(1), others = d.index_select(0, a);
  const Tensor no = same.index_select(0, a);
  const Tensor near = std::get<0>(others.masked_fill(no.logical_or(others <= own), -kMinus).min(1));
  const Tensor far = std::get<0>(others.masked_fill(no, kMinus).max(1));
  const Tensor each = at::relu(own.squeeze(1) - at::where(near.isfinite(), near, far) + margin);
  return each.sum() / (each > 0).sum().clamp_min(1);
}

inline Tensor contrastive_margin(const Tensor& z, const Tensor& labels, double margin) {
  const Tensor square = squares(unit(z)), d = (square + 1e-12).sqrt();
  const Tensor same = same_class(labels).to(d.scalar_type());
  const auto n = static_cast<double>(z.size(0));
  return (same * square + (1 - same) * at::relu(margin - d).pow(2)).sum() / (2 * n * (n - 1));
}

inline Tensor barlow_twins(const Tensor& z0, const Tensor& z1, double lambda) {
  const auto standard = [](const Tensor& z) {
    const Tensor centred = z - z.mean(0);
    return centred / (centred.pow(2).mean(0) + 1e-5).sqrt();
  };
  const Tensor c = at::matmul(standard(z0).t(), standard(z1)) / static_cast<double>(z0.size(0));
  const Tensor off = c.masked_fill(diagonal_of(c.detach()), 0);
  return (c.diagonal() - 1).pow(2).sum() + lambda * off.pow(2).sum();
}

inline Tensor vicreg(const Tensor& z0, const Tensor& z1) {
  const auto n = static_cast<double>(z0.size(0)), d = static_cast<double>(z0.size(1));
  const auto term = [&](const Tensor& z) {
    const Tensor x = z - z.mean(0), cov = at::matmul(x.t(), x) / (n - 1);
    return 12.5 * at::relu(1 - (x.pow(2).sum(0) / (n - 1) + 1e-4).sqrt()).mean() +
           cov.masked_fill(diagonal_of(cov.detach()), 0).pow(2).sum() / d;
  };
  return 25 * (z0 - z1).pow(2).mean() + term(z0) + term(z1);
}

inline Tensor spectral(const Tensor& z0, const Tensor& z1) {
  const Tensor s = at::matmul(z0, z1.t());
  const auto n = static_cast<double>(z0.size(0));
  return -2 * s.diagonal().mean() +
         s.masked_fill(diagonal_of(s.detach()), 0).pow(2).sum() / (n * (n - 1));
}

inline Tensor inst_disc_softmax(const Tensor& z, const Tensor& bank, const Tensor& index,
                                double temperature) {
  return at::cross_entropy_loss(at::matmul(z, bank.t()) / temperature, index);
}

inline Tensor inst_disc_nce(const Tensor& z, const Tensor& bank, const Tensor& index,
                            const Tensor& noise, double temperature, double log_z) {
  const auto share = static_cast<double>(noise.size(1)) / static_cast<double>(bank.size(0));
  const Tensor rows =
      bank.index_select(0, noise.flatten()).reshape({z.size(0), noise.size(1), z.size(1)});
  const auto h = [&](const Tensor& logit) {
    const Tensor p = (logit / temperature - log_z).exp();
    return p / (p + share);
  };
  const Tensor own = h((z * bank.index_select(0, index)).sum(1));
  const Tensor others = h(at::matmul(rows, z.unsqueeze(2)).squeeze(2));
  return -(own.log() + (1 - others).log().sum(1)).mean();
}

inline Tensor sinkhorn(const Tensor& scores, double epsilon, int iterations) {
  Tensor q = (scores.detach() / epsilon).exp();
  q = q / q.sum();
  for (int i = 0; i < iterations; ++i) {
    q = q / q.sum(0, true) / static_cast<double>(q.size(1));
    q = q / q.sum(1, true) / static_cast<double>(q.size(0));
  }
  return q * static_cast<double>(q.size(0));
}

inline Tensor swav(const Tensor& s0, const Tensor& s1) {
  const auto one = [](const Tensor& code, const Tensor& s) {
    return -(code * at::log_softmax(s / 0.1, 1)).sum(1).mean();
  };
  return (one(sinkhorn(s0, 0.05, 3), s1) + one(sinkhorn(s1, 0.05, 3), s0)) / 2;
}

inline Tensor dino(const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
                   const Tensor& centre) {
  Tensor sum;
  double terms = 0;
  for (size_t i = 0; i < teacher.size(); ++i) {
    const Tensor target = at::softmax((teacher[i] - centre) / 0.04, 1).detach();
    for (size_t j = 0; j < student.size(); ++j) {
      if (i == j) continue;
      const Tensor one = -(target * at::log_softmax(student[j] / 0.1, 1)).sum(1).mean();
      sum = sum.defined() ? sum + one : one;
      ++terms;
    }
  }
  return sum / terms;
}

inline Tensor prototypical(const Tensor& support, const Tensor& query) {
  const Tensor c = support.mean(1), q = query.reshape({-1, query.size(2)});
  const Tensor target = at::arange(query.size(0), at::kLong).repeat_interleave(query.size(1));
  return at::cross_entropy_loss(-at::cdist(q, c).pow(2), target);
}

inline Tensor uniformity(const Tensor& x) {
  return at::pdist(unit(x)).pow(2).mul(-2).exp().mean().log();
}

inline Tensor negative_cosine(const Tensor& p, const Tensor& z) {
  return -at::cosine_similarity(p, z, 1).mean();
}

}  // namespace likewise::bench::plain
