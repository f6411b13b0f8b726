#pragma once
// Data sets that can tell, without decoding, whether a sample is still what it was.

#include <cstdint>
#include <filesystem>

#include "likewise/data/dataset.hpp"

namespace likewise::detail {

class Stamped {
 public:
  // Another number once the file of sample i is written anew or replaced; 0 where that cannot be
  // told. 0 <= i < size().
  virtual uint64_t stamp(int64_t i) const = 0;

 protected:
  ~Stamped() = default;
};

// That of sample i; 0 for a data set that has none.
inline uint64_t stamp_of(const Dataset& data, int64_t i) {
  const auto* stamped = dynamic_cast<const Stamped*>(&data);
  return stamped ? stamped->stamp(i) : 0;
}

// A hash of a file's identity, size and time of change. 0 when there is none, or when it was
// changed within the last two seconds: a further change in the same tick of the clock would go
// unseen.
uint64_t file_stamp(const std::filesystem::path& path);

}  // namespace likewise::detail
