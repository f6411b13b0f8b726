#include "likewise/eval/health.hpp"

#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/eval/spectrum.hpp"
#include "likewise/eval/sphere.hpp"

namespace likewise {
namespace {

bool all_finite(const Tensor& x) { return at::isfinite(x).all().item<bool>(); }

// Thresholds. Each is far from what training that works shows, so that an alarm means something.

// Normalised projections of a working run deviate by 0.7 to 1 of 1 / sqrt(d); SimSiam without its
// stopped gradient falls below 0.05. Features after a ReLU share a positive mean and lie at 0.3 to
// 0.7, hence the lower bound for them.
constexpr double kCollapsedProjection = 0.1, kCollapsedFeature = 0.03;

// Samples in k equal clumps share a clump with one pair in k. Working runs have fewer than one pair
// in fifty above a cosine of 0.95; a tenth means that ten clumps or fewer hold everything. Clumps
// lie apart: where the average pair is near as well, all share a cone.
constexpr double kClumped = 0.1, kApart = 0.6;

// Ranks relative to the room there is: min(samples, width), and for projections also the width of
// the features, from which they are made: a head that is wider spreads them over more axes but
// finds few directions of its own, so that a working 512-wide head on 128 features would be called
// collapsed. Working projections use a third or more of their room by RankMe; a tenth is a
// subspace. Features keep more room unused, so half of that.
constexpr double kLowProjectionRank = 0.1, kLowFeatureRank = 0.05;

// Two views that nearly coincide (cosine 0.97) and never lose to a negative leave nothing to learn.
constexpr double kEasyCosine = 0.97, kEasyRetrieval = 0.99;

// Chance of retrieval is 1 / N; below 0.2 with positives hardly nearer than the average negative,
// the pairs carry almost no common signal.
constexpr double kHardRetrieval = 0.2, kHardGap = 0.2;

// The average negative of an even spread has cosine 0. At 0.4 all samples share a cone although
// positives are found: the loss forgives near negatives, as a large temperature makes it do.
constexpr double kCone = 0.4;

// An even spread together with positives at less than half their possible cosine: the loss spends
// itself on pushing the hardest negatives away, as a small temperature makes it do.
constexpr double kSpread = 0.9, kLooseCosine = 0.5, kSpreadNegatives = 0.1;

std::string pair_evidence(const Health& h) {
  return fmt::format(
      "positives at cosine {:.2f}, hardest of {} negatives {:.2f}, average {:.2f}, retrieved "
      "{:.0f} %",
      h.positive_cosine, h.samples - 1, h.hardest_negative_cosine,
      std::abs(h.mean_negative_cosine) < 0.005 ? 0.0 : h.mean_negative_cosine,  // never "-0.00"
      100 * h.retrieval);
}

}  // namespace

Health measure_health(const Tensor& h, const Tensor& z0, const Tensor& z1) {
  Health out;
  out.samples = h.size(0);
  out.feature_dim = h.size(1);
  out.projection_dim = z0.size(1);
  out.finite = all_finite(h) && all_finite(z0) && all_finite(z1);
  if (!out.finite) return out;
  out.feature_std = unit_std(h) * std::sqrt(static_cast<double>(out.feature_dim));
  out.projection_std = unit_std(z0) * std::sqrt(static_cast<double>(out.projection_dim));
  out.feature_rank = spectrum(h).rankme;
  out.projection_rank = spectrum(z0).rankme;
  out.alignment = sphere_alignment(z0, z1);
  out.uniformity = sphere_uniformity(z0);
  const PairStatistics pairs = pair_statistics(z0, z1);
  out.positive_cosine = pairs.positive_cosine;
  out.mean_negative_cosine = pairs.mean_negative_cosine;
  out.hardest_negative_cosine = pairs.hardest_negative_cosine;
  out.near_share = pairs.near_share;
  out.retrieval = pairs.retrieval;
  return out;
}

void to_json(nlohmann::json& json, const Health& h) {
  json = {{"samples", h.samples},
          {"feature_dim", h.feature_dim},
          {"projection_dim", h.projection_dim},
          {"finite", h.finite},
          {"feature_std", h.feature_std},
          {"projection_std", h.projection_std},
          {"feature_rank", h.feature_rank},
          {"projection_rank", h.projection_rank},
          {"alignment", h.alignment},
          {"uniformity", h.uniformity},
          {"positive_cosine", h.positive_cosine},
          {"mean_negative_cosine", h.mean_negative_cosine},
          {"hardest_negative_cosine", h.hardest_negative_cosine},
          {"near_share", h.near_share},
          {"retrieval", h.retrieval}};
}

std::string verdict(const Health& h, bool has_temperature) {
  if (!h.finite) {
    return "not finite: features or projections hold NaN or infinity; lower the learning rate or "
           "clip gradients";
  }
  if (h.projection_std < kCollapsedProjection || h.feature_std < kCollapsedFeature) {
    return fmt::format(
        "constant collapse: all samples point nearly the same way (deviation {:.3f} of an even "
        "spread in the projections, {:.3f} in the features), unless training has hardly begun; "
        "look "
        "at stopped gradients, predictor, learning rate and normalisation",
        h.projection_std, h.feature_std);
  }
  if (h.near_share > kClumped && h.mean_negative_cosine < kApart) {
    return fmt::format(
        "cluster collapse: {:.0f} % of all pairs of samples have a cosine above 0.95, as if they "
        "sat in "
        "{:.0f} clumps; look at the centre, the temperature and the codes of clustering methods, "
        "or add "
        "negatives",
        100 * h.near_share, 1 / h.near_share);
  }
  const double feature_room = static_cast<double>(std::min(h.samples, h.feature_dim));
  const double projection_room = std::min(static_cast<double>(h.projection_dim), feature_room);
  const double projection_part = h.projection_rank / projection_room;
  const double feature_part = h.feature_rank / feature_room;
  // A rank of 8 is low by its share alone only where there was room for more than that.
  if (projection_part < kLowProjectionRank || feature_part < kLowFeatureRank) {
    return fmt::format(
        "dimensional collapse: projections use {:.1f} of {:.0f} directions, features {:.1f} of "
        "{:.0f}; try stronger views, a lower learning rate, a larger batch or a decorrelating loss",
        h.projection_rank, projection_room, h.feature_rank, feature_room);
  }
  if (h.positive_cosine > kEasyCosine && h.retrieval > kEasyRetrieval) {
    return fmt::format("views too easy: {}; make the views stronger", pair_evidence(h));
  }
  if (h.retrieval < kHardRetrieval && h.positive_cosine - h.mean_negative_cosine < kHardGap) {
    return fmt::format("views too hard: {}; make the views milder, or train longer",
                       pair_evidence(h));
  }
  if (has_temperature && h.mean_negative_cosine > kCone) {
    return fmt::format(
        "temperature too high: unrelated samples share a cone ({}, uniformity {:.2f}); "
        "try half of it",
        pair_evidence(h), h.uniformity);
  }
  if (has_temperature && h.projection_std > kSpread && h.positive_cosine < kLooseCosine &&
      h.mean_negative_cosine < kSpreadNegatives) {
    return fmt::format(
        "temperature too low: samples are spread evenly but their views do not meet "
        "({}); try twice of it, or milder views",
        pair_evidence(h));
  }
  return fmt::format(
      "healthy: deviation {:.2f} of an even spread, rank {:.1f} of {:.0f} (features {:.1f} of "
      "{:.0f}), "
      "{}",
      h.projection_std, h.projection_rank, projection_room, h.feature_rank, feature_room,
      pair_evidence(h));
}

}  // namespace likewise
