#pragma once
// A trained encoder, with the classifier on it where there is one, as other programs take it.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/io/network.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/classifier.hpp"

namespace likewise {

struct ExportOptions {
  std::string run, model;
  std::string format = "auto";
  std::string out;
  std::string images = "prepared";
  bool classifier = true;
  bool overwrite = false;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder or checkpoint whose encoder to write");
    v("model", model, "instead: model folder of likewise fit, encoder and classifier");
    v("out", out, "file or folder to write");
    v("format", format, "auto: by the ending of --out, .onnx or .ts",
      choices({"auto", "hf", "timm", "torchvision", "onnx", "torchscript"}));
    v("images", images, "what onnx and torchscript take: normalised floats, or bytes NCHW or NHWC",
      choices({"prepared", "nchw", "nhwc"}));
    v("classifier", classifier, "of --model: --no-classifier leaves it out");
    v("overwrite", overwrite, "replace what --out names");
  }
};

// The network of a loaded encoder; with `classifier`, its linear model and calibration as the head.
Network network_of(const TrainedEncoder& model, const Classifier* classifier = nullptr);

// What likewise export does. Returns sentences for the user: what was written, how it is opened,
// what cannot open it. Throws UserError for options that do not go together or an existing --out.
std::vector<std::string> export_model(const ExportOptions& options);

// README.md of a folder for `library`, transformers or timm: YAML front matter, then what the
// encoder is, how it was trained and measured (from the run folder that `path` names or came from),
// and how to use it.
std::string model_card(const std::filesystem::path& path, const Network& network,
                       const ImageViewOptions& views, const std::string& library);

}  // namespace likewise
