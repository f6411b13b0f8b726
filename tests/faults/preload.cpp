// The shim inside the program:
//   LD_PRELOAD=liblikewise_faults.so LIKEWISE_FAULT_ROOT=/tmp/run LIKEWISE_FAULT=write:3:enospc
//   likewise ...
// With LIKEWISE_FAULT_COUNT=FILE the number of calls of each kind is written there at the end.
#undef _FORTIFY_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "faults/shim.hpp"

extern "C" {
void* __libc_malloc(size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

using namespace likewise::faults;

constexpr int64_t kLarge = 1 << 18;  // small allocations are millions

Action action_of(const char* word) {
  static constexpr const char* kWords[] = {"none", "enospc", "eio",  "eintr",
                                           "cut",  "kill",   "half", "after"};
  for (int i = 0; i < 8; ++i) {
    if (std::strcmp(word, kWords[i]) == 0) return static_cast<Action>(i);
  }
  std::abort();
}

__attribute__((constructor)) void begin() {
  const char* root = std::getenv("LIKEWISE_FAULT_ROOT");
  const char* plan = std::getenv("LIKEWISE_FAULT");
  if (!root || !plan) return;
  char kind[16] = "", action[16] = "";
  long at = 0;
  if (std::sscanf(plan, "%15[^:]:%ld:%15s", kind, &at, action) != 3) std::abort();
  for (int k = 0; k < kKinds; ++k) {
    if (std::strcmp(kind, kind_name(static_cast<Kind>(k))) == 0) {
      arm(root, static_cast<Kind>(k), action_of(action), at, kLarge);
    }
  }
}

__attribute__((destructor)) void end() {
  const char* path = std::getenv("LIKEWISE_FAULT_COUNT");
  if (!path) return;
  disarm();
  if (std::FILE* file = std::fopen(path, "w")) {
    for (int k = 0; k < kKinds; ++k) {
      std::fprintf(file, "%s %ld\n", kind_name(static_cast<Kind>(k)),
                   static_cast<long>(seen(static_cast<Kind>(k))));
    }
    std::fclose(file);
  }
}

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept {
  if (size >= static_cast<size_t>(kLarge) && fails_allocation(static_cast<int64_t>(size))) {
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_malloc(size);
}

int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  if (size >= static_cast<size_t>(kLarge) && fails_allocation(static_cast<int64_t>(size)))
    return ENOMEM;
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}

// A clock that goes back by an hour at every look, when LIKEWISE_FAULT_CLOCK is set.
int clock_gettime(clockid_t clock, struct timespec* now) noexcept {
  const int result = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  static const bool backwards = std::getenv("LIKEWISE_FAULT_CLOCK") != nullptr;
  static long looks = 0;
  if (backwards && result == 0 && clock == CLOCK_REALTIME) now->tv_sec -= 3600 * ++looks;
  return result;
}

}  // extern "C"
