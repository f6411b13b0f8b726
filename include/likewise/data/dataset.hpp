#pragma once
// What a data set is: numbered samples with names. Everything else (batching, views, splits) is
// built on these few functions.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "likewise/formats/image.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// What samples are, and with it how they become an encoder's input (views/input.hpp).
enum class Modality { image, audio, series, tensor };

// image, audio, series, tensor.
const char* modality_name(Modality modality);
// Throws UserError for another name.
Modality parse_modality(const std::string& name);

// One item. `parts` has one tensor a modality or, for natural pairs (two devices that recorded the
// same), one a device; the first is what evaluation looks at.
//
//   image    uint8 [C, H, W], C = 1 or 3
//   audio    float [C, T], T frames at the data set's rate; T differs
//   series   float [C, T], a window at the data set's rate
//   tensor   float of any shape that all samples share, [D], [C, T] or [C, H, W]
struct Sample {
  std::vector<Tensor> parts;
  int64_t label = -1;   // class, -1 when unknown
  int64_t domain = -1;  // style, subject, site, ...; -1 when unknown
  int64_t index = -1;   // position in the data set that gave it: get(i).index == i
};

// What can be known of a data set without decoding it.
struct DatasetInfo {
  std::string name;  // as a person would say it: path or built-in name
  std::string kind;  // "image-folder", "idx", "glyphs", ...
  Modality modality = Modality::image;
  std::vector<std::string> class_names;   // empty when unlabelled
  std::vector<std::string> domain_names;  // empty when there are none
  double rate = 0;                        // frames a second of audio and series; 0: unknown
  int64_t window = 0;  // frames of a window of a series or sound; 0: samples are whole recordings
  std::vector<std::string> channel_names = {};  // of series, where they have names
  std::vector<std::string> skipped =
      {};  // files that were left out when it was opened, a sentence each
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  // Decodes sample i. Thread-safe. Throws DataError, naming the file, when it is broken.
  virtual Sample get(int64_t i) const = 0;
  // As get, when only what is inside the window will be looked at: other pixels may be anything,
  // and damage that concerns only them may go unnoticed. Where leaving out saves nothing, this is
  // get.
  virtual Sample get_part(int64_t i, const Window& /*window*/) const { return get(i); }
  virtual const DatasetInfo& info() const = 0;
  // Known without decoding; -1 when unknown. 0 <= i < size().
  virtual int64_t label(int64_t i) const = 0;
  virtual int64_t domain(int64_t i) const = 0;
  // What to call sample i: the path relative to the opened folder, "images.gz[17]", "U+0041 Lato".
  virtual std::string name(int64_t i) const = 0;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

}  // namespace likewise
