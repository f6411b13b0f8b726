#pragma once
// Integers in files, independent of the machine's byte order.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace likewise::detail {

template <std::unsigned_integral T>
T load_little(const uint8_t* p) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | T(p[i]) << (8 * i));
  return value;
}

template <std::unsigned_integral T>
T load_big(const uint8_t* p) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value << (sizeof(T) > 1 ? 8 : 0) | p[i]);
  return value;
}

template <std::unsigned_integral T>
void append_little(std::vector<uint8_t>& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// Product of the extents times `item`, or -1 when one is negative or it does not fit.
template <class Shape>
int64_t checked_size(const Shape& shape, int64_t item) {
  int64_t total = item;
  bool empty = false;
  for (const int64_t extent : shape) {
    if (extent < 0) return -1;
    if (extent == 0)
      empty = true;
    else if (__builtin_mul_overflow(total, extent, &total))
      return -1;
  }
  return empty ? 0 : total;
}

}  // namespace likewise::detail
