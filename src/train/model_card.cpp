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

std::string front_matter(const Network& network, const std::string& library) {
  std::string out = "---\nlicense: other  # yours to fill in\nlicense_name: not-chosen-yet\n";
  out += fmt::format("library_name: {}\n", library);
  out += fmt::format("pipeline_tag: {}\n",
                     network.head ? "image-classification" : "image-feature-extraction");
  return out + "tags:\n- likewise\n- self-supervised\n---\n\n";
}

std::string row(const char* what, const std::string& value) {
  return value.empty() ? "" : fmt::format("| {} | {} |\n", what, value);
}

std::string python(const std::string& code) { return "```python\n" + code + "```\n\n"; }

std::string transformers_code(const Network& network) {
  const bool vit = network.encoder.name.starts_with("vit_");
  const char* type = network.head ? "AutoModelForImageClassification" : "AutoModel";
  const char* features = !network.head ? "model(pixels).pooler_output.flatten(1)"
                         : vit         ? "model.vit(pixels).last_hidden_state[:, 0]"
                                       : "model.resnet(pixels).pooler_output.flatten(1)";
  std::string out = python(
      fmt::format("from transformers import AutoImageProcessor, {0}\n"
                  "model = {0}.from_pretrained(\"THIS_FOLDER\").eval()\n"
                  "processor = AutoImageProcessor.from_pretrained(\"THIS_FOLDER\")\n"
                  "pixels = processor(image, return_tensors=\"pt\").pixel_values\n{1}features = "
                  "{2}  # [N, {3}]\n",
                  type, network.head ? "probabilities = model(pixels).logits.softmax(-1)\n" : "",
                  features, network.feature_dim));
  if (vit && !network.head) {
    out +=
        "`pooler_output` is the class token itself: the pooler of this folder lets everything "
        "through.\n\n";
  }
  return out;
}

std::string timm_code(const Network& network) {
  return python(fmt::format(
      "import timm\nmodel = timm.create_model(\"local-dir:THIS_FOLDER\", pretrained=True).eval()\n"
      "{}features = model.forward_head(model.forward_features(pixels), pre_logits=True)  # [N, "
      "{}]\n",
      network.head ? "probabilities = model(pixels).softmax(-1)\n" : "", network.feature_dim));
}

// A residual network with the stem for small images.
std::string torchvision_code(const Network& network) {
  return python(fmt::format(
      "model = torchvision.models.{0}()\nmodel.conv1 = torch.nn.Conv2d({1}, 64, 3, padding=1, "
      "bias=False)\n"
      "model.maxpool = model.fc = torch.nn.Identity()\n"
      "weights = safetensors.torch.load_file(\"model.safetensors\")\n"
      "model.load_state_dict({{k: v for k, v in weights.items() if not k.startswith(\"fc.\")}})\n"
      "features = model.eval()(pixels)  # [N, {2}]\n",
      network.encoder.name, network.channels, network.feature_dim));
}

// How the library of the folder computes features, or what to do where it cannot.
std::string usage(const Network& network, const std::string& library) {
  const bool timm = library == "timm";
  const std::string missing = timm ? missing_in_timm(network) : missing_in_transformers(network);
  if (missing.empty()) return timm ? timm_code(network) : transformers_code(network);
  std::string out = fmt::format(
      "{} cannot build this network: {}. `config.json` describes it, `model.safetensors` holds the "
      "weights under Likewise's names; `likewise export --format onnx` and `--format torchscript` "
      "write a network that runs without its source.",
      library, missing);
  if (network.encoder.stem != "cifar" || !missing_in_torchvision(network).empty())
    return out + "\n\n";
  return out + " In torchvision it is\n\n" + torchvision_code(network);
}

// A path of somebody's disk is nobody else's business: its last part. Names of data sets stay.
std::string public_name(const std::string& data) {
  const std::string last = fs::path(data).filename().string();
  return last.empty() ? fs::path(data).parent_path().filename().string() : last;
}

}  // namespace

std::string model_card(const fs::path& path, const Network& network, const ImageViewOptions& views,
                       const std::string& library) {
  const fs::path run = run_of(path);
  const json summary = json_of(RunFolder{run}.assets() / "summary.json");
  const json evaluation = json_of(RunFolder{run}.evaluation());
  std::string toml;
  if (fs::is_regular_file(RunFolder{run}.options())) toml = read_text(RunFolder{run}.options());
  const std::string data = public_name(option(toml, "data.path"));

  const std::string mode = json_of(path / "model.json").value("mode", std::string("probe"));
  std::string out = front_matter(network, library);
  out += fmt::format("# {} trained by Likewise\n\n", network.encoder.name);
  out +=
      fmt::format("An image encoder of {} features{}. It learned from images without labels{}.\n\n",
                  network.feature_dim,
                  network.head ? fmt::format(", and a linear classifier of {} classes on them",
                                             network.head->class_names.size())
                               : "",
                  mode == "probe" ? "" : ", and was then fine-tuned on labels");
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
  const std::string cut =
      network.padded ? "margins make an image square"
      : network.crop == 1
          ? "the middle square is cut out"
          : fmt::format("the middle square is cut out, {:g} of the shorter side", network.crop);
  const std::string shape =
      fmt::format("{0}, then it is resized to {1} x {1}", cut, network.image_size);
  out += fmt::format(
      "{} channel{}, values in 0..1; {} (bilinear, antialiased); then (x - mean) / std "
      "with mean {} and std {}.\n\n",
      network.channels, network.channels == 1 ? "" : "s", shape, json(network.mean).dump(),
      json(network.std).dump());
  out += "## Use\n\n" + usage(network, library);
  out += "## Results\n\n";
  if (!evaluation.contains("protocols")) {
    return out +
           "Not measured: `likewise evaluate --run RUN` before exporting puts its results here.\n";
  }
  try {
    out += fmt::format(
        "Trained on {} and tested on {} ({} and {} images), features frozen, "
        "accuracy:\n\n```\n{}```\n",
        public_name(evaluation.value("data", "?")),
        public_name(evaluation.value("test", "?")),
        evaluation.value("train_images", 0), evaluation.value("test_images", 0),
        evaluation_text(evaluation));
  } catch (const std::exception&) {
    out += "The file evaluation.json of the run is damaged.\n";
  }
  return out;
}

}  // namespace likewise
