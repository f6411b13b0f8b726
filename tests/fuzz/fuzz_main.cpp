// libFuzzer's entry:  fuzz NAME [libFuzzer's options] CORPUS...
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/targets.hpp"

namespace {
const likewise::FuzzTarget* chosen = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc > 1) chosen = likewise::find_fuzz_target((*argv)[1]);
  if (!chosen) {
    for (const auto& target : likewise::fuzz_targets()) std::printf("%s\n", target.name);
    std::exit(*argc > 1 ? 2 : 0);
  }
  (*argv)[1] = (*argv)[0];
  ++*argv;
  --*argc;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  likewise::run_fuzz_target(*chosen, {data, size});
  return 0;
}
