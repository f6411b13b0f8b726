#undef _FORTIFY_SOURCE  // whose inline functions have the names that are defined here
#include "faults/shim.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace likewise::faults {

namespace {

// Plain memory: calls come before any constructor ran.
struct State {
  std::atomic<bool> armed;
  char root[1024];
  Kind kind;
  Action action;
  int64_t at, bytes;
  std::array<std::atomic<int64_t>, kKinds> count;
  std::array<std::atomic<bool>, 4096> watched;  // descriptors of files below root
};
State state;

bool is_below_root(const char* path) {
  const size_t length = std::strlen(state.root);
  return std::strncmp(path, state.root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

bool is_watched(int fd) {
  return state.armed && fd >= 0 && fd < 4096 && state.watched[static_cast<size_t>(fd)];
}

void watch(int fd, bool on) {
  if (fd >= 0 && fd < 4096) state.watched[static_cast<size_t>(fd)] = on;
}

void die() {
  ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
  for (;;) {
  }
}

// What this call of `kind` must do.
Action next(Kind kind) {
  const int64_t number = ++state.count[static_cast<size_t>(kind)];
  if (kind != state.kind) return Action::none;
  const bool lasting = state.action == Action::enospc && number > state.at;
  if (number != state.at && !lasting) return Action::none;
  if (state.action == Action::kill) die();
  return state.action;
}

// Runs `call`, or fails as the plan says. `half` is the call with half of its bytes.
template <class Call, class Half>
long perform(Kind kind, const Call& call, const Half& half) {
  switch (next(kind)) {
    case Action::enospc:
      errno = ENOSPC;
      return -1;
    case Action::eio:
      errno = EIO;
      return -1;
    case Action::eintr:
      errno = EINTR;
      return -1;
    case Action::cut:
      return half();
    case Action::half:
      half();
      die();
      return -1;
    case Action::after:
      call();
      die();
      return -1;
    default:
      return call();
  }
}

template <class Call>
long perform(Kind kind, const Call& call) {
  return perform(kind, call, call);
}

}  // namespace

const char* kind_name(Kind kind) {
  static constexpr const char* kNames[] = {"open",   "read",  "write", "sync",
                                           "rename", "mkdir", "memory"};
  return kNames[static_cast<size_t>(kind)];
}

void arm(const std::string& root, Kind kind, Action action, int64_t at, int64_t bytes) {
  std::snprintf(state.root, sizeof state.root, "%s", root.c_str());
  state.kind = kind;
  state.action = action;
  state.at = at;
  state.bytes = bytes;
  for (auto& count : state.count) count = 0;
  for (auto& watched : state.watched) watched = false;
  state.armed = true;
}

int64_t disarm() {
  state.armed = false;
  return seen(state.kind);
}

int64_t seen(Kind kind) { return state.count[static_cast<size_t>(kind)]; }

bool fails_allocation(int64_t bytes) {
  if (!state.armed || bytes < state.bytes) return false;
  const Action action = next(Kind::memory);
  return action == Action::enospc || action == Action::eio;
}

}  // namespace likewise::faults

// The system's names, in place of the C library's.
using namespace likewise::faults;  // NOLINT: the functions below belong to no namespace

namespace {
int open_file(const char* path, int flags, unsigned mode) {
  const auto call = [&] { return ::syscall(SYS_openat, AT_FDCWD, path, flags, mode); };
  const bool below = state.armed && is_below_root(path);
  const int fd = static_cast<int>(below ? perform(Kind::open, call) : call());
  if (fd >= 0) watch(fd, below && (flags & O_DIRECTORY) == 0);
  return fd;
}
}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  return open_file(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
  va_end(rest);
  return open_file(path, flags, mode);
}

ssize_t read(int fd, void* to, size_t size) {
  const auto some = [&](size_t n) { return ::syscall(SYS_read, fd, to, n); };
  if (!is_watched(fd)) return some(size);
  return perform(
      Kind::read, [&] { return some(size); }, [&] { return some((size + 1) / 2); });
}

ssize_t pread(int fd, void* to, size_t size, off_t at) {
  const auto some = [&](size_t n) { return ::syscall(SYS_pread64, fd, to, n, at); };
  if (!is_watched(fd)) return some(size);
  return perform(
      Kind::read, [&] { return some(size); }, [&] { return some((size + 1) / 2); });
}
ssize_t pread64(int fd, void* to, size_t size, off_t at) { return pread(fd, to, size, at); }

ssize_t write(int fd, const void* from, size_t size) {
  const auto some = [&](size_t n) { return ::syscall(SYS_write, fd, from, n); };
  if (!is_watched(fd)) return some(size);
  return perform(
      Kind::write, [&] { return some(size); }, [&] { return some((size + 1) / 2); });
}

int fsync(int fd) {
  const auto call = [&] { return ::syscall(SYS_fsync, fd); };
  return static_cast<int>(is_watched(fd) ? perform(Kind::sync, call) : call());
}

int rename(const char* from, const char* to) noexcept {
  const auto call = [&] { return ::syscall(SYS_rename, from, to); };
  const bool below = state.armed && is_below_root(to);
  return static_cast<int>(below ? perform(Kind::rename, call) : call());
}

int mkdir(const char* path, mode_t mode) noexcept {
  const auto call = [&] { return ::syscall(SYS_mkdir, path, mode); };
  const bool below = state.armed && is_below_root(path);
  return static_cast<int>(below ? perform(Kind::mkdir, call) : call());
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  const auto call = [&] { return ::syscall(SYS_mmap, at, size, protection, flags, fd, offset); };
  return reinterpret_cast<void*>(is_watched(fd) ? perform(Kind::read, call) : call());
}

int close(int fd) {
  watch(fd, false);
  return static_cast<int>(::syscall(SYS_close, fd));
}

}  // extern "C"
