#pragma once
// What one random view of an image is, drawn before any pixel is touched: plain numbers, so that a
// processor and a GPU can make the same view of it.

#include <cstdint>

namespace likewise::kernels {

enum class PlanStep : int32_t {
  brightness,
  contrast,
  saturation,
  hue,
  gray,
  blur,
  solarize,
  dilate,
  erode,
  outline,
  box_blur,
  gamma,
  noise,
  cutout
};

struct PlannedStep {
  PlanStep kind{};
  int32_t top = 0, left = 0, side = 0;  // cutout
  double amount = 0;                    // factor, turns, sigma, threshold, exponent or value;
                                        // outline: above 0 the line is dark
};

struct ViewPlan {
  static constexpr int32_t kMostSteps = 12;

  int64_t top = 0, left = 0, height = 0, width = 0;       // the part looked at, of the image or
  bool pads = false;                                      // of it with margins that make it square
  bool flips = false;                                     // left to right
  bool warps = false;                                     // after that
  double xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;  // kernels::SourceMap

  int32_t count = 0;  // steps, one after another
  PlannedStep steps[kMostSteps];

  uint32_t noise_key[2] = {0, 0};  // the stream of the noise and the word where it begins
  uint64_t noise_word = 0;         // (Rng::Place)

  void add(const PlannedStep& step) { steps[count++] = step; }
};

}  // namespace likewise::kernels
