#include "likewise/formats/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/open_file.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int fd = detail::open_file(path, O_RDONLY | O_NONBLOCK);  // waits for no pipe
  if (fd < 0) throw DataError("cannot open {}: {}", path.string(), std::strerror(errno));
  struct stat status {};
  const char* reason = nullptr;
  void* start = nullptr;
  if (::fstat(fd, &status) != 0) {
    reason = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    reason = "it is not a regular file";
  } else if (status.st_size > 0) {  // an empty range cannot be mapped
    start = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (start == MAP_FAILED) reason = std::strerror(errno);
  }
  ::close(fd);
  if (reason) throw DataError("cannot read {}: {}", path.string(), reason);
  if (start) bytes_ = {static_cast<const uint8_t*>(start), static_cast<size_t>(status.st_size)};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace likewise
