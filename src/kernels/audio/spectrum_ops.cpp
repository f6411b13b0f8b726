#include "kernels/audio/spectrum_ops.hpp"

#include "kernels/audio/fft.hpp"
#include "kernels/instruction_sets.hpp"
#include "kernels/vectorise.hpp"

namespace likewise::kernels {

namespace {

#define LIKEWISE_TILES 0
LIKEWISE_VECTORISE_BEGIN
namespace spectrum_portable {
#include "kernels/audio/spectrum_ops_body.inc"
constexpr SpectrumOps kOps = {pack_set, energy_set, weigh_set, log_set};
}  // namespace spectrum_portable
LIKEWISE_VECTORISE_END
#undef LIKEWISE_TILES

#if LIKEWISE_HAS_SETS
#define LIKEWISE_TILES 1
LIKEWISE_AVX2_BEGIN
namespace spectrum_avx2 {
#include "kernels/audio/spectrum_ops_body.inc"
constexpr SpectrumOps kOps = {pack_set, energy_set, weigh_set, log_set};
}  // namespace spectrum_avx2
LIKEWISE_SET_END
LIKEWISE_AVX512_BEGIN
namespace spectrum_avx512 {
#include "kernels/audio/spectrum_ops_body.inc"
constexpr SpectrumOps kOps = {pack_set, energy_set, weigh_set, log_set};
}  // namespace spectrum_avx512
LIKEWISE_SET_END
#undef LIKEWISE_TILES
#endif

}  // namespace

const SpectrumOps& spectrum_ops(Simd simd) {
#if LIKEWISE_HAS_SETS
  if (simd == Simd::kAvx512) return spectrum_avx512::kOps;
  if (simd == Simd::kAvx2) return spectrum_avx2::kOps;
#endif
  static_cast<void>(simd);
  return spectrum_portable::kOps;
}

}  // namespace likewise::kernels
