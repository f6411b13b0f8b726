#include "likewise/eval/shortcuts.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "likewise/base/random.hpp"

namespace likewise {
namespace {

Tensor noise_images(int64_t n, uint64_t seed, double scale = 1) {
  std::vector<float> x(static_cast<size_t>(n * 3 * 16 * 16));
  Rng(seed).fill_normal(x.data(), static_cast<int64_t>(x.size()));
  return at::tensor(x).reshape({n, 3, 16, 16}) * scale;
}

double of(const std::vector<Shortcut>& cues, const std::string& name) {
  for (const auto& cue : cues) {
    if (cue.name == name) return cue.retrieval;
  }
  ADD_FAILURE() << "no cue " << name;
  return -1;
}

TEST(Shortcuts, UnrelatedViewsHaveNone) {
  const auto cues = measure_shortcuts(noise_images(100, 1), noise_images(100, 2));
  for (const auto& cue : cues) EXPECT_LT(cue.retrieval, 0.08) << cue.name;
  EXPECT_EQ(shortcut_warning(cues, 100), "");
}

TEST(Shortcuts, ASharedTintIsColour) {
  std::vector<float> tint(100 * 3);
  Rng(3).fill_normal(tint.data(), 300);
  const Tensor shift = at::tensor(tint).reshape({100, 3, 1, 1}) * 5;
  const auto cues = measure_shortcuts(noise_images(100, 1) + shift, noise_images(100, 2) + shift);
  EXPECT_GT(of(cues, "colour"), 0.9);
  EXPECT_LT(of(cues, "noise"), 0.1);
  EXPECT_NE(shortcut_warning(cues, 100).find("shortcut by colour"), std::string::npos);
}

TEST(Shortcuts, ASharedPlaceIsPosition) {
  // A patch of noise at one of 144 places, the same in both views.
  Tensor a = at::zeros({100, 3, 16, 16}), b = at::zeros({100, 3, 16, 16});
  const Tensor first = noise_images(100, 1), second = noise_images(100, 2);
  for (int64_t i = 0; i < 100; ++i) {
    const int64_t row = i % 12, column = i / 12;
    for (const auto& [to, from] : {std::pair{a, first}, {b, second}}) {
      to[i].narrow(1, row, 4).narrow(2, column, 4).copy_(from[i].narrow(1, 0, 4).narrow(2, 0, 4));
    }
  }
  const auto cues = measure_shortcuts(a, b);
  EXPECT_GT(of(cues, "position"), 0.33);
  EXPECT_LT(of(cues, "colour"), 0.2);
}

TEST(Shortcuts, SharedGrainIsNoise) {
  std::vector<float> grain(100);
  Rng(3).fill_uniform(grain.data(), 100);
  const Tensor scale = (at::tensor(grain).reshape({100, 1, 1, 1}) * 3).exp();
  // Equal deviation of the whole image: the grain rides on a smooth ramp that is much larger.
  const Tensor ramp = at::arange(16, at::kFloat).reshape({1, 1, 16, 1}) * 50;
  const auto cues = measure_shortcuts(noise_images(100, 1) * scale + ramp, noise_images(100, 2) * scale + ramp);
  EXPECT_GT(of(cues, "noise"), 0.15);
  EXPECT_LT(of(cues, "position"), of(cues, "noise"));
}

TEST(Shortcuts, ConstantImagesHaveNone) {
  const Tensor same = at::ones({40, 1, 8, 8});
  for (const auto& cue : measure_shortcuts(same, same)) EXPECT_LT(cue.retrieval, 0.05) << cue.name;
}

}  // namespace
}  // namespace likewise
