// What pages let one hear: real waves as they are, spectrograms rebuilt, both within bounds.
#include "likewise/train/listener.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>

#include "likewise/formats/sound.hpp"
#include "likewise/report/base64.hpp"

namespace likewise::listener_tests {
namespace {

Tensor sines(int64_t length, double rate) {
  Tensor x = at::empty({1, length}, at::kFloat);
  for (int64_t s = 0; s < length; ++s) {
    const double t = static_cast<double>(s) / rate * 2 * M_PI;
    x.data_ptr<float>()[s] = static_cast<float>(0.4 * std::sin(440 * t) + 0.2 * std::sin(1130 * t));
  }
  return x;
}

InputSpec settled(const Tensor& sample, double rate, const std::string& recipe,
                  const std::string& input) {
  InputSpec spec;
  spec.modality = Modality::audio;
  spec.audio.recipe = recipe;
  spec.audio.input = input;
  DatasetInfo info;
  info.rate = rate;
  const InputKind& kind = input_kind(spec.modality);
  kind.measure(spec, {sample}, info);
  kind.resolve(spec, {sample});
  return spec;
}

// Back through our own readers.
Sound heard(const std::string& address) {
  const std::string start = "data:audio/wav;base64,";
  EXPECT_EQ(address.rfind(start, 0), 0U);
  return decode_sound(base64_decode(address.substr(start.size())), "page");
}

TEST(Listener, ARealWaveIsHeardAsItIs) {
  const Tensor sample = sines(8000, 8000);
  for (const char* input : {"mel", "wave"}) {
    const InputSpec spec = settled(sample, 8000, "waveform", input);
    const Listener listener(spec);
    Rng unused(0);
    const Sound plain =
        heard(listener.view(sample, false, Rng(0), eval_view(spec)(sample, unused)));
    ASSERT_EQ(plain.rate, 8000);
    ASSERT_EQ(plain.channels, 1);
    ASSERT_EQ(plain.frames(), 8000);
    for (int64_t s = 0; s < 8000; ++s) {
      ASSERT_NEAR(plain.samples[static_cast<size_t>(s)], sample.data_ptr<float>()[s], 1e-4);
    }
    // A view sounds as the stream says: waves as encoders take them are the same wave.
    const Rng rng(3);
    Rng drawn = rng;
    const Tensor view = train_views(spec)[0](sample, drawn);
    const Sound random = heard(listener.view(sample, true, rng, view));
    EXPECT_NE(random.samples, plain.samples);
    if (input != std::string("wave")) continue;
    const Sound rebuilt = heard(listener.input(view));
    for (size_t s = 0; s < 8000; ++s) ASSERT_NEAR(random.samples[s], rebuilt.samples[s], 1e-3);
  }
}

TEST(Listener, ASpectrogramIsRebuilt) {
  const Tensor sample = sines(8000, 8000);
  const InputSpec spec = settled(sample, 8000, "specaugment", "mel");
  const Listener listener(spec);
  Rng unused(0);
  const View plain = eval_view(spec);
  const Tensor input = plain(sample, unused);
  const Sound sound = heard(listener.input(input));
  ASSERT_EQ(sound.frames(), 8000);
  Tensor again = at::empty({1, 8000}, at::kFloat);
  std::copy(sound.samples.begin(), sound.samples.end(), again.data_ptr<float>());
  // Standardised, so 1 is a deviation. The rebuilt sound shows nearly the same picture where there
  // is anything.
  const Tensor shown = plain(again, unused), loud = input.gt(input.max() - 1).to(at::kFloat);
  const double away =
      ((shown - input).abs() * loud).sum().item<double>() / loud.sum().item<double>();
  EXPECT_LT(away, 0.15);
  // Of random views the input is heard, not the wave behind it.
  const Rng rng(1);
  Rng drawn = rng;
  const Tensor view = train_views(spec)[0](sample, drawn);
  EXPECT_EQ(listener.view(sample, true, rng, view), listener.input(view));
  const Sound difference = heard(listener.input(view, &input));
  float loudest = 0;
  for (const float value : difference.samples) loudest = std::max(loudest, std::abs(value));
  EXPECT_NEAR(loudest, 0.5, 1e-3);
}

TEST(Listener, SoundsAreBoundedAndOthersAreSilent) {
  const Tensor sample = sines(4 * 44100, 44100);
  const InputSpec spec = settled(sample, 44100, "specaugment", "mel");
  SoundOptions options;
  options.iterations = 1;
  const Listener listener(spec, options);
  Rng unused(0);
  const Tensor input = eval_view(spec)(sample, unused);
  for (const auto& address : {listener.view(sample, false, Rng(0), input), listener.input(input)}) {
    const Sound sound = heard(address);
    EXPECT_EQ(sound.rate, Listener::kRate);
    EXPECT_EQ(sound.frames(), 2 * Listener::kRate);
  }
  InputSpec image;
  EXPECT_FALSE(Listener(image).hears());
  EXPECT_EQ(Listener(image).input(input), "");
}

}  // namespace
}  // namespace likewise::listener_tests
