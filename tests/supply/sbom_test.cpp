// The bill of materials has the structure of CycloneDX 1.5 and names what the build needs; the
// source archive is reproducible.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "support/hostile.hpp"
#include "support/paths.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string script(const std::string& words) {
  return std::string("'") + source_folder() + "/scripts/" + words;
}

json make_sbom(const fs::path& file) {
  const auto result = run_shell(script("sbom' ") + file.string() + " 2>&1");
  EXPECT_EQ(result.code, 0) << result.output;
  return json::parse(read_text(file));
}

// The rows of scripts/dependencies.tsv.
std::vector<std::vector<std::string>> dependency_rows() {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line :
       split(read_text(fs::path(source_folder()) / "scripts/dependencies.tsv"), '\n')) {
    if (!line.empty() && line[0] != '#') rows.push_back(split(line, '\t'));
  }
  return rows;
}

TEST(Sbom, HasTheStructureOfCycloneDx) {
  const TemporaryFolder folder;
  const json bom = make_sbom(folder / "sbom.json");
  EXPECT_EQ(bom.at("bomFormat"), "CycloneDX");
  EXPECT_EQ(bom.at("specVersion"), "1.5");
  EXPECT_EQ(bom.at("version"), 1);
  const std::regex uuid("urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(bom.at("serialNumber").get<std::string>(), uuid));
  std::set<std::string> refs = {
      bom.at("metadata").at("component").at("bom-ref").get<std::string>()};
  const std::regex purl(R"(pkg:deb/debian/[a-z0-9.+-]+(@[A-Za-z0-9.%-]+)?\?distro=debian-12)");
  for (const auto& component : bom.at("components")) {
    EXPECT_EQ(component.at("type"), "library");
    EXPECT_FALSE(component.at("name").get<std::string>().empty());
    EXPECT_TRUE(refs.insert(component.at("bom-ref").get<std::string>()).second) << component;
    EXPECT_TRUE(std::regex_match(component.at("purl").get<std::string>(), purl)) << component;
    const std::set<std::string> scopes = {"required", "optional", "excluded"};
    EXPECT_EQ(scopes.count(component.at("scope").get<std::string>()), 1U) << component;
    if (component.at("scope") == "required") {
      EXPECT_TRUE(component.at("licenses").at(0).contains("expression")) << component;
    }
  }
  for (const auto& dependency : bom.at("dependencies")) {
    EXPECT_EQ(refs.count(dependency.at("ref").get<std::string>()), 1U);
    for (const auto& on : dependency.at("dependsOn")) {
      EXPECT_EQ(refs.count(on.get<std::string>()), 1U) << on;
    }
  }
}

TEST(Sbom, IsTheSameTwice) {
  const TemporaryFolder folder;
  make_sbom(folder / "a.json");
  make_sbom(folder / "b.json");
  EXPECT_EQ(read_text(folder / "a.json"), read_text(folder / "b.json"));
}

TEST(Sbom, NamesEveryPackageThatTheScriptsInstall) {
  std::set<std::string> described;
  for (const auto& row : dependency_rows()) {
    ASSERT_EQ(row.size(), 6U) << join(row, " | ");
    described.insert(row[0]);
  }
  const auto listed = run_shell(std::string("bash -c \"source '") + source_folder() +
                                "/scripts/common.sh'; echo \\$build_packages \\$test_packages\"");
  ASSERT_EQ(listed.code, 0);
  std::istringstream names(listed.output);
  int count = 0;
  for (std::string name; names >> name; ++count) {
    EXPECT_EQ(described.count(name), 1U) << name << " is missing in scripts/dependencies.tsv";
  }
  EXPECT_GT(count, 10);
}

TEST(Sbom, IsTheTableOfTheDocs) {
  const std::string page = read_text(fs::path(source_folder()) / "docs/dependencies.md");
  const auto table = run_shell(script("sbom' --table"));
  ASSERT_EQ(table.code, 0);
  EXPECT_NE(page.find(table.output), std::string::npos)
      << "docs/dependencies.md does not hold what scripts/sbom --table prints";
}

TEST(SourceArchive, HasTheSameBytesTwice) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a");
  fs::create_directories(folder / "b");
  const auto first =
      run_shell("cd / && " + script("source_archive' ") + (folder / "a").string() + " 2>&1");
  if (first.code == 2) GTEST_SKIP() << first.output;
  ASSERT_EQ(first.code, 0) << first.output;
  const auto second = run_shell("umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 " +
                                script("source_archive' ") + (folder / "b").string() + " 2>&1");
  ASSERT_EQ(second.code, 0) << second.output;
  std::string name;
  for (const auto& entry : fs::directory_iterator(folder / "a"))
    name = entry.path().filename().string();
  ASSERT_TRUE(name.ends_with(".tar.gz")) << name;
  EXPECT_EQ(read_bytes(folder / "a" / name), read_bytes(folder / "b" / name));
  const auto listing = run_shell("tar tzf " + (folder / "a" / name).string());
  for (const char* file :
       {"CMakeLists.txt", "check", "quickstart", "LICENSE", "src/cli/main.cpp"}) {
    EXPECT_NE(listing.output.find(std::string("/") + file + "\n"), std::string::npos) << file;
  }
}

}  // namespace
}  // namespace likewise
