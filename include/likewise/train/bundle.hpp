#pragma once
// A trained encoder with all that is needed to use it: its shape, its weights, and how samples
// become its input.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "likewise/data/dataset.hpp"
#include "likewise/eval/features.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/views/input.hpp"

namespace likewise {

// What describes an encoder and its input, resolved. Kept as TOML in the metadata of every
// checkpoint and model.
struct EncoderSpec : InputSpec {
  EncoderOptions encoder;
  template <class V>
  void fields(V& v) {
    v.group("encoder", encoder);
    InputSpec::fields(v);
  }
  std::string to_toml() const;
  static EncoderSpec from_toml(const std::string& text, const std::string& name);
  int64_t channels() const { return input_shape(*this).channels; }
  std::shared_ptr<Encoder> make(uint64_t seed = 0) const;  // fresh weights
};

struct TrainedEncoder {
  EncoderSpec spec;
  std::shared_ptr<Encoder> encoder;  // in evaluation mode
  std::string origin;                // the file
};

// From a run folder (its last checkpoint; the moving average where there is one), a checkpoint or a
// model folder. Throws UserError when there is none, DataError when it is broken.
TrainedEncoder load_encoder(const std::filesystem::path& path);

// The encoder of `spec` with fresh weights: the baseline.
TrainedEncoder untrained_encoder(const EncoderSpec& spec, uint64_t seed);

struct Extraction {
  FeatureSet set;                // x [N, D] in the order of the data set; broken ones left out
  std::vector<int64_t> index;    // position of each row in the data set
  std::vector<std::string> bad;  // a sentence a broken sample
};

// Features of every sample, in evaluation mode without gradients. `say` names the work in the
// progress line; empty: silent.
Extraction extract_features(const TrainedEncoder& model, const DatasetPtr& data,
                            const std::string& say = "", int64_t max_bad = 1000000000);

// Values of the prepared inputs, [N, C * S * S] for images: the other baseline. Larger images are
// averaged to 32 x 32, larger spectrograms to 64 x 64, longer series to 1024 frames, without which
// neither memory nor any classifier could hold them.
Extraction extract_pixels(const EncoderSpec& spec, const DatasetPtr& data,
                          int64_t max_bad = 1000000000);

}  // namespace likewise
