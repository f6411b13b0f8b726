// The shipped program has what the flags of cmake/Flags.cmake ask for.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/program.hpp"
#include "support/paths.hpp"

namespace likewise {
namespace {

#ifdef LIKEWISE_HARDENED
constexpr bool kHardened = true;
#else
constexpr bool kHardened = false;
#endif

std::string readelf(const std::string& words) {
  const auto result = run_shell("LC_ALL=C readelf " + words + " '" + program_file() + "' 2>&1");
  EXPECT_EQ(result.code, 0) << result.output;
  return result.output;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Hardening, OfTheProgram) {
  if (!kHardened) GTEST_SKIP() << "this build has no hardening flags";
  if (!std::filesystem::exists(program_file())) GTEST_SKIP() << "the program is not built here";
  EXPECT_TRUE(has(readelf("-hW"), "DYN (Position-Independent Executable file)"));
  const std::string segments = readelf("-lW");
  EXPECT_TRUE(has(segments, "GNU_RELRO"));
  const size_t stack = segments.find("GNU_STACK");
  ASSERT_NE(stack, std::string::npos);
  const std::string line = segments.substr(stack, segments.find('\n', stack) - stack);
  EXPECT_TRUE(has(line, "RW ")) << line;
  EXPECT_FALSE(has(line, "RWE")) << line;
  EXPECT_TRUE(has(readelf("-dW"), "BIND_NOW"));
  const std::string symbols = readelf("-sW --dyn-syms");
  EXPECT_TRUE(has(symbols, "__stack_chk_fail"));
  EXPECT_TRUE(has(symbols, "_chk@GLIBC")) << "no checked function of the C library is used";
}

}  // namespace
}  // namespace likewise
