#pragma once
// The encoders that exist.

#include <memory>
#include <string>
#include <vector>

#include "likewise/base/input_shape.hpp"
#include "likewise/base/random.hpp"
#include "likewise/nn/encoder.hpp"
#include "likewise/nn/encoder_options.hpp"

namespace likewise {

// What distinguishes the transformers among each other, and from the rest.
struct TransformerTraits {
  bool is_transformer = false;
  int64_t patch = 0;  // of the paper, where the image size allows it; 0: by the image size
  double norm_eps = 1e-6;
  bool has_registers = false;
  int64_t projection = 0;  // features after the last layer; 0: no such layer
};

struct EncoderEntry {
  const char* name;
  const char* summary;  // one line
  // `resolved` has no "auto" and no 0 that matters to this architecture. For series `image_size` is
  // their length; for vectors `channels` is.
  std::shared_ptr<Encoder> (*make)(const EncoderOptions& resolved, int64_t channels,
                                   int64_t image_size);
  int64_t width;   // the architecture's own
  int64_t blocks;  // the architecture's own; 0: no such option
  bool has_stem;
  TransformerTraits transformer;
  int64_t dimensions =
      2;  // of what it takes beside channels: 2 images, 1 series, 0 anything, as a vector
};

// In the order of `likewise list encoders`.
const std::vector<EncoderEntry>& encoder_catalogue();

// Throws UserError with the nearest names when there is none such.
const EncoderEntry& find_encoder(const std::string& name);

// Replaces "auto" and 0. Throws UserError for an unknown name and for an option that the
// architecture does not have.
EncoderOptions resolve(const EncoderOptions& options, int64_t image_size);
// The same for any input; also throws when the architecture does not take it.
EncoderOptions resolve(const EncoderOptions& options, const InputShape& input);

// A new encoder for images [N, channels, image_size, image_size], its weights drawn from `rng`
// (initialize.hpp), laid out channels-last, in training mode.
std::shared_ptr<Encoder> make_encoder(const EncoderOptions& options, int64_t channels,
                                      int64_t image_size, const Rng& rng);
// The same for any input [N, ...].
std::shared_ptr<Encoder> make_encoder(const EncoderOptions& options, const InputShape& input,
                                      const Rng& rng);

}  // namespace likewise
