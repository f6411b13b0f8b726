#include "likewise/train/listener.hpp"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>

#include "likewise/formats/sound.hpp"
#include "likewise/report/base64.hpp"

namespace likewise {

Listener::Listener(const InputSpec& spec, const SoundOptions& options, DatasetPtr data)
    : spec_(spec), options_(options), sound_(input_kind(spec.modality).sound) {
  if (sound_ == nullptr) return;
  plain_ = sound_->wave(spec_, false, data);
  random_ = sound_->wave(spec_, true, data);
}

std::string Listener::view(const Tensor& sample, bool random, Rng rng, const Tensor& input) const {
  if (!hears()) return "";
  const std::optional<View>& wave = random ? random_ : plain_;
  return wave ? address((*wave)(sample, rng), false) : this->input(input);
}

std::string Listener::input(const Tensor& input, const Tensor* other) const {
  if (!hears()) return "";
  Rng phases(0, {0x50bd});
  return address(sound_->listen(spec_, input, other, options_, phases), other != nullptr);
}

std::string Listener::address(const Tensor& wave, bool to_half) const {
  const Tensor one = wave.mean(0).contiguous();
  const auto rate = static_cast<int64_t>(std::llround(spec_.signal.rate));
  const int64_t length =
      std::clamp<int64_t>(std::llround(options_.seconds * spec_.signal.rate), 1, one.size(0));
  Sound sound{std::max<int64_t>(1, rate), 1, {}};
  sound.samples.assign(one.data_ptr<float>(), one.data_ptr<float>() + length);
  if (rate > kRate) sound = resample_sound(sound, kRate);
  float loudest = 0;
  for (const float value : sound.samples) loudest = std::max(loudest, std::abs(value));
  if (loudest > 0 && (to_half || loudest > 1)) {
    for (float& value : sound.samples) value *= (to_half ? 0.5F : 1.0F) / loudest;
  }
  return data_uri("audio/wav", encode_wav(sound));
}

}  // namespace likewise
