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
  std::string run;
  std::string format = "auto";
  std::string out;
  std::string images = "prepared";
  bool classifier = true;
  bool overwrite = false;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint, or model folder of likewise fit");
    v("format", format,
      "hf: folder for transformers; timm: folder, or weights under timm's names; torchvision: "
      "weights "
      "under torchvision's names; onnx, torchscript: the network as a program; auto: by the ending "
      "of "
      "--out, .onnx or .ts",
      choices({"auto", "hf", "timm", "torchvision", "onnx", "torchscript"}));
    v("out", out, "what to write: a folder, or a file; weights as .safetensors or .pt");
    v("images", images,
      "what onnx and torchscript take. prepared: float [N, C, S, S], normalised by the caller; "
      "nchw: "
      "uint8 [N, C, S, S]; nhwc: uint8 [N, S, S, C]; both normalised inside",
      choices({"prepared", "nchw", "nhwc"}));
    v("classifier", classifier, "include the classifier of a model folder");
    v("overwrite", overwrite, "replace what --out names");
  }
};

// The network of a loaded encoder; with `classifier`, its linear model and calibration as the head.
Network network_of(const TrainedEncoder& model, const Classifier* classifier = nullptr);

// What likewise export does. Returns sentences for the user: what was written, what it can and
// cannot be used with. Throws UserError for options that do not go together or an existing --out.
std::vector<std::string> export_model(const ExportOptions& options);

// README.md of a Hugging Face folder: YAML front matter, then what the encoder is, how it was
// trained and measured (from the run folder that `path` names or came from), and how to use it.
std::string model_card(const std::filesystem::path& path, const Network& network,
                       const ImageViewOptions& views);

}  // namespace likewise
