#pragma once
// Golden values: inputs and outputs that independent packages computed, see tests/golden/README.md.
//
//   const Golden golden("losses");                     // tests/golden/losses.safetensors
//   const auto& nt_xent = golden.entry("nt_xent_...");  // its entry of index.json: options, notes
//   std::vector<double> z = golden.values("nt_xent_...", "z0");   // an input or output by its name
//   std::vector<double> z = golden.values("nt_xent_.../z0");      // or by the tensor's key

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "likewise/base/file.hpp"
#include "likewise/formats/safetensors.hpp"
#include "support/paths.hpp"

namespace likewise {

namespace golden_detail {

inline double from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

template <class T>
std::vector<double> widen(std::span<const uint8_t> bytes) {
  std::vector<double> out;
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    out.push_back(static_cast<double>(value));
  }
  return out;
}

inline std::vector<double> widen(const std::string& dtype, std::span<const uint8_t> bytes) {
  if (dtype == "F32") return widen<float>(bytes);
  if (dtype == "F64") return widen<double>(bytes);
  if (dtype == "I64") return widen<int64_t>(bytes);
  if (dtype == "I32") return widen<int32_t>(bytes);
  if (dtype == "I16") return widen<int16_t>(bytes);
  if (dtype == "I8") return widen<int8_t>(bytes);
  if (dtype == "U64") return widen<uint64_t>(bytes);
  if (dtype == "U32") return widen<uint32_t>(bytes);
  if (dtype == "U16") return widen<uint16_t>(bytes);
  if (dtype == "U8" || dtype == "BOOL") return widen<uint8_t>(bytes);
  auto halves = widen<uint16_t>(bytes);
  for (double& value : halves) {
    const auto bits = static_cast<uint16_t>(value);
    if (dtype == "F16")
      value = from_half(bits);
    else if (dtype == "BF16")
      value = std::bit_cast<float>(uint32_t{bits} << 16);
    else
      throw std::runtime_error("golden values of type " + dtype + " are not supported");
  }
  return halves;
}

inline const nlohmann::json& index() {
  static const nlohmann::json parsed =
      nlohmann::json::parse(read_text(std::filesystem::path(golden_folder()) / "index.json"));
  return parsed;
}

}  // namespace golden_detail

// One group of golden values. Everything throws when a name is unknown, so that a test cannot pass
// by looking at nothing.
class Golden {
 public:
  // Opens tests/golden/GROUP.safetensors and index.json.
  explicit Golden(const std::string& group) : group_(group), file_(path(group + ".safetensors")) {}

  // A file below the golden folder.
  static std::filesystem::path path(const std::string& relative) {
    return std::filesystem::path(golden_folder()) / relative;
  }

  // The case's entry of index.json: what, source, formula, options, inputs, outputs, tolerance, ...
  const nlohmann::json& entry(const std::string& name) const {
    for (const auto& found : golden_detail::index().at("cases")) {
      if (found.at("name") == name && found.at("group") == group_) return found;
    }
    throw std::runtime_error("no golden case " + name + " in group " + group_);
  }

  // The group's case names, in the order of the file.
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& found : golden_detail::index().at("cases")) {
      if (found.at("group") == group_) names.push_back(found.at("name"));
    }
    return names;
  }

  // The key of an input or output of a case.
  std::string key(const std::string& name, const std::string& tensor) const {
    const auto& found = entry(name);
    for (const char* side : {"inputs", "outputs"}) {
      if (found.contains(side) && found.at(side).contains(tensor)) {
        return found.at(side).at(tensor).at("key");
      }
    }
    throw std::runtime_error("golden case " + name + " has no tensor " + tensor);
  }
  bool has(const std::string& name, const std::string& tensor) const {
    const auto& found = entry(name);
    return found.value("inputs", nlohmann::json::object()).contains(tensor) ||
           found.value("outputs", nlohmann::json::object()).contains(tensor);
  }

  // A tensor's values in C order, widened to double (exact but for 64-bit integers above 2^53).
  std::vector<double> values(const std::string& key) const {
    return golden_detail::widen(file_.info(key).dtype, file_.bytes(key));
  }
  std::vector<double> values(const std::string& name, const std::string& tensor) const {
    return values(key(name, tensor));
  }
  std::vector<float> floats(const std::string& key) const {
    const auto wide = values(key);
    return {wide.begin(), wide.end()};
  }
  std::vector<float> floats(const std::string& name, const std::string& tensor) const {
    return floats(key(name, tensor));
  }
  std::vector<int64_t> integers(const std::string& key) const {
    const auto wide = values(key);
    return {wide.begin(), wide.end()};
  }
  std::vector<int64_t> integers(const std::string& name, const std::string& tensor) const {
    return integers(key(name, tensor));
  }

  const std::vector<int64_t>& shape(const std::string& key) const { return file_.info(key).shape; }
  const std::vector<int64_t>& shape(const std::string& name, const std::string& tensor) const {
    return shape(key(name, tensor));
  }
  const std::string& dtype(const std::string& key) const { return file_.info(key).dtype; }
  const SafetensorsFile& file() const { return file_; }

 private:
  std::string group_;
  SafetensorsFile file_;
};

}  // namespace likewise
