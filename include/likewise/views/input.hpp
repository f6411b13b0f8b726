#pragma once
// How a sample of a modality becomes an encoder's input: one table, a row and a file a modality.
// Training, evaluation, reports and models go through it and know no modality themselves.

#include <optional>
#include <string>
#include <vector>

#include "likewise/base/input_shape.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/views/recipes.hpp"
#include "likewise/views/signal_options.hpp"
#include "likewise/views/signal_stats.hpp"

namespace likewise {

// The options and statistics of every modality; `modality` says which of them count.
struct InputSpec {
  Modality modality = Modality::image;
  OpenOptions data;  // how further data is to be opened; not for images
  ImageViewOptions views;
  ImageStats stats;
  AudioViewOptions audio;
  SeriesViewOptions series;
  TensorViewOptions tensor;
  SignalStats signal;

  // Images are described as before there was anything else.
  template <class V>
  void fields(V& v) {
    if (modality == Modality::image) {
      v.group("views", views);
      v.group("images", stats);
      return;
    }
    v.group("data", data);
    fields_of_views(v);
    v.group("signal", signal);
  }
  template <class V>
  void fields_of_views(V& v) {
    switch (modality) {
      case Modality::image:
        return v.group("views", views);
      case Modality::audio:
        return v.group("views", audio);
      case Modality::series:
        return v.group("views", series);
      case Modality::tensor:
        return v.group("views", tensor);
    }
  }
};

// Waves [C, T] at signal.rate for views, so that they can be heard.
struct InputSound {
  // The view as far as it is a wave: given the same stream, it is what train_views (random) or
  // eval_view make their input of. None where they change a spectrogram, too: what is heard is then
  // not all that is seen.
  std::optional<View> (*wave)(const InputSpec&, bool random, const DatasetPtr& data);
  // The first options.seconds of an input of the encoder, turned back into a wave; with `other`,
  // what differs from that: the difference of waves, or of the powers of spectrograms without its
  // sign. `rng` gives phases.
  Tensor (*listen)(const InputSpec&, const Tensor& input, const Tensor* other,
                   const SoundOptions& options, Rng& rng);
};

// One row.
struct InputKind {
  Modality modality;
  const char *item, *items;  // "image", "images": what messages call a sample
  const char* raw;           // the baseline: "raw pixels"
  // Statistics of samples (parts[0]).
  void (*measure)(InputSpec&, const std::vector<Tensor>& samples, const DatasetInfo& info);
  // Decides every unset option; samples are those of `measure`. Gives a sentence that says what was
  // decided, and why.
  std::string (*resolve)(InputSpec&, const std::vector<Tensor>& samples);
  // Of a resolved spec: two random views, then local crops where there are any; `data` is what is
  // trained on, for views that mix, and may be null.
  std::vector<View> (*train_views)(const InputSpec&, const DatasetPtr& data);
  View (*eval_view)(const InputSpec&);
  InputShape (*shape)(const InputSpec&);
  // A view as a picture to look at; `side`: at most so many pixels where that is open.
  Image (*picture)(const InputSpec&, const Tensor& view, int64_t side);
  // How views sound; null where nothing does.
  const InputSound* sound = nullptr;
};

const InputKind& input_kind(Modality modality);

inline std::vector<View> train_views(const InputSpec& spec, const DatasetPtr& data = nullptr) {
  return input_kind(spec.modality).train_views(spec, data);
}
inline View eval_view(const InputSpec& spec) { return input_kind(spec.modality).eval_view(spec); }
inline InputShape input_shape(const InputSpec& spec) {
  return input_kind(spec.modality).shape(spec);
}

namespace detail {
extern const InputKind kImageInput, kAudioInput, kSeriesInput, kTensorInput;

// Rows of a plane [F, T] from bottom to top, grey between two and a half deviations; three channels
// as colours. Lines for series [C, T], a strip of cells for vectors [D].
Image signal_picture(const Tensor& view, int64_t side);

// The views of SpectrogramViewOptions in their order.
void add_spectrogram_views(std::vector<View>& chain, const SpectrogramViewOptions& options);
// Fills what is unset.
void set_defaults(SpectrogramViewOptions& options, const SpectrogramViewOptions& recipe);
inline void set_default(double& value, double initial) {
  if (value != value) value = initial;
}
}  // namespace detail

}  // namespace likewise
