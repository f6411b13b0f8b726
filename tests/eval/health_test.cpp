#include "likewise/eval/health.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <nlohmann/json.hpp>

#include "eval/eval_support.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/spectrum.hpp"
#include "likewise/eval/sphere.hpp"

namespace likewise {
namespace {

TEST(Spectrum, AgreesWithPlainFormulas) {
  const Golden golden("eval");
  for (const std::string name : {"spectrum_measures_1", "spectrum_measures_low_rank"}) {
    const Tensor z = golden_tensor(golden, name, "z");
    const Spectrum got = spectrum(z);
    const auto want = [&](const char* key) { return golden.values(name, key)[0]; };
    EXPECT_NEAR(got.rankme, want("rankme"), 1e-8 * want("rankme")) << name;
    EXPECT_NEAR(got.effective_rank, want("effective_rank"), 1e-8 * want("effective_rank")) << name;
    EXPECT_NEAR(got.participation_ratio, want("participation_ratio"),
                1e-8 * want("participation_ratio"));
    EXPECT_NEAR(unit_std(z), want("unit_std"), 1e-3 * want("unit_std")) << name;
  }
}

TEST(Spectrum, IsZeroOfNothingAndOneOfARay) {
  EXPECT_EQ(spectrum(at::zeros({5, 3})).effective_rank, 0);
  const Tensor ray = normal_table(1, 6, 1).repeat({9, 1});
  EXPECT_NEAR(spectrum(ray).effective_rank, 1, 1e-6);
  EXPECT_NEAR(unit_std(ray), 0, 1e-7);
  EXPECT_THROW(spectrum(ray.slice(0, 0, 1)), UserError);
}

TEST(Sphere, AgreesWithPlainFormulas) {
  const Golden golden("eval");
  const Tensor x = golden_tensor(golden, "alignment_uniformity", "x");
  const Tensor y = golden_tensor(golden, "alignment_uniformity", "y");
  EXPECT_NEAR(sphere_alignment(x, y), golden.values("alignment_uniformity", "alignment")[0], 1e-5);
  EXPECT_NEAR(sphere_uniformity(x), golden.values("alignment_uniformity", "uniformity")[0], 1e-5);
}

TEST(Sphere, PairStatisticsAgreeWithLoops) {
  const int64_t n = 150, d = 6;
  const Tensor a = normal_table(n, d, 1), b = a.add(normal_table(n, d, 2), 0.4);
  const auto cosine = [&](int64_t i, int64_t j) {
    double ab = 0, aa = 0, bb = 0;
    for (int64_t k = 0; k < d; ++k) {
      const double u = a.data_ptr<float>()[i * d + k], v = b.data_ptr<float>()[j * d + k];
      ab += u * v, aa += u * u, bb += v * v;
    }
    return ab / std::sqrt(aa * bb);
  };
  PairStatistics want;
  for (int64_t i = 0; i < n; ++i) {
    double hardest = -2;
    for (int64_t j = 0; j < n; ++j) {
      if (i == j) continue;
      hardest = std::max(hardest, cosine(i, j));
      want.mean_negative_cosine += cosine(i, j) / static_cast<double>(n * (n - 1));
    }
    want.positive_cosine += cosine(i, i) / n;
    want.hardest_negative_cosine += hardest / n;
    want.retrieval += cosine(i, i) > hardest ? 1.0 / n : 0;
  }
  const PairStatistics got = pair_statistics(a, b);
  EXPECT_NEAR(got.positive_cosine, want.positive_cosine, 1e-6);
  EXPECT_NEAR(got.mean_negative_cosine, want.mean_negative_cosine, 1e-6);
  EXPECT_NEAR(got.hardest_negative_cosine, want.hardest_negative_cosine, 1e-6);
  EXPECT_NEAR(got.retrieval, want.retrieval, 1e-9);
  EXPECT_GT(got.retrieval, 0.2);
  EXPECT_LT(got.retrieval, 0.9);
}

// Views z + e of the same z: `e` is the deviation of the noise, `offset` a shared direction.
Health health_of(const Tensor& z, double e, double offset = 0) {
  const Tensor shift = normal_table(1, z.size(1), 77).mul(offset);
  const Tensor base = z.add(shift);
  return measure_health(base, base.add(normal_table(z.size(0), z.size(1), 78), e),
                        base.add(normal_table(z.size(0), z.size(1), 79), e));
}

std::string name_of(const std::string& verdict) { return verdict.substr(0, verdict.find(':')); }

TEST(Verdict, NamesEachTrouble) {
  const Tensor z = normal_table(512, 64, 3);
  EXPECT_EQ(name_of(verdict(health_of(z, 0.4))), "healthy");
  EXPECT_EQ(name_of(verdict(health_of(z, 0.05))), "views too easy");
  EXPECT_EQ(name_of(verdict(health_of(z, 4.0))), "views too hard");
  EXPECT_EQ(name_of(verdict(health_of(z, 0.1, 100))), "constant collapse");
  EXPECT_EQ(name_of(verdict(health_of(z, 0.3, 1.2))), "temperature too high");
  EXPECT_EQ(name_of(verdict(health_of(z, 1.1))), "temperature too low");
  EXPECT_EQ(name_of(verdict(health_of(z, 0.3, 1.2), false)), "healthy")
      << "no temperature to change";
  EXPECT_EQ(name_of(verdict(health_of(z, 1.1), false)), "healthy");
  const Tensor flat = at::mm(normal_table(512, 3, 4), normal_table(3, 64, 5));
  EXPECT_EQ(name_of(verdict(health_of(flat, 0.001))), "dimensional collapse");
  Tensor broken = z.clone();
  broken.data_ptr<float>()[5] = INFINITY;
  EXPECT_EQ(name_of(verdict(health_of(broken, 0.4))), "not finite");
}

TEST(Verdict, OfExactCollapseIsNotSavedByRounding) {
  const Tensor same = normal_table(1, 32, 6).repeat({256, 1});
  const Health h = measure_health(same, same, same);
  EXPECT_EQ(h.retrieval, 0);
  EXPECT_EQ(name_of(verdict(h)), "constant collapse");
  EXPECT_EQ(name_of(verdict(measure_health(same.mul(0), same.mul(0), same.mul(0)))),
            "constant collapse");
}

TEST(Health, NamesClustersThatHoldEverything) {
  // Five directions, 40 samples on each but for a little noise.
  const Tensor centres = normal_table(5, 32, 3);
  const Tensor x = centres.repeat({40, 1}) + normal_table(200, 32, 4).mul(0.02);
  const Health health = measure_health(x, x, x + normal_table(200, 32, 5).mul(0.02));
  EXPECT_NEAR(health.near_share, 0.2, 0.02);
  EXPECT_EQ(verdict(health).rfind("cluster collapse", 0), 0u) << verdict(health);
  // Evenly spread samples are no clusters.
  const Tensor even = normal_table(200, 32, 6);
  EXPECT_EQ(measure_health(even, even, even).near_share, 0);
}

TEST(Verdict, OfAHeadThatIsWiderThanTheFeaturesGoesByTheFeatures) {
  // 40 directions: a lot for 128 features, little for 512 projections, most of a tenth of which
  // they are not.
  const Tensor h = at::mm(normal_table(600, 40, 11), normal_table(40, 128, 12));
  const Tensor z = at::mm(h, normal_table(128, 512, 13));
  const Tensor other = at::mm(h.add(normal_table(600, 128, 14), 2), normal_table(128, 512, 13));
  const Health health = measure_health(h, z, other);
  EXPECT_LT(health.projection_rank, 0.1 * 512);
  EXPECT_EQ(name_of(verdict(health)), "healthy") << verdict(health);
  // Three directions are few for both.
  const Tensor low = at::mm(normal_table(600, 3, 11), normal_table(3, 128, 12));
  const Tensor flat = at::mm(low, normal_table(128, 512, 13));
  EXPECT_EQ(name_of(verdict(measure_health(low, flat, flat))), "dimensional collapse");
}

TEST(Health, GoesToJsonWhole) {
  const nlohmann::json json = health_of(normal_table(64, 8, 7), 0.4);
  EXPECT_EQ(json.size(), 15u);
  EXPECT_EQ(json.at("samples"), 64);
  EXPECT_GT(json.at("retrieval").get<double>(), 0.2);
}

}  // namespace
}  // namespace likewise
