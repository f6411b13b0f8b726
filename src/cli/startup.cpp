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

// The value's variable, "NAME" of "NAME=value".
std::string_view variable_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// Where the variable is in an environment; null when it is not.
char** find_entry(char** environment, std::string_view variable) {
  for (; *environment; ++environment) {
    if (variable_of(*environment) == variable) return environment;
  }
  return nullptr;
}

// Libraries read these settings in their constructors. OpenMP's threads must not spin while another
// process could run. OpenBLAS 0.3.21 takes processors newer than itself for a Prescott and works at
// a fifth of the speed. MKL, the BLAS of libtorch's wheels, gives the same digits for any number of
// threads only when told to.
constexpr size_t kMostSettings = 3;
struct Settings {
  const char* entries[kMostSettings] = {};  // "NAME=value", those that the environment lacks
  size_t count = 0;
};
Settings missing_settings(char** environment) {
  Settings missing;
  const auto want = [&](const char* entry) {
    if (!find_entry(environment, variable_of(entry))) missing.entries[missing.count++] = entry;
  };
  want("OMP_WAIT_POLICY=passive");
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    want("OPENBLAS_CORETYPE=SkylakeX");
    want("MKL_CBWR=AVX512,STRICT");
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    want("OPENBLAS_CORETYPE=Haswell");
    want("MKL_CBWR=AVX2,STRICT");
  }
  return missing;
}

char* set_aside[kMostSettings] = {};  // entries that main puts back; there before any constructor

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The array of the environment that the kernel handed over cannot grow, and constructors see no
// other. So the settings take the places of variables that only a shell looks at, until main puts
// those back.
constexpr std::string_view kOfShells[] = {"_",        "OLDPWD",    "SHLVL", "LS_COLORS",
                                          "LESSOPEN", "LESSCLOSE", "MAIL",  "LOGNAME"};

// False, and nothing done, when there are too few such variables.
bool exchange(char** environment, const Settings& settings) {
  char** places[kMostSettings] = {};
  size_t found = 0;
  for (const std::string_view variable : kOfShells) {
    if (found == settings.count) break;
    if (char** place = find_entry(environment, variable)) places[found++] = place;
  }
  if (found < settings.count) return false;
  for (size_t i = 0; i < found; ++i) {
    set_aside[i] = *places[i];
    *places[i] = const_cast<char*>(settings.entries[i]);
  }
  return true;
}
#endif

// The program once more, with a larger environment; everything that the dynamic linker did is done
// twice.
void restart(char** argv, char** environment, const Settings& settings) {
  size_t present = 0;
  while (environment[present]) ++present;
  auto** next = static_cast<char**>(alloca((present + settings.count + 1) * sizeof(char*)));
  std::copy_n(environment, present, next);
  for (size_t i = 0; i < settings.count; ++i) {
    next[present + i] = const_cast<char*>(settings.entries[i]);
  }
  next[present + settings.count] = nullptr;
  execve("/proc/self/exe", argv, next);  // on failure: slower, not wrong
}

// Called by the dynamic linker before the constructors of the libraries, so that they find the
// settings. Nothing here needs a library that is initialised. A sanitizer is not ready then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void before_constructors(int argc, char** argv, char** environment) {
  if (!computes(argc, argv)) return;
  const Settings settings = missing_settings(environment);
  if (!exchange(environment, settings)) restart(argv, environment, settings);
}
__attribute__((section(".preinit_array"),
               used)) void (*const kBeforeConstructors)(int, char**, char**) = before_constructors;
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
  for (char* entry : set_aside) {
    if (entry) putenv(entry);
  }
  if (!computes(argc, argv)) return;
  const Settings settings = missing_settings(environ);  // of a build without kBeforeConstructors
  if (settings.count > 0) restart(argv, environ, settings);
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
