#pragma once
// float to bfloat16 and float16 by integers, the same on a GPU and a processor.

#include <cstdint>

#include "base/philox.hpp"  // LIKEWISE_HOST_DEVICE

namespace likewise::kernels::gpu {

LIKEWISE_HOST_DEVICE inline uint32_t bits_of(float x) {
  union {
    float f;
    uint32_t u;
  } both;
  both.f = x;
  return both.u;
}

// To the nearest, ties to even. A NaN stays one.
LIKEWISE_HOST_DEVICE inline uint16_t to_bfloat16(float x) {
  const uint32_t u = bits_of(x);
  if ((u & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<uint16_t>((u >> 16) | 0x40U);
  return static_cast<uint16_t>((u + 0x7FFFU + ((u >> 16) & 1U)) >> 16);
}

LIKEWISE_HOST_DEVICE inline uint16_t to_float16(float x) {
  const uint32_t u = bits_of(x), sign = (u >> 16) & 0x8000U, magnitude = u & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);
  if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // 65520 and more
  if (magnitude < 0x33000001U) return static_cast<uint16_t>(sign);             // 2^-25 and less
  // The bits of the result and those that are rounded away; below 2^-14 with the leading one.
  const uint32_t exponent = magnitude >> 23;
  const bool small = exponent < 113;
  const uint32_t drop = small ? 126 - exponent : 13;
  const uint32_t whole = small ? (magnitude & 0x7FFFFFU) | 0x800000U : magnitude - (112U << 23);
  const uint32_t half = 1U << (drop - 1), rest = whole & ((1U << drop) - 1);
  uint32_t result = whole >> drop;
  if (rest > half || (rest == half && (result & 1U))) ++result;
  return static_cast<uint16_t>(sign | result);
}

}  // namespace likewise::kernels::gpu
