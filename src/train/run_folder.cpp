#include "likewise/train/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "base/open_file.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace fs = std::filesystem;

RunLock::RunLock(const fs::path& root) : root_(root) {
  std::error_code failed;
  fs::create_directories(root, failed);
  if (failed) throw UserError("cannot make the run folder {}: {}", root.string(), failed.message());
  const fs::path lock = root / ".lock";
  descriptor_ = detail::open_file(lock, O_RDWR | O_CREAT, 0644);
  if (descriptor_ < 0) {
    throw UserError("cannot write to the run folder {}: {}", root.string(), std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw UserError("another likewise is writing to {}; wait for it or choose another --out",
                    root.string());
  }
}

RunLock::~RunLock() { ::close(descriptor_); }

bool RunLock::is_at(const fs::path& root) const {
  struct stat own {
  }, there{};
  return ::fstat(descriptor_, &own) == 0 && ::stat((root / ".lock").c_str(), &there) == 0 &&
         there.st_ino == own.st_ino && there.st_dev == own.st_dev;
}

const fs::path& RunLock::root() {
  if (is_at(root_)) return root_;
  std::error_code failed;
  const fs::path now = fs::read_symlink(fmt::format("/proc/self/fd/{}", descriptor_), failed);
  if (failed || !is_at(now.parent_path())) {
    throw UserError("the run folder {} was removed while it was written to", root_.string());
  }
  root_ = now.parent_path();
  return root_;
}

void RunLock::write_checkpoint(const std::function<void(const fs::path&)>& produce) {
  for (;;) {
    const fs::path file = RunFolder{root()}.checkpoint();
    try {
      produce(file);
    } catch (const Error&) {
      if (is_at(root_)) throw;
    }
    if (is_at(root_)) return;
    std::error_code ignored;  // a folder that holds anything else stays
    fs::remove(file, ignored);
    fs::remove(file.parent_path(), ignored);
    fs::remove(root_, ignored);
  }
}

MetricsLog::MetricsLog(const fs::path& path, long long step) : path_(path) {
  std::string kept;
  if (fs::exists(path)) {
    for (const auto& line : split(read_text(path), '\n')) {
      const auto record = nlohmann::json::parse(line, nullptr, false);
      const auto at = record.is_object() ? record.find("step") : record.end();
      const bool later = record.is_object() && at != record.end() && at->is_number() &&
                         at->get<double>() > static_cast<double>(step);
      if (record.is_object() && !later) kept += line + "\n";
    }
  }
  write_file(path, kept);
  descriptor_ = detail::open_file(path, O_WRONLY | O_APPEND);
  if (descriptor_ < 0) throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
}

MetricsLog::~MetricsLog() { ::close(descriptor_); }

void MetricsLog::write(const nlohmann::json& record) {
  const std::string line = detail::json_text(record) + "\n";
  for (size_t done = 0; done < line.size();) {
    const ssize_t wrote = ::write(descriptor_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) throw UserError("cannot write {}: {}", path_.string(), std::strerror(errno));
    done += static_cast<size_t>(wrote);
  }
}

}  // namespace likewise
