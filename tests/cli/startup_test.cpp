// What must be settled before the libraries' constructors run, and at what cost.
#include <gtest/gtest.h>

#include "cli/program.hpp"

namespace likewise {
namespace {

// How often the dynamic linker did its work when the program is started with this environment: it
// says so at the end of each start.
int loads(const std::string& environment) {
  const auto result = run_shell("env " + environment + " LD_DEBUG=statistics '" + program_file() +
                                "' pretrain nonsense 2>&1");
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_NE(result.output.find("'nonsense' is not an option"), std::string::npos) << result.output;
  int count = 0;
  const std::string line = "total startup time in dynamic loader";
  for (size_t at = result.output.find(line); at != std::string::npos;
       at = result.output.find(line, at + 1)) {
    ++count;
  }
  return count;
}

const char* const kOfAShell = "-i _=/usr/bin/env OLDPWD=/ SHLVL=1";

TEST(Startup, SettingsCostNoSecondStartWhereAShellLeftItsVariables) {
  if (loads(kOfAShell) == 0) GTEST_SKIP() << "this dynamic linker tells nothing";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "with a sanitizer the program restarts";
#endif
  EXPECT_EQ(loads(kOfAShell), 1);
  EXPECT_EQ(loads("-i"), 2) << "nothing to exchange: the program restarts";
  EXPECT_EQ(loads("-i OMP_WAIT_POLICY=active OPENBLAS_CORETYPE=Haswell MKL_CBWR=AVX2"), 1)
      << "what the user sets stays";
}

std::string row(const std::string& environment, const std::string& name) {
  const auto result = run_shell("env " + environment + " '" + program_file() + "' doctor 2>&1");
  EXPECT_EQ(result.code, 0) << result.output;
  const size_t at = result.output.find(name);
  return at == std::string::npos ? "" : result.output.substr(at, result.output.find('\n', at) - at);
}

TEST(Startup, SettingsAreMadeInEitherWay) {
  const std::string waiting = "OpenMP waiting";
  for (const char* environment : {kOfAShell, "-i"}) {
    EXPECT_NE(row(environment, waiting).find("passive"), std::string::npos) << environment;
  }
}

}  // namespace
}  // namespace likewise
