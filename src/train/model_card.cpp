// README.md of an exported folder.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/io/foreign.hpp"
#include "likewise/train/evaluate.hpp"
#include "likewise/train/export.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;

json json_of(const fs::path& file) {
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return json::object();
  json value = json::parse(read_text(file), nullptr, false);
  return value.is_object() ? value : json::object();
}

// The run that a path names, or that a checkpoint lies in, or that a model was fitted on.
fs::path run_of(const fs::path& path) {
  if (fs::exists(RunFolder{path}.options())) return path;
  const json model = json_of(path / "model.json");
  const fs::path file = model.contains("encoder") && model["encoder"].is_string()
                            ? fs::path(model["encoder"].get<std::string>())
                            : path;
  return file.parent_path().parent_path();  // RUN/checkpoints/last.safetensors
}

std::string option(const std::string& toml, const std::string& key) {
  try {
    return toml.empty() ? "" : peek_toml(toml, "run.toml", key, "");
  } catch (const std::exception&) {
    return "";
  }
}

// "20 epochs, 12 min 3 s on cpu", as far as the run says it.
std::string budget(const json& summary) {
  if (!summary.contains("epochs") || !summary["epochs"].is_number()) return "";
  std::string out = fmt::format("{:.4g} epochs", summary["epochs"].get<double>());
  if (summary.contains("seconds") && summary["seconds"].is_number()) {
    out += fmt::format(", {} on {}", format_duration(summary["seconds"].get<double>()),
                       summary.value("device", std::string("?")));
  }
  return out;
}

std::string front_matter(const Network& network, const std::string& data, bool transformers) {
  std::string out = "---\nlicense: other  # yours to fill in\nlicense_name: not-chosen-yet\n";
  out += fmt::format("library_name: {}\n", transformers ? "transformers" : "likewise");
  out += fmt::format("pipeline_tag: {}\n",
                     network.head ? "image-classification" : "image-feature-extraction");
  out += "tags:\n- likewise\n- self-supervised\n";
  if (!data.empty()) out += fmt::format("# trained on: {}\n", shorten(data, 200));
  return out + "---\n\n";
}

std::string row(const char* what, const std::string& value) {
  return value.empty() ? "" : fmt::format("| {} | {} |\n", what, value);
}

// Python that computes the features of `pixels`, for the libraries that have the network.
std::string usage(const Network& network) {
  const bool vit = network.encoder.name.starts_with("vit_");
  std::string out = "## Use\n\n";
  if (missing_in_transformers(network).empty()) {
    const char* features = network.head ? (vit ? "model.vit(pixels).last_hidden_state[:, 0]"
                                               : "model.resnet(pixels).pooler_output.flatten(1)")
                                        : "model(pixels).pooler_output.flatten(1)";
    out += fmt::format(
        "```python\nfrom transformers import AutoImageProcessor, {0}\nmodel = "
        "{0}.from_pretrained(\"THIS_FOLDER\").eval()\nprocessor = "
        "AutoImageProcessor.from_pretrained(\"THIS_FOLDER\")\npixels = processor(image, "
        "return_tensors=\"pt\").pixel_values\nfeatures = {1}  # [N, {2}]\n```\n\n",
        network.head ? "AutoModelForImageClassification" : "AutoModel", features,
        network.feature_dim);
    if (vit && !network.head) {
      out +=
          "`pooler_output` is the class token itself: the pooler of this folder lets everything "
          "through.\n\n";
    }
    return out;
  }
  out += fmt::format(
      "transformers cannot build this network: {}. `config.json` describes it and "
      "`model.safetensors` holds the weights under Likewise's names.",
      missing_in_transformers(network));
  if (network.encoder.name.starts_with("resnet")) {
    out += fmt::format(
        " In torchvision it is\n\n```python\nmodel = torchvision.models.{0}()\nmodel.conv1 = "
        "torch.nn.Conv2d({1}, 64, 3, padding=1, bias=False)\nmodel.maxpool = model.fc = "
        "torch.nn.Identity()\nweights = safetensors.torch.load_file(\"model.safetensors\")\n"
        "model.load_state_dict({{k: v for k, v in weights.items() if not k.startswith(\"fc.\")}})\n"
        "features = model.eval()(pixels)  # [N, {2}]\n```\n\n",
        network.encoder.name, network.channels, network.feature_dim);
  } else {
    out +=
        " `likewise export --format onnx` and `--format torchscript` write a network that runs "
        "without its source.\n\n";
  }
  return out;
}

}  // namespace

std::string model_card(const fs::path& path, const Network& network,
                       const ImageViewOptions& views) {
  const fs::path run = run_of(path);
  const json summary = json_of(RunFolder{run}.assets() / "summary.json");
  const json evaluation = json_of(RunFolder{run}.evaluation());
  std::string toml;
  if (fs::is_regular_file(RunFolder{run}.options())) toml = read_text(RunFolder{run}.options());
  const std::string data = option(toml, "data.path");

  std::string out = front_matter(network, data, missing_in_transformers(network).empty());
  out += fmt::format("# {} trained by Likewise\n\n", network.encoder.name);
  out += fmt::format("An image encoder: {} features{}. It learned from images without labels.\n\n",
                     network.feature_dim,
                     network.head ? fmt::format(", and a linear classifier of {} classes on them",
                                                network.head->class_names.size())
                                  : "");
  out += "| | |\n|---|---|\n";
  out += row("data", data);
  if (summary.contains("images")) out += row("images", summary["images"].dump());
  out += row("method", option(toml, "method"));
  out += row("budget", budget(summary));
  out += row("batch", option(toml, "batch"));
  out +=
      row("views", fmt::format("recipe {}, {} x {} pixels", views.recipe, views.size, views.size));
  out += row("written by", fmt::format("Likewise {}", kVersion));
  out += "| licence | to be chosen by who publishes this |\n\n";

  out += "## Images\n\n";
  const std::string shape =
      network.padded
          ? fmt::format("margins make an image square, then it is resized to {0} x {0}",
                        network.image_size)
          : fmt::format("the middle square of {1:g} of the shorter side, resized to {0} x {0}",
                        network.image_size, network.crop);
  out += fmt::format(
      "{} channel{}, values in 0..1; {} (bilinear, antialiased); then (x - mean) / std "
      "with mean {} and std {}.\n\n",
      network.channels, network.channels == 1 ? "" : "s", shape, json(network.mean).dump(),
      json(network.std).dump());
  out += usage(network);
  out += "## Results\n\n";
  if (!evaluation.contains("protocols")) {
    return out +
           "Not measured: `likewise evaluate --run RUN` before exporting puts its results here.\n";
  }
  try {
    out += fmt::format(
        "Trained on {} and tested on {} ({} and {} images), features frozen, "
        "accuracy:\n\n```\n{}```\n",
        evaluation.value("data", "?"), evaluation.value("test", "?"),
        evaluation.value("train_images", 0), evaluation.value("test_images", 0),
        evaluation_text(evaluation));
  } catch (const std::exception&) {
    out += "The file evaluation.json of the run is damaged.\n";
  }
  return out;
}

}  // namespace likewise
