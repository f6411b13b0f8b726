#pragma once
// Small images and data sets that the tests of this folder write themselves.

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/data/dataset.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/formats/image.hpp"
#include "support/hostile.hpp"

namespace likewise {

// Sets an environment variable for a scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old, had_ = true;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (had_) {
      ::setenv(name_, old_.c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

// A temporary folder, and a cache folder of its own.
class DataFolder : public TemporaryFolder {
 public:
  DataFolder() : cache_("LIKEWISE_CACHE", (path() / ".cache").string()) {}

 private:
  Variable cache_;
};

inline Image plain_image(uint8_t value, int64_t height = 3, int64_t width = 5,
                         int64_t channels = 1) {
  Image image{height, width, channels, {}};
  image.pixels.assign(static_cast<size_t>(height * width * channels), value);
  return image;
}

inline std::vector<uint8_t> plain_png(uint8_t value) { return encode_png(plain_image(value)); }

// Writes a small grey PNG of one value.
inline void write_png(const std::filesystem::path& path, uint8_t value = 7) {
  write_file(path, plain_png(value));
}

inline int64_t first_pixel(const Dataset& dataset, int64_t i) {
  return dataset.get(i).parts.at(0).data_ptr<uint8_t>()[0];
}

inline std::vector<std::string> names_of(const Dataset& dataset) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < dataset.size(); ++i) names.push_back(dataset.name(i));
  return names;
}

inline std::vector<int64_t> labels_of(const Dataset& dataset) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < dataset.size(); ++i) labels.push_back(dataset.label(i));
  return labels;
}

inline std::vector<int64_t> domains_of(const Dataset& dataset) {
  std::vector<int64_t> domains;
  for (int64_t i = 0; i < dataset.size(); ++i) domains.push_back(dataset.domain(i));
  return domains;
}

// n images of 1x2x2 pixels, all of value i, with these labels and domains.
inline DatasetPtr counted_images(std::vector<int64_t> labels, std::vector<int64_t> domains = {},
                                 DatasetInfo info = {}) {
  const auto n = static_cast<int64_t>(labels.size());
  Tensor x = at::full({n, 1, 2, 2}, 0, at::kByte);
  for (int64_t i = 0; i < 4 * n; ++i) x.data_ptr<uint8_t>()[i] = static_cast<uint8_t>(i / 4);
  return memory_dataset(x, std::move(labels), std::move(domains), std::move(info));
}

// The message of the E that `call` throws.
template <class E, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another error was thrown: " << other.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

inline void expect_in(const std::string& piece, const std::string& text) {
  EXPECT_NE(text.find(piece), std::string::npos) << "'" << piece << "' is not in: " << text;
}

}  // namespace likewise
