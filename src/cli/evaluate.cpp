// likewise evaluate
#include "likewise/train/evaluate.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/report/report.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise::cli {

int run_evaluate(const std::vector<std::string>& words) {
  EvaluateOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Measures the encoder of a run with labelled data.\n\n"
        "  likewise evaluate --run runs/photos --data labelled/train --test labelled/test\n"
        "  likewise evaluate --init-from resnet18.pth --data labelled\n\n{}",
        fields.help());
    return 0;
  }
  set_threads(static_cast<long>(options.threads));
  const RunFolder folder{options.run};
  const TrainedEncoder model = open_encoder("evaluate", options.run, options.init);
  const bool is_run = !options.run.empty() && std::filesystem::exists(folder.options());
  const std::string trained_on =
      is_run ? peek_toml(read_text(folder.options()), folder.options().string(), "data.path", "")
             : "";
  if (trained_on.empty() && options.data.empty()) {
    throw UserError("evaluate: --data and --test are needed: labelled data");
  }
  const auto evaluation =
      evaluate(model, open_evaluation_data(options, trained_on, model.spec.data), options, true);
  fmt::print("{}", evaluation_text(evaluation));
  const bool is_foreign_folder = !is_run && std::filesystem::exists(folder.root / "config.json");
  if (!options.run.empty() && std::filesystem::is_directory(folder.root) && !is_foreign_folder) {
    if (options.validation) {
      write_file(folder.validation(), detail::json_text(evaluation, 1) + "\n");
      fmt::print("figures: {}\n", folder.validation().string());
      return 0;
    }
    write_file(folder.evaluation(), detail::json_text(evaluation, 1) + "\n");
    write_report(folder.root, folder.report());
    fmt::print("figures: {}\nreport: {}\n", folder.evaluation().string(), folder.report().string());
  }
  return 0;
}

}  // namespace likewise::cli
