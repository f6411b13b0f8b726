#pragma once
// Views made audible, for pages.

#include <string>

#include "likewise/views/input.hpp"

namespace likewise {

// Sounds as data: addresses of WAV files, 16 bits, mono, at most kRate and options.seconds long.
// Everything is "" where the modality has no sound. Sounds louder than full scale are made softer;
// what is the difference of two is brought to half of full scale.
class Listener {
 public:
  static constexpr int64_t kRate = 16000;
  static constexpr int64_t kRows = 6, kViews = 4;  // of a page that have players, so it stays small

  explicit Listener(const InputSpec& spec, const SoundOptions& options = {},
                    DatasetPtr data = nullptr);

  bool hears() const { return sound_ != nullptr; }

  // A view of `sample` that train_views (random) or eval_view draws from `rng`, `input`: the wave
  // that it was made of, or, where spectrograms are changed, `input` turned back into sound.
  std::string view(const Tensor& sample, bool random, Rng rng, const Tensor& input) const;
  // An input of the encoder turned back into sound; with `other`, what differs from that.
  std::string input(const Tensor& input, const Tensor* other = nullptr) const;

 private:
  std::string address(const Tensor& wave, bool to_half) const;

  InputSpec spec_;
  SoundOptions options_;
  const InputSound* sound_;
  std::optional<View> plain_, random_;  // as far as they are waves
};

}  // namespace likewise
