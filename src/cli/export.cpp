// likewise export
#include "likewise/train/export.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/options.hpp"

namespace likewise::cli {

int run_export(const std::vector<std::string>& words) {
  ExportOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Writes an encoder, or a classifier, for other programs.\n\n"
        "  onnx         a file for any ONNX runtime\n"
        "  torchscript  a file for torch.jit.load\n"
        "  hf           a folder for transformers, with a model card\n"
        "  timm         a folder for timm, or weights under its names (.safetensors, .pt)\n"
        "  torchvision  weights under torchvision's names (.safetensors, .pt)\n\n"
        "  likewise export --run runs/photos --out encoder.onnx\n"
        "  likewise export --model model --out classifier.onnx --images nhwc\n"
        "  likewise export --run runs/photos --format hf --out folder\n\n{}",
        fields.help());
    return 0;
  }
  if (options.out.empty()) throw UserError("export: --out is needed; see likewise export --help");
  for (const auto& line : export_model(options)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace likewise::cli
