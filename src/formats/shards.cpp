#include "likewise/formats/shards.hpp"

#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"

namespace likewise {

namespace {

constexpr size_t kMostIndexBytes = 100'000'000;
constexpr int kMostIndexDepth = 8;

}  // namespace

std::map<std::string, std::string> parse_shard_index(std::string_view json,
                                                     const std::string& name) {
  if (json.size() > kMostIndexBytes) throw DataError("{}: an index of {} bytes", name, json.size());
  nlohmann::json index;
  try {
    const auto watch = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      if (depth > kMostIndexDepth) throw DataError("{}: the index is nested too deeply", name);
      return true;
    };
    index = nlohmann::json::parse(json, watch);
  } catch (const nlohmann::json::exception& failed) {
    throw DataError("{}: not valid JSON: {}", name, failed.what());
  }
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw DataError("{}: there is no weight_map; this is not an index of weights", name);
  }
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string()) throw DataError("{}: the file of '{}' is no text", name, tensor);
    const auto text = file.get<std::string>();
    if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos ||
        text.find('\0') != std::string::npos) {
      throw DataError(
          "{}: '{}' is said to lie in '{}'; expected is the name of a file beside the "
          "index",
          name, tensor, text);
    }
    files[tensor] = text;
  }
  return files;
}

}  // namespace likewise
