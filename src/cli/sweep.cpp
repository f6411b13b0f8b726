// likewise sweep
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/run_self.hpp"
#include "cli/sweep_file.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/train/results_table.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/train/sweep_choice.hpp"

namespace likewise::cli {

namespace {

namespace fs = std::filesystem;

struct SweepOptions {
  std::string out;
  template <class V>
  void fields(V& v) {
    v("out", out, "folder for the runs and the table; by default runs/NAME-of-the-file");
  }
};

void run_one(const Sweep& sweep, const Setting& setting, int64_t seed, bool first,
             const RunFolder& folder) {
  const auto with = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const std::string command = sweep.episodes ? "fewshot" : "pretrain";
  std::vector<std::string> words = {command};
  const bool evaluated = fs::exists(folder.evaluation());
  if (fs::exists(folder.checkpoint())) {
    words = {command, "--resume"};
  } else {
    words = with(with(words, sweep.episodes ? sweep.fewshot : sweep.pretrain), setting.words);
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    if (sweep.episodes) words.insert(words.end(), {"--test.baselines", first ? "true" : "false"});
    if (fs::exists(folder.options())) words.push_back("--overwrite");
  }
  words.insert(words.end(), {"--out", folder.root.string()});
  int code = evaluated ? 0 : run_self(words);
  // The draws of labels differ from seed to seed, so that the interval holds them too. Raw pixels
  // and the untrained encoder are measured beside the first run only: they learn nothing from it.
  const std::vector<std::string> evaluate = {"evaluate", "--run", folder.root.string(), "--seed",
                                             std::to_string(seed)};
  if (code == 0 && !evaluated && !sweep.episodes) {
    code =
        run_self(with(with(evaluate, {"--baselines", first ? "true" : "false"}), sweep.evaluate));
  }
  if (code == 0 && !sweep.episodes && sweep.select == "validation" &&
      !fs::exists(folder.validation())) {
    code = run_self(
        with(with(evaluate, sweep.evaluate), {"--baselines", "false", "--validation", "true"}));
  }
  if (code == 130 || code == 143) throw UserError("sweep: interrupted; the same command goes on");
  if (code != 0)
    throw UserError("sweep: '{}' with seed {} failed (exit code {})", setting.name, seed, code);
}

Figures read_figures(const fs::path& evaluation) {
  try {
    return figures_of(nlohmann::json::parse(read_text(evaluation)));
  } catch (const nlohmann::json::exception& error) {
    throw DataError("{} is damaged: {}; without it the same command evaluates again",
                    evaluation.string(), error.what());
  }
}

}  // namespace

int run_sweep(const std::vector<std::string>& words) {
  SweepOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help || arguments.positional.size() != 1) {
    fmt::print(
        "Runs several settings and seeds in turn. What is done is not done again.\n\n"
        "  likewise sweep configs/glyphs.toml\n\n"
        "The file holds `seeds`, [pretrain] and [evaluate] options for all (or [fewshot] options), "
        "and\na "
        "[[setting]] with a name and options for each row of the table. With select = \"health\" "
        "(needs no label) or "
        "\"validation\" (a fifth\nof the training labels, held out; select_column says which "
        "figure) "
        "the table marks one.\n\n{}",
        fields.help());
    return arguments.help ? 0 : 2;
  }
  const std::string file = arguments.positional[0];
  const Sweep sweep = read_sweep_file(file);
  const fs::path out =
      options.out.empty() ? fs::path("runs") / fs::path(file).stem() : fs::path(options.out);
  catch_interrupts();
  std::vector<SettingFigures> rows;
  std::string chosen;  // which setting, and by what
  const auto write_tables = [&] {
    write_file(out / "table.md", markdown_table(rows) + chosen);
    write_file(out / "table.json", detail::json_text(json_table(rows), 1) + "\n");
  };
  for (const auto& setting : sweep.settings) {
    rows.push_back({});
    rows.back().name = setting.name;
    for (int64_t seed : sweep.seeds) {
      const RunFolder folder{out / folder_name(setting.name) / fmt::format("seed-{}", seed)};
      const bool validated = sweep.select != "validation" || fs::exists(folder.validation());
      if (!fs::exists(folder.evaluation()) || !validated) {
        fmt::print(stderr, "\n== {} · seed {}\n", setting.name, seed);
        run_one(sweep, setting, seed, rows.size() == 1 && rows[0].seeds.empty(), folder);
      }
      rows.back().seeds.push_back(read_figures(folder.evaluation()));
      if (sweep.select == "validation") {
        rows.back().validation.push_back(read_figures(folder.validation()));
      }
      rows.back().runs.push_back(run_facts(
          nlohmann::json::parse(read_text(folder.assets() / "summary.json"), nullptr, false),
          read_text(folder.metrics())));
      write_tables();
    }
  }
  if (sweep.select != "none") {
    const SweepChoice choice = sweep.select == "health"
                                   ? choose_by_health(rows)
                                   : choose_by_validation(rows, sweep.select_column);
    rows[choice.index].chosen = true;
    chosen = "\n" + choice.reason + ".\n";
    write_tables();
  }
  fmt::print("{}{}\n{}\n", markdown_table(rows), chosen, (out / "table.md").string());
  return 0;
}

}  // namespace likewise::cli
