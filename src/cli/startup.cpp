#include "cli/startup.hpp"

#include <ATen/Parallel.h>
#include <alloca.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace likewise::cli {

namespace {

// Whether the words ask for arithmetic, or only for text.
bool computes(int argc, char** argv) {
  if (argc < 2) return false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h" || word == "--version") return false;
  }
  const std::string_view command = argv[1];
  return command != "list" && command != "report" && command != "help" && command != "version";
}

bool is_set(char** environment, std::string_view variable) {
  for (; *environment; ++environment) {
    const std::string_view entry = *environment;
    if (entry.size() > variable.size() && entry[variable.size()] == '=' &&
        entry.substr(0, variable.size()) == variable) {
      return true;
    }
  }
  return false;
}

// Libraries read these settings in their constructors, before main: only a restart in place can
// make them. OpenMP's threads must not spin while another process could run. OpenBLAS 0.3.21 takes
// processors newer than itself for a Prescott and works at a fifth of the speed. MKL, the BLAS of
// libtorch's wheels, gives the same digits for any number of threads only when told to.
// Nothing here needs a library that is initialised.
void restart_with_settings(int argc, char** argv, char** environment) {
  if (!computes(argc, argv)) return;
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  size_t present = 0;
  while (environment[present]) ++present;
  auto** next = static_cast<char**>(alloca((present + 4) * sizeof(char*)));
  std::copy_n(environment, present, next);
  size_t count = present;
  const auto set_if_missing = [&](std::string_view variable, const char* entry) {
    if (!is_set(environment, variable)) next[count++] = const_cast<char*>(entry);
  };
  set_if_missing("OMP_WAIT_POLICY", "OMP_WAIT_POLICY=passive");
  if (avx512) {
    set_if_missing("OPENBLAS_CORETYPE", "OPENBLAS_CORETYPE=SkylakeX");
    set_if_missing("MKL_CBWR", "MKL_CBWR=AVX512,STRICT");
  } else if (avx2) {
    set_if_missing("OPENBLAS_CORETYPE", "OPENBLAS_CORETYPE=Haswell");
    set_if_missing("MKL_CBWR", "MKL_CBWR=AVX2,STRICT");
  }
  next[count] = nullptr;
  if (count > present) execve("/proc/self/exe", argv, next);  // on failure: slower, not wrong
}

// Called by the dynamic linker before the constructors of the libraries, whose work (a third of a
// second) would be lost in the restart. A sanitizer is not ready then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((section(".preinit_array"),
               used)) void (*const kBeforeConstructors)(int, char**,
                                                        char**) = restart_with_settings;
#endif

}  // namespace

// A mapped file that became shorter, or a disk that fails, is met at any instruction.
extern "C" void file_vanished(int) {
  constexpr std::string_view kText =
      "likewise: a file that is being read became shorter, or its disk failed\n";
  if (::write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(70);
  _exit(3);
}

void prepare_process(int argc, char** argv) {
  struct sigaction on_bus {};
  on_bus.sa_handler = file_vanished;
  sigaction(SIGBUS, &on_bus, nullptr);
  // glibc hands large blocks back to the kernel and faults them in again at every step: 1.2 to 1.6
  // times slower for small networks.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  restart_with_settings(argc, argv, environ);  // does nothing when it was done before
}

int set_threads(long threads) {
  if (threads <= 0) {
    cpu_set_t allowed;
    threads = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    if (const char* omp = std::getenv("OMP_NUM_THREADS"); omp && std::atoi(omp) > 0) {
      threads = std::atoi(omp);
    }
  }
  at::set_num_threads(static_cast<int>(threads));
  // OpenBLAS has a pool of its own.
  if (auto* set =
          reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(static_cast<int>(threads));
  }
  return static_cast<int>(threads);
}

}  // namespace likewise::cli
