#pragma once
// Philox4x32-10, for processors and (compiled by nvcc) for GPUs.

#include <cstdint>

#ifdef __CUDACC__
#define LIKEWISE_HOST_DEVICE __host__ __device__
#else
#define LIKEWISE_HOST_DEVICE
#endif

namespace likewise::detail {

// In place: a counter of four words becomes four random words.
LIKEWISE_HOST_DEVICE inline void philox(uint32_t (&counter)[4], uint32_t key0, uint32_t key1) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = kMultiplier0 * counter[0];
    const uint64_t p1 = kMultiplier1 * counter[2];
    counter[0] = static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key0;
    counter[1] = static_cast<uint32_t>(p1);
    counter[2] = static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key1;
    counter[3] = static_cast<uint32_t>(p0);
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
}

}  // namespace likewise::detail
