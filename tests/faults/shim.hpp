#pragma once
// Stands between a program and the system and lets one chosen call fail: the N-th open, read,
// write, flush, rename or folder below `root`, or the N-th allocation. Linked into the tests, or
// loaded into the program by LD_PRELOAD (liblikewise_faults.so), where LIKEWISE_FAULT and its
// neighbours arm it.

#include <cstdint>
#include <string>

namespace likewise::faults {

enum class Kind { open, read, write, sync, rename, mkdir, memory };
constexpr int kKinds = 7;
const char* kind_name(Kind kind);

enum class Action {
  none,    // only count
  enospc,  // no space left, and from then on
  eio,     // once
  eintr,   // once: a signal came; the call must be made again
  cut,     // half of the bytes, which is no error
  kill,    // SIGKILL before the call
  half,    // half of the bytes, then SIGKILL
  after,   // SIGKILL after the call
};

// Counting begins anew. `at` is counted from 1; memory counts allocations of `bytes` and more.
void arm(const std::string& root, Kind kind, Action action, int64_t at, int64_t bytes = 1);
// Nothing fails any more; calls of the armed kind since.
int64_t disarm();
// Calls of a kind since arming.
int64_t seen(Kind kind);
// For allocators that are replaced elsewhere: true when this one must fail.
bool fails_allocation(int64_t bytes);

}  // namespace likewise::faults
