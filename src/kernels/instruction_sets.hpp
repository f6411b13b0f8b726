#pragma once
// What lies between LIKEWISE_AVX2_BEGIN or LIKEWISE_AVX512_BEGIN and LIKEWISE_SET_END may use those
// instructions; everything else must run on any processor, because it decides whether to call it
// (can_run in simd.hpp). BEGIN stands after the includes of the standard library. Where
// LIKEWISE_HAS_SETS is 0 the compiler cannot do this.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define LIKEWISE_HAS_SETS 1
#define LIKEWISE_AVX2_BEGIN \
  _Pragma("GCC push_options") _Pragma("GCC optimize(\"O3\")") _Pragma("GCC target(\"avx2,fma\")")
#define LIKEWISE_AVX512_BEGIN                                           \
  _Pragma("GCC push_options") _Pragma("GCC optimize(\"O3\")")           \
      _Pragma("GCC target(\"avx512f,avx512bw,avx512dq,avx512vl,fma\")") \
          _Pragma("GCC target(\"prefer-vector-width=512\")")
#define LIKEWISE_SET_END _Pragma("GCC pop_options")
#else
#define LIKEWISE_HAS_SETS 0
#endif
