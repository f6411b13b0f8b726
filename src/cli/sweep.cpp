// likewise sweep
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/command.hpp"
#include "cli/sweep_file.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/train/results_table.hpp"
#include "likewise/train/run_folder.hpp"

extern char** environ;

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

// The program itself with other words; the exit code.
int run_self(const std::vector<std::string>& words) {
  std::vector<std::string> all = {"likewise"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (auto& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, argv.data(), environ) != 0) {
    throw UserError("sweep: the program could not be started again");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void run_one(const Sweep& sweep, const Setting& setting, int64_t seed, bool first,
             const RunFolder& folder) {
  const auto with = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const std::string command = sweep.episodes ? "fewshot" : "pretrain";
  std::vector<std::string> words = {command};
  if (fs::exists(folder.checkpoint())) {
    words = {command, "--resume"};
  } else {
    words = with(with(words, sweep.episodes ? sweep.fewshot : sweep.pretrain), setting.words);
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    if (sweep.episodes) words.insert(words.end(), {"--test.baselines", first ? "true" : "false"});
    if (fs::exists(folder.options())) words.push_back("--overwrite");
  }
  words.insert(words.end(), {"--out", folder.root.string()});
  int code = run_self(words);
  // The draws of labels differ from seed to seed, so that the interval holds them too. Raw pixels
  // and the untrained encoder are measured beside the first run only: they learn nothing from it.
  if (code == 0 && !sweep.episodes) {
    code = run_self(with({"evaluate", "--run", folder.root.string(), "--seed", std::to_string(seed),
                          "--baselines", first ? "true" : "false"},
                         sweep.evaluate));
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
        "The file holds `seeds`, [pretrain] and [evaluate] options for all (or [fewshot] options), and "
        "a [[setting]]\nwith a name and options for each row of the table.\n\n{}",
        fields.help());
    return arguments.help ? 0 : 2;
  }
  const std::string file = arguments.positional[0];
  const Sweep sweep = read_sweep_file(file);
  const fs::path out =
      options.out.empty() ? fs::path("runs") / fs::path(file).stem() : fs::path(options.out);
  catch_interrupts();
  std::vector<SettingFigures> rows;
  const auto write_tables = [&] {
    write_file(out / "table.md", markdown_table(rows));
    write_file(out / "table.json", detail::json_text(json_table(rows), 1) + "\n");
  };
  for (const auto& setting : sweep.settings) {
    rows.push_back({setting.name, {}, {}});
    for (int64_t seed : sweep.seeds) {
      const RunFolder folder{out / folder_name(setting.name) / fmt::format("seed-{}", seed)};
      if (!fs::exists(folder.evaluation())) {
        fmt::print(stderr, "\n== {} · seed {}\n", setting.name, seed);
        run_one(sweep, setting, seed, rows.size() == 1 && rows[0].seeds.empty(), folder);
      }
      rows.back().seeds.push_back(read_figures(folder.evaluation()));
      rows.back().runs.push_back(run_facts(
          nlohmann::json::parse(read_text(folder.assets() / "summary.json"), nullptr, false),
          read_text(folder.metrics())));
      write_tables();
    }
  }
  fmt::print("{}\n{}\n", markdown_table(rows), (out / "table.md").string());
  return 0;
}

}  // namespace likewise::cli
