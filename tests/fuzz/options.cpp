// Options by every road: run file, command line, checkpoint, sweep.
#include "likewise/base/options.hpp"

#include <limits>

#include "cli/sweep_file.hpp"
#include "fuzz/targets.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/nn/encoder_options.hpp"

namespace likewise::fuzz {

namespace {

// Every kind of field that there is.
struct AllKinds {
  EncoderOptions encoder;
  bool flag = false;
  double automatic = std::numeric_limits<double>::quiet_NaN(), plain = 0.5;
  int64_t count = 3;
  std::string name;
  std::vector<double> reals;
  std::vector<int64_t> counts;
  template <class V>
  void fields(V& v) {
    v.group("encoder", encoder);
    v("flag", flag, "a flag");
    v("automatic", automatic, "a number or auto", range(0, 1));
    v("plain", plain, "a number");
    v("count", count, "a count", range(0, 9e18));
    v("name", name, "a text");
    v("reals", reals, "numbers");
    v("counts", counts, "counts");
  }
};

// What was read is written so that reading it gives the same.
void check_round(const Fields& fields) {
  const std::string written = fields.to_toml();
  AllKinds again;
  Fields second(again);
  second.read_toml(written, "again");
  promise(second.to_toml() == written, "a written run file is the same");
}

}  // namespace

void options(Bytes bytes) {
  AllKinds all;
  Fields fields(all);
  peek_toml(as_text(bytes), "run.toml", "name", "");
  fields.read_toml(as_text(bytes), "run.toml");
  check_round(fields);
}

void arguments(Bytes bytes) {
  std::vector<std::string> words;
  for (auto& word : split(as_text(bytes), '\n')) {
    if (word.empty() || word[0] != '@') words.push_back(std::move(word));  // no files from here
  }
  AllKinds all;
  Fields fields(all);
  peek_argument(words, "name", "");
  parse_arguments(words, fields);
  check_round(fields);
}

void checkpoint(Bytes bytes) {
  const SafetensorsFile file(bytes, "last.safetensors");
  const auto spec = file.metadata().find("spec");
  if (spec == file.metadata().end()) return;
  AllKinds all;
  Fields fields(all);
  fields.read_toml(spec->second, "last.safetensors");
  check_round(fields);
}

void sweep(Bytes bytes) {
  const cli::Sweep sweep = cli::read_sweep(as_text(bytes), "sweep.toml");
  promise(!sweep.seeds.empty() && !sweep.settings.empty(), "something to run");
  for (const auto& setting : sweep.settings) {
    const std::string folder = cli::folder_name(setting.name);
    promise(
        !folder.empty() && folder.find('/') == std::string::npos && folder != "." && folder != "..",
        "a folder inside the sweep's");
  }
}

}  // namespace likewise::fuzz
