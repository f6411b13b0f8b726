#include "likewise/train/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace fs = std::filesystem;

RunLock::RunLock(const fs::path& root) {
  std::error_code failed;
  fs::create_directories(root, failed);
  if (failed) throw UserError("cannot make the run folder {}: {}", root.string(), failed.message());
  const fs::path lock = root / ".lock";
  descriptor_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
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

MetricsLog::MetricsLog(const fs::path& path, long long step) : path_(path) {
  std::string kept;
  if (fs::exists(path)) {
    for (const auto& line : split(read_text(path), '\n')) {
      const auto record = nlohmann::json::parse(line, nullptr, false);
      if (record.is_object() && record.value("step", 0LL) <= step) kept += line + "\n";
    }
  }
  write_file(path, kept);
  file_ = std::fopen(path.c_str(), "ae");
  if (!file_) throw UserError("cannot write {}: {}", path.string(), std::strerror(errno));
}

MetricsLog::~MetricsLog() { std::fclose(file_); }

void MetricsLog::write(const nlohmann::json& record) {
  const std::string line = record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (std::fprintf(file_, "%s\n", line.c_str()) < 0 || std::fflush(file_) != 0) {
    throw UserError("cannot write {}: {}", path_.string(), std::strerror(errno));
  }
}

}  // namespace likewise
