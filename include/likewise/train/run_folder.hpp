#pragma once
// A run's folder: what lies where, who may write, and the log of metrics.

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace likewise {

// Names inside a run folder.
struct RunFolder {
  std::filesystem::path root;
  std::filesystem::path options() const { return root / "run.toml"; }
  std::filesystem::path metrics() const { return root / "metrics.jsonl"; }
  std::filesystem::path checkpoint() const { return root / "checkpoints" / "last.safetensors"; }
  std::filesystem::path evaluation() const { return root / "evaluation.json"; }
  std::filesystem::path validation() const { return root / "validation.json"; }
  std::filesystem::path report() const { return root / "report.html"; }
  std::filesystem::path assets() const { return root / "report"; }
};

// Holds the right to write to a run folder until destroyed, and makes the folder. Throws UserError
// when another process holds it or the folder cannot be made.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& root);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // Where the folder is now: somebody may have renamed it. Throws UserError when it was removed.
  const std::filesystem::path& root();

  // Calls produce(file) for the checkpoint under the name that the folder has at this moment. If
  // the folder is renamed within, what was made under its old name is taken back and produce is
  // called again for the new one; if it is removed, that is taken back and UserError thrown.
  void write_checkpoint(const std::function<void(const std::filesystem::path&)>& produce);

 private:
  bool is_at(const std::filesystem::path& root) const;

  std::filesystem::path root_;
  int descriptor_ = -1;
};

// metrics.jsonl, one JSON object a line. Opening drops the lines of steps after `step`: those that
// a killed run wrote after its last checkpoint.
class MetricsLog {
 public:
  MetricsLog(const std::filesystem::path& path, long long step);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;
  void write(const nlohmann::json& record);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace likewise
