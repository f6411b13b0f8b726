#include "likewise/train/export.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/torch_writer.hpp"
#include "likewise/io/foreign.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

using nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;

bool has_classifier(const fs::path& run) {
  const fs::path file = run / "model.safetensors";
  return fs::is_directory(run) && fs::exists(file) &&
         SafetensorsFile(file).contains("classifier.weight");
}

bool names_weights(const std::string& out) {
  return out.ends_with(".safetensors") || out.ends_with(".pt") || out.ends_with(".pth");
}

std::string format_of(const ExportOptions& options) {
  const bool onnx = options.out.ends_with(".onnx");
  if (options.format == "auto") {
    if (onnx) return "onnx";
    if (options.out.ends_with(".ts")) return "torchscript";
    throw UserError(
        "--out {}: the ending does not say the format; give --format "
        "hf|timm|torchvision|onnx|torchscript",
        options.out);
  }
  if (onnx && options.format != "onnx") {
    throw UserError("--out {} ends in .onnx, but --format is {}", options.out, options.format);
  }
  return options.format;
}

void check(const ExportOptions& options, const std::string& format) {
  if (options.run.empty() == options.model.empty()) {
    throw UserError(
        "export: give --run, a run or checkpoint, or --model, a folder of likewise fit");
  }
  if (options.images != "prepared" && format != "onnx" && format != "torchscript") {
    throw UserError(
        "--images {} is for the formats onnx and torchscript, not for {}, which holds no program",
        options.images, format);
  }
  const bool file = names_weights(options.out);
  if (format == "torchvision" && !file) {
    throw UserError("--out {}: torchvision's weights are one file, .safetensors or .pt",
                    options.out);
  }
  if (format == "hf" && file) {
    throw UserError("--out {}: --format hf makes a folder of several files; name one", options.out);
  }
  const bool folder = format == "hf" || (format == "timm" && !file);
  const fs::path out = options.out;
  if (!folder && fs::is_directory(out))
    throw UserError("--out {} is a folder; name a file", options.out);
  const bool taken = folder && fs::is_directory(out) ? !fs::is_empty(out) : fs::exists(out);
  if (taken && !options.overwrite) {
    throw UserError("--out {} is there already; --overwrite replaces it", options.out);
  }
}

GraphInput graph_input(const std::string& images) {
  return images == "nchw"   ? GraphInput::kNchw
         : images == "nhwc" ? GraphInput::kNhwc
                            : GraphInput::kPrepared;
}

// What a user of the file must know and its format has no place for.
Metadata metadata_of(const Network& network, const TrainedEncoder& model) {
  const std::string what = network.input_name();
  Metadata out = {{"likewise", kVersion},
                  {"encoder", network.encoder.name},
                  {what + "_mean", nlohmann::json(network.mean).dump()},
                  {what + "_std", nlohmann::json(network.std).dump()},
                  {"spec", model.spec.to_toml()}};
  if (network.other) {
    out["input_shape"] = nlohmann::json(network.shape().batch(1)).dump();
  } else {
    out["image_size"] = std::to_string(network.image_size);
  }
  if (network.head) out["classes"] = nlohmann::json(network.head->class_names).dump();
  return out;
}

void write_weights(const fs::path& path, const NamedTensors& weights, Metadata metadata) {
  if (path.extension() == ".safetensors") {
    metadata["format"] = "pt";
    write_tensors(path, weights, metadata);
    return;
  }
  std::vector<Tensor> held;
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : weights) {
    held.push_back(tensor.detach().to(at::kCPU).contiguous());
    views.push_back(tensor_view(name, held.back()));
  }
  write_torch_file(path, views);
}

