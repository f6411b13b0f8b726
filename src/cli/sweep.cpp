// likewise sweep
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "cli/command.hpp"
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

struct Setting {
  std::string name;
  std::vector<std::string> words;
};

struct Sweep {
  std::vector<int64_t> seeds;
  std::vector<std::string> pretrain, evaluate;
  std::vector<Setting> settings;
};

std::string value_text(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  throw UserError("{}: a text, a number or a truth value is expected", where);
}

void add_words(const toml::table& table, const std::string& prefix, const std::string& file,
               std::vector<std::string>& words) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      add_words(*nested, full + ".", file, words);
    } else {
      words.push_back("--" + full);
      words.push_back(value_text(node, fmt::format("{}:{}", file, node.source().begin.line)));
    }
  }
}

Sweep read_sweep(const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(read_text(file), file);
  } catch (const toml::parse_error& error) {
    throw UserError("{}:{}: not TOML: {}", file, error.source().begin.line, error.description());
  } catch (const DataError& error) {
    throw UserError("{}", error.what());
  }
  Sweep sweep;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (name == "seeds" && node.is_array()) {
      for (const auto& seed : *node.as_array()) sweep.seeds.push_back(seed.value_or(int64_t{0}));
    } else if (name == "pretrain" && node.is_table()) {
      add_words(*node.as_table(), "", file, sweep.pretrain);
    } else if (name == "evaluate" && node.is_table()) {
      add_words(*node.as_table(), "", file, sweep.evaluate);
    } else if (name == "setting" && node.is_array()) {
      for (const auto& item : *node.as_array()) {
        const auto* fields = item.as_table();
        if (!fields) throw UserError("{}: [[setting]] holds options", file);
        Setting setting;
        for (const auto& [option, value] : *fields) {
          if (option.str() == "name") setting.name = value.value_or(std::string());
        }
        toml::table rest = *fields;
        rest.erase("name");
        add_words(rest, "", file, setting.words);
        if (setting.name.empty()) setting.name = join(setting.words, " ");
        sweep.settings.push_back(setting);
      }
    } else {
      throw UserError("{}:{}: unknown key '{}'{}", file, node.source().begin.line, name,
                      did_you_mean(name, {"seeds", "pretrain", "evaluate", "setting"}));
    }
  }
  if (sweep.seeds.empty()) sweep.seeds = {0};
  if (sweep.settings.empty()) sweep.settings.push_back({"default", {}});
  return sweep;
}

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
  while (waitpid(child, &status, 0) < 0) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string folder_name(const std::string& name) {
  std::string out;
  for (char c : lower(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain) out += c;
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  return out.empty() ? "setting" : out;
}

void run_one(const Sweep& sweep, const Setting& setting, int64_t seed, bool first,
             const RunFolder& folder) {
  const auto with = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  std::vector<std::string> words = {"pretrain"};
  if (fs::exists(folder.checkpoint())) {
    words = {"pretrain", "--resume"};
  } else {
    words = with(with(words, sweep.pretrain), setting.words);
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    if (fs::exists(folder.options())) words.push_back("--overwrite");
  }
  words.insert(words.end(), {"--out", folder.root.string()});
  int code = run_self(words);
  // The draws of labels differ from seed to seed, so that the interval holds them too. Raw pixels
  // and the untrained encoder are measured beside the first run only: they learn nothing from it.
  if (code == 0) {
    code = run_self(with({"evaluate", "--run", folder.root.string(), "--seed", std::to_string(seed),
                          "--baselines", first ? "true" : "false"},
                         sweep.evaluate));
  }
  if (code == 130 || code == 143) throw UserError("sweep: interrupted; the same command goes on");
  if (code != 0) throw UserError("sweep: '{}' with seed {} failed (exit code {})", setting.name, seed, code);
}

}  // namespace

int run_sweep(const std::vector<std::string>& words) {
  SweepOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help || arguments.positional.size() != 1) {
    fmt::print("Runs several settings and seeds in turn. What is done is not done again.\n\n"
               "  likewise sweep configs/glyphs.toml\n\n"
               "The file holds `seeds`, [pretrain] and [evaluate] options for all, and a [[setting]] with "
               "a name and\noptions for each row of the table.\n\n{}",
               fields.help());
    return arguments.help ? 0 : 2;
  }
  const std::string file = arguments.positional[0];
  const Sweep sweep = read_sweep(file);
  const fs::path out =
      options.out.empty() ? fs::path("runs") / fs::path(file).stem() : fs::path(options.out);
  catch_interrupts();
  std::vector<SettingFigures> rows;
  const auto write_tables = [&] {
    write_file(out / "table.md", markdown_table(rows));
    write_file(out / "table.json", json_table(rows).dump(1) + "\n");
  };
  for (const auto& setting : sweep.settings) {
    rows.push_back({setting.name, {}, {}});
    for (int64_t seed : sweep.seeds) {
      const RunFolder folder{out / folder_name(setting.name) / fmt::format("seed-{}", seed)};
      if (!fs::exists(folder.evaluation())) {
        fmt::print(stderr, "\n== {} · seed {}\n", setting.name, seed);
        run_one(sweep, setting, seed, rows.size() == 1 && rows[0].seeds.empty(), folder);
      }
      rows.back().seeds.push_back(
          figures_of(nlohmann::json::parse(read_text(folder.evaluation()))));
      rows.back().runs.push_back(run_facts(
          nlohmann::json::parse(read_text(folder.assets() / "summary.json")), read_text(folder.metrics())));
      write_tables();
    }
  }
  fmt::print("{}\n{}\n", markdown_table(rows), (out / "table.md").string());
  return 0;
}

}  // namespace likewise::cli
