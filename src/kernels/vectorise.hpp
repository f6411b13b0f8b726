#pragma once
// Between LIKEWISE_VECTORISE_BEGIN and _END loops are vectorised whatever the build's optimisation
// level. The options change no value: they say that nobody looks at floating-point exception flags
// or errno, without which the compiler may not turn a choice of two values into a select.
// BEGIN stands after the includes of the standard library.

#if defined(__GNUC__) && !defined(__clang__)
#define LIKEWISE_VECTORISE_BEGIN \
  _Pragma("GCC push_options")    \
      _Pragma("GCC optimize(\"O3\", \"no-trapping-math\", \"no-math-errno\")")
#define LIKEWISE_VECTORISE_END _Pragma("GCC pop_options")
#else
#define LIKEWISE_VECTORISE_BEGIN
#define LIKEWISE_VECTORISE_END
#endif
