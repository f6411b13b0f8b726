// What the report reads from a run folder, and the page it makes of it.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/targets.hpp"
#include "likewise/report/report.hpp"
#include "report/json_read.hpp"

namespace likewise::fuzz {

namespace {

namespace fs = std::filesystem;

// A folder of this process in memory, removed at its end.
class MemoryFolder {
 public:
  MemoryFolder() : path_(fs::path("/dev/shm") / ("likewise-fuzz-" + std::to_string(::getpid()))) {
    fs::create_directories(path_ / "report");
  }
  ~MemoryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void json(Bytes bytes) {
  const auto value = report::parse_forgiving(std::string(as_text(bytes)));
  if (value.is_discarded()) return;
  const std::string script = report::script_json(value);
  promise(script.find('<') == std::string::npos, "nothing ends a script element");
  promise(!report::parse_forgiving(script).is_discarded(), "what is written is JSON");
}

// The first byte says which file the rest is.
void report(Bytes bytes) {
  static const MemoryFolder folder;
  static constexpr std::array kFiles = {"run.toml",
                                        "metrics.jsonl",
                                        "evaluation.json",
                                        "report/summary.json",
                                        "report/gallery.json",
                                        "report/neighbours.json",
                                        "report/map.json"};
  if (bytes.empty()) return;
  const fs::path file = folder.path() / kFiles[bytes[0] % kFiles.size()];
  {
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()) + 1,
              static_cast<std::streamsize>(bytes.size() - 1));
  }
  std::string page;
  try {
    page = report_page(folder.path());
  } catch (...) {
    fs::remove(file);
    throw;
  }
  fs::remove(file);
  promise(page.find("</html>") != std::string::npos, "a whole page");
}

}  // namespace likewise::fuzz
