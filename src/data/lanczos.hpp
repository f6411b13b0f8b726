#pragma once
// Antialiased Lanczos (a = 3) reduction of square 8-bit images to one fixed size.

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace likewise::detail {

// Separable: the kernel sinc(x) sinc(x/3) is stretched by the reduction factor, weights are
// normalised at the border, and the row pass is rounded to 8 bits before the column pass (as
// Pillow's resize does). Keeps its tables; use one a thread.
class LanczosToSquare {
 public:
  explicit LanczosToSquare(int64_t out_side) : out_side_(out_side) {}

  // in: side * side pixels; out: out_side * out_side pixels.
  void resize(std::span<const uint8_t> in, int64_t side, std::span<uint8_t> out);

 private:
  struct Taps {
    std::vector<int64_t> first;  // first input position of every output position
    std::vector<int64_t> count;
    std::vector<float> weights;  // out_side rows of `stride`
    int64_t stride = 0;
  };
  const Taps& taps(int64_t side);

  int64_t out_side_;
  std::map<int64_t, Taps> tables_;
  std::vector<uint8_t> rows_;
};

}  // namespace likewise::detail
