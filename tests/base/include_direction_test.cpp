// Dependency goes one way: a folder includes only itself and what stands before it. The order is
// that of the components in CMakeLists.txt and docs/design.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "support/paths.hpp"

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>>& may_include() {
  static const std::map<std::string, std::set<std::string>> table = [] {
    std::map<std::string, std::set<std::string>> t;
    t["base"] = {};
    t["kernels"] = {"base"};
    t["formats"] = {"base"};
    t["data"] = {"base", "formats"};
    t["nn"] = {"base", "kernels", "formats"};
    t["views"] = {"base", "kernels", "formats", "data"};
    t["losses"] = {"base", "kernels", "formats", "nn"};
    t["optim"] = {"base", "kernels", "formats", "nn"};
    t["methods"] = {"base", "kernels", "formats", "data", "nn", "views", "losses", "optim"};
    t["eval"] = {"base", "kernels", "formats", "data", "nn", "optim"};
    t["fewshot"] = {"base", "kernels", "formats", "data", "nn", "views", "losses", "optim", "eval"};
    t["report"] = {"base", "formats"};
    t["io"] = {"base", "kernels", "formats", "nn"};
    t["train"] = {"base",  "kernels", "formats", "data",   "nn",   "views", "losses",
                  "optim", "methods", "fewshot", "report", "eval", "io"};
    t["cli"] = t["train"];
    t["cli"].insert("train");
    return t;
  }();
  return table;
}

// The folder that an include names: "likewise/data/open.hpp" and "data/threads.hpp" name data.
std::string folder_of(std::string path) {
  if (path.rfind("likewise/", 0) == 0) path = path.substr(9);
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

TEST(IncludeDirection, FoldersIncludeOnlyWhatStandsBeforeThem) {
  const std::regex include(R"(^\s*#include "([^"]+)\")");
  int checked = 0;
  for (const char* root : {"include/likewise", "src"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(likewise::source_folder()) / root)) {
      if (!entry.is_regular_file()) continue;
      const auto relative = fs::relative(entry.path(), fs::path(likewise::source_folder()) / root);
      const std::string own = folder_of(relative.string());
      if (own.empty()) continue;  // tensor.hpp, version.hpp
      ASSERT_TRUE(may_include().count(own)) << own << " is a folder that this test does not know";
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        const std::string other = folder_of(match[1]);
        if (other.empty() || other == own || !may_include().count(other)) continue;
        EXPECT_TRUE(may_include().at(own).count(other))
            << relative << " includes " << match[1] << ", but " << own << " stands before "
            << other;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 50);
}

// The three torch-free components must stay so: sanitizers and fuzzers run on them in seconds.
TEST(IncludeDirection, BaseKernelsFormatsAndReportAreFreeOfTorch) {
  const std::regex torch(R"(^\s*#include [<"](torch|ATen|c10|likewise/tensor)[/.])");
  for (const char* root : {"include/likewise", "src"}) {
    for (const char* folder : {"base", "kernels", "formats", "report"}) {
      const fs::path path = fs::path(likewise::source_folder()) / root / folder;
      if (!fs::exists(path)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
          EXPECT_FALSE(std::regex_search(line, torch)) << entry.path() << ": " << line;
        }
      }
    }
  }
}

}  // namespace
