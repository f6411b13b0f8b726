#pragma once
// Is a representation healthy? Numbers that need no labels, and a sentence that names the trouble.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "likewise/tensor.hpp"

namespace likewise {

struct Health {
  int64_t samples = 0, feature_dim = 0, projection_dim = 0;
  bool finite = true;          // false: a value is NaN or infinite, and the rest is 0
  double feature_std = 0;      // unit_std * sqrt(D): 0 collapsed, 1 spread evenly
  double projection_std = 0;   // the same of the projections
  double feature_rank = 0;     // RankMe of the features
  double projection_rank = 0;  // RankMe of the projections
  double alignment = 0;        // mean |z0 - z1|^2, normalised
  double uniformity = 0;       // of z0: 0 collapsed, about -4 spread evenly
  double positive_cosine = 0;
  double mean_negative_cosine = 0;
  double hardest_negative_cosine = 0;
  double near_share = 0;  // of pairs of different samples: those of cosine above 0.95
  double retrieval = 0;   // share of positives nearer than the hardest negative
};

// h [N, D] features of the first view; z0, z1 [N, d] projections (what the loss compares) of two
// views of the same N samples, row by row. N >= 2; a few hundred to a few thousand are enough.
Health measure_health(const Tensor& h, const Tensor& z0, const Tensor& z1);

void to_json(nlohmann::json& json, const Health& health);

// One line: the first of these that applies, with its evidence and what to try.
//   not finite, constant collapse, cluster collapse, dimensional collapse, views too easy, views
//   too hard, temperature too high, temperature too low, healthy
// Every line begins with that name. The thresholds are explained in health.cpp. Without a
// temperature (squared distances, decorrelation, prediction) a cone or loose pairs have no such
// cure and are not called a trouble.
std::string verdict(const Health& health, bool has_temperature = true);

}  // namespace likewise
