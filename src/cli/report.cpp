// likewise report
#include "likewise/report/report.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/options.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise::cli {

namespace {

struct ReportOptions {
  std::string out;
  template <class V>
  void fields(V& v) {
    v("out", out, "file to write; by default RUN/report.html, or comparison.html for several runs");
  }
};

}  // namespace

int run_report(const std::vector<std::string>& words) {
  ReportOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("Writes one self-contained HTML page.\n\n  likewise report runs/a [runs/b ...]\n\n{}",
               fields.help());
    return 0;
  }
  if (arguments.positional.empty()) throw UserError("report: name one run folder or several");
  std::string out = options.out;
  if (arguments.positional.size() == 1) {
    const RunFolder folder{arguments.positional[0]};
    if (out.empty()) out = folder.report().string();
    write_report(folder.root, out);
  } else {
    if (out.empty()) out = "comparison.html";
    write_comparison({arguments.positional.begin(), arguments.positional.end()}, out);
  }
  fmt::print("{}\n", out);
  return 0;
}

}  // namespace likewise::cli
