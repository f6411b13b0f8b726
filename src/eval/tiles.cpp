#include "eval/tiles.hpp"

#include <dlfcn.h>

#include <cmath>
#include <mutex>
#include <vector>

#include "likewise/base/error.hpp"

namespace likewise::eval_detail {
namespace {

// OpenBLAS, if that is what libtorch was linked with. Looked up by name, as with `libblas.so.3` the
// choice is made at run time.
struct BlasPool {
  using Get = int (*)();
  using Set = void (*)(int);
  Get get = reinterpret_cast<Get>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
  Set set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  std::mutex mutex;
  int users = 0, before = 1;
};

BlasPool& blas_pool() {
  static BlasPool pool;
  return pool;
}

}  // namespace

SerialBlas::SerialBlas() {
  BlasPool& pool = blas_pool();
  if (pool.get == nullptr || pool.set == nullptr || at::in_parallel_region()) return;
  active_ = true;
  const std::lock_guard lock(pool.mutex);
  if (pool.users++ > 0) return;
  pool.before = pool.get();
  if (pool.before > 1) pool.set(1);
}

SerialBlas::~SerialBlas() {
  if (!active_) return;
  BlasPool& pool = blas_pool();
  const std::lock_guard lock(pool.mutex);
  if (--pool.users == 0 && pool.before > 1) pool.set(pool.before);
}

Tensor as_features(const Tensor& x, std::string_view what) {
  if (!x.defined() || x.dim() != 2) {
    throw UserError("{} must be a table [rows, dimensions], found {} dimensions", what,
                    x.defined() ? x.dim() : 0);
  }
  Tensor out = x.detach().to(at::kCPU, at::kFloat).contiguous();
  const int64_t n = out.size(0), d = out.size(1);
  const float* data = out.data_ptr<float>();
  std::vector<char> bad(static_cast<size_t>(n), 0);
  for_each_tile(n, 1024, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      if (!kernels::all_finite(data + i * d, d)) bad[static_cast<size_t>(i)] = 1;
    }
  });
  for (int64_t i = 0; i < n; ++i) {
    if (bad[static_cast<size_t>(i)]) {
      throw UserError("{} must be finite: row {} of {} holds NaN or infinity", what, i, n);
    }
  }
  return out;
}

Tensor as_labels(const Tensor& y, int64_t n, std::string_view what) {
  if (!y.defined() || y.dim() != 1 || y.size(0) != n) {
    throw UserError("{} must be one number a row: {} rows, {} labels", what, n,
                    y.defined() ? y.numel() : 0);
  }
  return y.detach().to(at::kCPU, at::kLong).contiguous();
}

Tensor unit_rows(const Tensor& x) {
  Tensor out = as_features(x, "features").clone();
  const int64_t n = out.size(0), d = out.size(1);
  float* data = out.data_ptr<float>();
  for_each_tile(n, 256, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = data + i * d;
      const double norm = std::sqrt(dot(row, row, d));
      if (norm == 0) continue;
      const double inverse = 1.0 / norm;
      for (int64_t j = 0; j < d; ++j) row[j] = static_cast<float>(row[j] * inverse);
    }
  });
  return out;
}

}  // namespace likewise::eval_detail
