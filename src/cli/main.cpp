// The program: finds the command, prints errors, picks the exit code.
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <new>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "kernels/simd.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/version.hpp"

namespace {

using likewise::cli::Command;
using likewise::cli::commands;

void print_help() {
  fmt::print(
      "Likewise {}: from unlabelled data to useful representations, and from a few labels to a "
      "working model.\n\nUsage: likewise COMMAND [--key value] [@file.toml]\n\n",
      likewise::kVersion);
  for (const Command& command : commands()) {
    fmt::print("  {:<12}{}\n", command.name, command.summary);
  }
  fmt::print(
      "\n`likewise COMMAND --help` lists the options of a command.\n"
      "The first thing to try: likewise pretrain --data glyphs --minutes 6 --out runs/glyphs\n");
}

const Command& find_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == name) return command;
    names.emplace_back(command.name);
  }
  throw likewise::UserError("unknown command '{}'{}", name, likewise::did_you_mean(name, names));
}

int run(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    if (words.size() > 1) return find_command(words[1]).run({"--help"});
    print_help();
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version" || words[0] == "version") {
    fmt::print("likewise {}\n", likewise::kVersion);
    return 0;
  }
  return find_command(words[0]).run({words.begin() + 1, words.end()});
}

int out_of_memory() {
  fmt::print(stderr, "likewise: out of memory; a smaller --batch or --chunk needs less\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  likewise::cli::prepare_process(argc, argv);
  try {
    likewise::kernels::best_simd();  // a wrong LIKEWISE_SIMD is said before anything begins
    return run({argv + 1, argv + argc});
  } catch (const likewise::Error& error) {
    fmt::print(stderr, "likewise: {}\n", error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(
        stderr, "likewise: {}\n",
        likewise::UserError("{}: {}", error.path1().string(), error.code().message()).what());
    return 2;
  } catch (const c10::Error& error) {
    if (std::string(error.what_without_backtrace()).find("allocate memory") != std::string::npos) {
      return out_of_memory();
    }
    fmt::print(stderr, "likewise: internal error: {}\n", error.what_without_backtrace());
    return 70;
  } catch (const std::exception& error) {
    fmt::print(stderr, "likewise: internal error: {}\n", error.what());
    return 70;
  }
}
