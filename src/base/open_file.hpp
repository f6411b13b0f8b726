#pragma once
// open(2) that a signal does not end: the program catches SIGINT, and slow file systems let it
// through.

#include <fcntl.h>
#include <sys/types.h>

#include <cerrno>
#include <filesystem>

namespace likewise::detail {

// The descriptor (closed on exec), or -1 with errno.
inline int open_file(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace likewise::detail
