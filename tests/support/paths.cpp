#include "support/paths.hpp"

namespace likewise {

const std::string& golden_folder() {
  static const std::string folder = LIKEWISE_SOURCE_DIR "/tests/golden";
  return folder;
}

const std::string& source_folder() {
  static const std::string folder = LIKEWISE_SOURCE_DIR;
  return folder;
}

const std::string& program_file() {
  static const std::string file = LIKEWISE_PROGRAM;
  return file;
}

}  // namespace likewise
