#include "data/stamped.hpp"

#include <sys/stat.h>

#include <chrono>

#include "likewise/base/random.hpp"

namespace likewise::detail {

uint64_t file_stamp(const std::filesystem::path& path) {
  constexpr int64_t kNanosecondsInSecond = 1'000'000'000;
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return 0;
  const auto nanoseconds = [](const timespec& t) {
    return static_cast<int64_t>(t.tv_sec) * kNanosecondsInSecond + t.tv_nsec;
  };
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  if (nanoseconds(found.st_mtim) > now - 2 * kNanosecondsInSecond) return 0;
  uint64_t sum = 1;
  for (const auto part :
       {static_cast<uint64_t>(found.st_dev), static_cast<uint64_t>(found.st_ino),
        static_cast<uint64_t>(found.st_size), static_cast<uint64_t>(nanoseconds(found.st_mtim)),
        static_cast<uint64_t>(nanoseconds(found.st_ctim))}) {
    sum = mix64(sum ^ part) + 0x9e3779b97f4a7c15u;
  }
  return sum | 1;
}

}  // namespace likewise::detail