void write_json(const fs::path& path, const ordered_json& value) {
  write_file(path, value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

std::string list_of(const std::vector<double>& values) {
  return fmt::format("[{:.4g}]", fmt::join(values, ", "));
}

// How to open a graph and what to give it.
std::string graph_usage(const Network& network, const std::string& format,
                        const ExportOptions& options) {
  const int64_t c = network.channels, s = network.image_size;
  const std::vector<int64_t> sizes = network.shape().batch(1);
  const std::string input =
      network.other ? fmt::format("float [N, {}], (x - mean) / std with {}",
                                  fmt::join(sizes.begin() + 1, sizes.end(), ", "),
                                  network.mean.size() <= 8
                                      ? fmt::format("mean {} and std {}", list_of(network.mean),
                                                    list_of(network.std))
                                      : "the means and deviations of its metadata")
      : options.images == "prepared"
          ? fmt::format("float [N, {}, {}, {}], (x / 255 - mean) / std with mean {} and std {}", c,
                        s, s, list_of(network.mean), list_of(network.std))
      : options.images == "nchw" ? fmt::format("bytes [N, {}, {}, {}]", c, s, s)
                                 : fmt::format("bytes [N, {}, {}, {}]", s, s, c);
  const bool onnx = format == "onnx";
  return fmt::format(
      "{}: {}; gives {}",
      onnx ? fmt::format("input `{}`", network.input_name())
           : fmt::format("torch.jit.load(\"{}\")({})", options.out, network.input_name()),
      input, network.head ? "(features, probabilities)" : "features");
}

// How a library opens the weights.
std::string weights_usage(const std::string& format, const ExportOptions& options, bool head) {
  if (names_weights(options.out)) {
    return fmt::format(
        "model.load_state_dict({}(\"{}\"))",
        options.out.ends_with(".safetensors") ? "safetensors.torch.load_file" : "torch.load",
        options.out);
  }
  return format == "hf"
             ? fmt::format("transformers.{}.from_pretrained(\"{}\")",
                           head ? "AutoModelForImageClassification" : "AutoModel", options.out)
             : fmt::format("timm.create_model(\"local-dir:{}\", pretrained=True)", options.out);
}

// A sentence about a library that may not have the network; empty where it has.
std::string warning(const std::string& library, const std::string& missing) {
  if (missing.empty()) return "";
  return fmt::format(
      "{} cannot build this network: {}. The weights keep Likewise's names; "
      "--format onnx or torchscript gives a network that runs anywhere",
      library, missing);
}

}  // namespace

Network network_of(const TrainedEncoder& model, const Classifier* classifier) {
  Network out;
  const EncoderSpec& spec = model.spec;
  const bool images = spec.modality == Modality::image;
  const InputShape shape = input_shape(spec);
  out.encoder = resolve(spec.encoder, shape);
  for (const auto& [name, tensor] : named_tensors(*model.encoder)) {
    out.weights.emplace_back(name, tensor.contiguous());
  }
  out.channels = shape.channels;
  out.feature_dim = model.encoder->feature_dim();
  out.mean = images ? spec.stats.mean : spec.signal.mean;
  out.std = images ? spec.stats.std : spec.signal.std;
  if (images) {
    out.image_size = spec.views.size;
    out.crop = spec.views.eval_crop;
    out.padded = spec.views.fit == "pad";
  } else {
    out.other = shape;
  }
  if (!classifier) return out;
  // softmax(((x - mean) / std W + b) / T): what is constant goes into weight and bias.
  const LinearModel& linear = classifier->linear;
  LinearHead head;
  head.mean = linear.mean.to(at::kFloat);
  head.weight = (linear.weight / linear.std.unsqueeze(1) / classifier->temperature)
                    .t()
                    .to(at::kFloat)
                    .contiguous();
  head.bias = (linear.bias / classifier->temperature).to(at::kFloat);
  head.class_names = classifier->class_names;
  out.head = std::move(head);
  return out;
}

namespace {

// The file or folder of `format`; what the library it is for lacks, or nothing.
std::string write_format(const std::string& format, const ExportOptions& options,
                         const Network& network, const TrainedEncoder& model) {
  const Metadata metadata = metadata_of(network, model);
  const fs::path out = options.out;
  if (format == "onnx") {
    write_onnx_network(out, network, graph_input(options.images), metadata);
    return "";
  }
  if (format == "torchscript") {
    write_torchscript_network(out, network, graph_input(options.images), metadata);
    return "";
  }
  if (format == "torchvision") {
    write_weights(out, torchvision_weights(network), metadata);
    return warning("torchvision", missing_in_torchvision(network));
  }
  const bool hf = format == "hf";
  const NamedTensors weights = hf ? transformers_weights(network) : timm_weights(network);
  const std::string missing = hf ? warning("transformers", missing_in_transformers(network))
                                 : warning("timm", missing_in_timm(network));
  if (names_weights(options.out)) {
    write_weights(out, weights, metadata);
    return missing;
  }
  const std::string card = model_card(options.model.empty() ? options.run : options.model, network,
                                      model.spec.views, hf ? "transformers" : "timm");
  write_folder(out, [&](const fs::path& folder) {
    write_weights(folder / "model.safetensors", weights, metadata);
    write_json(folder / "config.json", hf ? transformers_config(network) : timm_config(network));
    if (hf) write_json(folder / "preprocessor_config.json", preprocessor_config(network));
    write_file(folder / "README.md", card);
  });
  return missing;
}

}  // namespace

std::vector<std::string> export_model(const ExportOptions& options) {
  const std::string format = format_of(options);
  check(options, format);
  const fs::path source = options.model.empty() ? options.run : options.model;
  std::optional<Classifier> classifier;
  TrainedEncoder model;
  if (options.classifier && (!options.model.empty() || has_classifier(source))) {
    classifier = load_classifier(source);
    model = classifier->model;
  } else {
    model = load_encoder(source);
  }
  const Network network = network_of(model, classifier ? &*classifier : nullptr);
  if (network.other && format != "onnx" && format != "torchscript") {
    throw UserError(
        "{} is an encoder of {}: --format {} knows images only; accepted are onnx and "
        "torchscript",
        model.origin, input_kind(model.spec.modality).items, format);
  }
  if (network.other && options.images != "prepared") {
    throw UserError("--images {}: {} is an encoder of {}; what it takes is prepared",
                    options.images, model.origin, input_kind(model.spec.modality).items);
  }
  const std::string missing = write_format(format, options, network, model);
  std::vector<std::string> said = {fmt::format(
      "{}: {}, {} features{}", options.out, network.encoder.name, network.feature_dim,
      network.head ? fmt::format(", classifier of {} classes", network.head->class_names.size())
                   : "")};
  if (!missing.empty()) {
    said.push_back(missing);
  } else if (format == "onnx" || format == "torchscript") {
    said.push_back(graph_usage(network, format, options));
  } else {
    said.push_back(weights_usage(format, options, network.head.has_value()));
  }
  return said;
}

}  // namespace likewise
