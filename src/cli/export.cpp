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
        "  likewise export --run runs/photos --out encoder.onnx                    any ONNX "
        "runtime\n"
        "  likewise export --run runs/photos --out encoder.ts                      torch.jit.load\n"
        "  likewise export --run runs/photos --format hf --out folder              transformers\n"
        "  likewise export --run runs/photos --format timm --out folder            timm\n"
        "  likewise export --run runs/photos --format torchvision --out weights.pt torchvision\n"
        "  likewise export --run model --out classifier.onnx --images nhwc         bytes in,\n"
        "                                                      features and probabilities "
        "out\n\n{}",
        fields.help());
    return 0;
  }
  if (options.run.empty()) throw UserError("export: --run is needed; see likewise export --help");
  if (options.out.empty()) throw UserError("export: --out is needed; see likewise export --help");
  for (const auto& line : export_model(options)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace likewise::cli
