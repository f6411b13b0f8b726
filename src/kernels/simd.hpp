#pragma once
// Which instruction set the kernels use: the best of this processor, or less on request.

namespace likewise::kernels {

enum class Simd { kPortable, kAvx2, kAvx512 };

const char* simd_name(Simd simd);  // portable, avx2, avx512

// What processor and compiler allow, but not more than LIKEWISE_SIMD (portable, avx2 or avx512)
// asks for. Decided once. Throws UserError when LIKEWISE_SIMD is none of them.
Simd best_simd();

// Whether this processor can run it and the program was compiled with it.
bool can_run(Simd simd);

}  // namespace likewise::kernels
