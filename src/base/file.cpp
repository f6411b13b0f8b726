#include "likewise/base/file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "base/open_file.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kNeighbourMark = ".tmp-likewise-";
constexpr size_t kWriteBuffer = size_t{1} << 16;
constexpr size_t kMostUnseekable = size_t{1} << 30;  // bytes from a pipe or a device

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

// The neighbour that becomes the file; removed unless it was renamed. Its writer holds a lock on it
// for as long as it lives, so that neighbours of processes that were killed can be told apart.
class Neighbour {
 public:
  Neighbour(const fs::path& folder, const fs::path& target, mode_t mode) : target_(target) {
    static std::atomic<int> count{0};
    const std::string name = target.filename().string().substr(0, 180);  // names have 255 bytes
    for (int attempt = 0;; ++attempt) {
      path_ = folder / fmt::format(".{}{}{}-{}", name, kNeighbourMark, ::getpid(), count++);
      fd_ = detail::open_file(path_, O_WRONLY | O_CREAT | O_EXCL, mode);
      if (fd_ < 0 && errno == EEXIST && attempt < 1000) continue;
      if (fd_ < 0) fail();
      ::flock(fd_, LOCK_EX | LOCK_NB);  // file systems without locks: as before
      struct stat own {
      }, there{};
      if (::fstat(fd_, &own) == 0 && ::stat(path_.c_str(), &there) == 0 &&
          own.st_ino == there.st_ino) {
        return;
      }
      ::close(fd_);  // another process swept it away before the lock was there
      if (attempt > 1000)
        throw UserError("cannot write {}: its neighbours vanish", target_.string());
    }
  }
  ~Neighbour() {
    if (!kept_) ::unlink(path_.c_str());
    ::close(fd_);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  [[noreturn]] void fail() const {
    throw UserError("cannot write {}: {}", target_.string(), std::strerror(errno));
  }
  int descriptor() const { return fd_; }

  void become_target() {
    if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail();
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail();
    kept_ = true;
  }

 private:
  fs::path target_, path_;
  int fd_ = -1;
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

// Removes what writers that were killed left in the folder: once for each folder and process.
void sweep_neighbours(const fs::path& folder) {
  static std::mutex mutex;
  static std::set<std::string> swept;
  {
    const std::lock_guard lock(mutex);
    if (!swept.insert(folder.string()).second) return;
  }
  std::error_code failed;
  fs::directory_iterator at(folder, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.front() != '.' || name.find(kNeighbourMark) == std::string::npos) continue;
    const Descriptor left(detail::open_file(at->path(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
    if (left.get() >= 0 && ::flock(left.get(), LOCK_EX | LOCK_NB) == 0)
      ::unlink(at->path().c_str());
  }
}

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

// Opens for reading and refuses what would wait for ever or makes no sense. A pipe of the shell
// (<(command), /dev/stdin) is welcome, a named pipe that may have no writer is not.
int open_to_read(const fs::path& path, struct stat& status) {
  const int fd = detail::open_file(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) throw DataError("cannot open {}: {}", path.string(), std::strerror(errno));
  const char* reason = nullptr;
  struct statfs system {};
  if (::fstat(fd, &status) != 0) {
    reason = std::strerror(errno);
  } else if (S_ISDIR(status.st_mode)) {
    reason = "it is a folder";
  } else if (S_ISBLK(status.st_mode)) {
    reason = "it is a disk";
  } else if (S_ISFIFO(status.st_mode) &&
             !(::fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC)) {
    reason = "it is a named pipe";
  }
  if (reason) {
    ::close(fd);
    throw DataError("cannot read {}: {}", path.string(), reason);
  }
  if (!S_ISREG(status.st_mode)) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

// Where a write to `path` goes: links are followed, so that they stay links.
fs::path write_target(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_symlink(path, failed)) return path;
  const fs::path target = fs::weakly_canonical(path, failed);
  if (failed || fs::is_symlink(target, failed)) {
    throw UserError("cannot write {}: its symbolic link leads nowhere", path.string());
  }
  return target;
}

}  // namespace

std::vector<uint8_t> read_bytes(const fs::path& path) {
  struct stat status {};
  const Descriptor file(open_to_read(path, status));
  std::vector<uint8_t> bytes;
  try {
    if (S_ISREG(status.st_mode)) bytes.reserve(static_cast<size_t>(status.st_size) + 1);
    for (;;) {
      const size_t start = bytes.size();
      bytes.resize(std::max(start + 65536, bytes.capacity()));
      const ssize_t got = ::read(file.get(), bytes.data() + start, bytes.size() - start);
      if (got < 0 && errno != EINTR) {
        throw DataError("cannot read {}: {}", path.string(), std::strerror(errno));
      }
      bytes.resize(start + static_cast<size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0) return bytes;
      if (!S_ISREG(status.st_mode) && bytes.size() > kMostUnseekable) {
        throw DataError("cannot read {}: more than {} bytes come from a pipe or a device",
                        path.string(), kMostUnseekable);
      }
    }
  } catch (const std::length_error&) {
  } catch (const std::bad_alloc&) {
  }
  throw DataError("cannot read {}: its {} bytes do not fit into memory", path.string(),
                  status.st_size);
}

std::string read_text(const fs::path& path) {
  const auto bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

void write_file(const fs::path& path, const std::function<void(const Sink&)>& produce) {
  const fs::path target = write_target(path);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw UserError("cannot make the folder {}: {}", folder.string(), failed.message());
  struct stat there {};
  const bool exists = ::stat(target.c_str(), &there) == 0;
  if (exists && S_ISDIR(there.st_mode)) {
    throw UserError("cannot write {}: it is a folder", path.string());
  }
  if (exists && !S_ISREG(there.st_mode)) {  // a pipe or a device is written to, never replaced
    const Descriptor file(detail::open_file(target, O_WRONLY));
    if (file.get() < 0) throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
    produce([&](std::span<const uint8_t> piece) { write_all(file.get(), piece, path); });
    return;
  }
  sweep_neighbours(folder);
  Neighbour next(folder, target, 0644);
  std::vector<uint8_t> small;  // a checkpoint has hundreds of small tensors: not a call for each
  const auto flush = [&] {
    write_all(next.descriptor(), small, path);
    small.clear();
  };
  produce([&](std::span<const uint8_t> piece) {
    if (small.size() + piece.size() > kWriteBuffer) flush();
    if (piece.size() > kWriteBuffer) return write_all(next.descriptor(), piece, path);
    small.insert(small.end(), piece.begin(), piece.end());
  });
  flush();
  if (exists && ::fchmod(next.descriptor(), there.st_mode & 0777) != 0) next.fail();
  next.become_target();
  const Descriptor parent(detail::open_file(folder, O_RDONLY | O_DIRECTORY));
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
