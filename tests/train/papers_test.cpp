// The named recipes of configs/papers: each sets options that its method has, to values that it
// takes.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "likewise/base/file.hpp"
#include "likewise/fewshot/catalogue.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/train/fewshot_options.hpp"
#include "likewise/train/options.hpp"
#include "support/paths.hpp"

namespace likewise {
namespace {

TEST(Papers, EveryRecipeIsReadByItsMethodAndEveryMethodHasOne) {
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(source_folder()) / "configs/papers")) {
    SCOPED_TRACE(entry.path().string());
    const std::string text = read_text(entry.path()), name = entry.path().filename().string();
    EXPECT_EQ(text.rfind("# ", 0), 0U) << "the source is missing";
    const std::string method = peek_toml(text, name, "method", "");
    if (name.rfind("fewshot-", 0) == 0) {  // a recipe of `likewise fewshot`
      FewShotOptions few;
      const auto few_method = fewshot::find_method(method).make_options();
      Fields fields(few);
      few_method->describe(fields);
      EXPECT_NO_THROW(fields.read_toml(text, name));
      continue;
    }
    const bool learned = text.find("\n[viewmaker]") != std::string::npos ||
                         text.find("\nviewmaker") != std::string::npos;
    EXPECT_EQ(name.rfind(learned ? "viewmaker-" : method + "-", 0), 0U);
    PretrainOptions options;
    options.modality = peek_toml(text, name, "modality", "auto");
    const auto method_options = find_method(method).make_options();
    Fields fields(options);
    method_options->describe(fields);
    EXPECT_NO_THROW(fields.read_toml(text, name));
    seen.insert(method);
  }
  for (const MethodEntry& entry : methods()) EXPECT_EQ(seen.count(entry.name), 1U) << entry.name;
}

}  // namespace
}  // namespace likewise
