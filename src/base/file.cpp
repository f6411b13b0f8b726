#include "likewise/base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "likewise/base/error.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// The neighbour that becomes the file; removed unless it was renamed.
class Neighbour {
 public:
  explicit Neighbour(fs::path path) : path_(std::move(path)) {}
  ~Neighbour() {
    if (!kept_) ::unlink(path_.c_str());
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  const fs::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  fs::path path_;
  bool kept_ = false;
};

// Removes a folder and all in it when it goes out of scope.
struct Scaffold {
  fs::path path;
  ~Scaffold() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void write_all(int fd, std::span<const uint8_t> bytes, const fs::path& target) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw UserError("cannot write {}: {}", target.string(), std::strerror(errno));
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
}

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::vector<uint8_t> read_bytes(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw DataError("cannot open {}: {}", path.string(), std::strerror(errno));
  std::vector<uint8_t> bytes;
  std::error_code size_unknown;
  const auto size = fs::file_size(path, size_unknown);
  if (!size_unknown) bytes.reserve(size + 1);
  for (;;) {
    const size_t start = bytes.size();
    bytes.resize(std::max(start + 65536, bytes.capacity()));
    const ssize_t got = ::read(file.get(), bytes.data() + start, bytes.size() - start);
    if (got < 0 && errno != EINTR) {
      throw DataError("cannot read {}: {}", path.string(), std::strerror(errno));
    }
    bytes.resize(start + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return bytes;
  }
}

std::string read_text(const fs::path& path) {
  const auto bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

void write_file(const fs::path& path, const std::function<void(const Sink&)>& produce) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw UserError("cannot make the folder {}: {}", folder.string(), failed.message());
  Neighbour next(folder / fmt::format(".{}.tmp-{}", path.filename().string(), ::getpid()));
  {
    const Descriptor file(
        ::open(next.path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
    produce([&](std::span<const uint8_t> piece) { write_all(file.get(), piece, path); });
    if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) {
      throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
    }
  }
  if (::rename(next.path().c_str(), path.c_str()) != 0) {
    throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
  }
  next.keep();
  const Descriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() >= 0) ::fsync(parent.get());  // the new name survives a power failure, too
}

void write_file(const fs::path& path, std::span<const uint8_t> bytes) {
  write_file(path, [&](const Sink& sink) { sink(bytes); });
}

void write_file(const fs::path& path, std::string_view text) { write_file(path, as_bytes(text)); }

void write_folder(const fs::path& path, const std::function<void(const fs::path&)>& produce) {
  fs::path target = path.lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "folder/"
  const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const Scaffold next{parent / fmt::format(".{}.tmp-{}", target.filename().string(), ::getpid())};
  try {
    if (fs::exists(target) && !fs::is_directory(target)) {
      throw UserError("cannot make the folder {}: a file has this name", target.string());
    }
    fs::create_directories(next.path);
    produce(next.path);
    if (!fs::exists(target)) {
      fs::rename(next.path, target);
      return;
    }
    for (const auto& entry : fs::recursive_directory_iterator(next.path)) {
      const fs::path place = target / entry.path().lexically_relative(next.path);
      if (entry.is_directory()) {
        fs::create_directories(place);
      } else {
        fs::rename(entry.path(), place);
      }
    }
  } catch (const fs::filesystem_error& failed) {
    throw UserError("cannot write {}: {}", target.string(), failed.code().message());
  }
}

fs::path cache_folder() {
  if (const char* own = std::getenv("LIKEWISE_CACHE"); own && *own) return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg)
    return fs::path(xdg) / "likewise";
  if (const char* home = std::getenv("HOME"); home && *home) {
    return fs::path(home) / ".cache" / "likewise";
  }
  return fs::temp_directory_path() / fmt::format("likewise-cache-{}", ::getuid());
}

}  // namespace likewise
