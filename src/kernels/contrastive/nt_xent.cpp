#include "kernels/contrastive/nt_xent.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/contrastive/numbers.hpp"
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels {
namespace {

using namespace contrastive;

constexpr int64_t kRowGrain = 512;  // rows a piece of work in the passes over rows

// The positive never takes part in the tiles. With Neg_i = sum over the negatives of exp(c s_ij),
// u_i = log Neg_i - c s_ip: l_i = log(1 + e^u), whose derivative by u is q_i = 1 - P_ip, where
// adding and subtracting the positive's share would cancel once it is near 1. Decoupled: l_i = u_i,
// q_i = 1.
class NtXentRun {
 public:
  NtXentRun(const NtXentProblem& problem, bool with_gradient, const ForEach& for_each,
            const tile::Ops& ops)
      : problem_(problem),
        for_each_(for_each),
        ops_(ops),
        half_(problem.across ? (problem.n + tile::kRows - 1) / tile::kRows * tile::kRows
                             : problem.n),
        rows_(half_ + problem.n),
        blocks_((rows_ + tile::kRows - 1) / tile::kRows),
        panels_((problem.d + ops.panel - 1) / ops.panel),
        stride_(blocks_ * tile::kRows * ops.panel),
        scale_(static_cast<float>(problem.scale * kLog2E)),
        z_(static_cast<size_t>(stride_ * panels_)),
        inverse_norm_(padded(), 1.0),
        positive_(padded()),
        log_negatives_(padded()),
        q_(padded(), 1.0) {
    if (with_gradient) raw_.resize(static_cast<size_t>(stride_ * panels_));
  }

  NtXentValue run(float* grad0, float* grad1) {
    load_rows();
    if (problem_.n > 1) {
      sum_negatives();
    } else {  // one pair has no negatives
      std::fill(log_negatives_.begin(), log_negatives_.end(), double{kMinusInfinity});
    }
    NtXentValue value{loss(), 0};
    if (!raw_.empty()) {
      if (problem_.n > 1) sum_gradients();
      value.scale_gradient = finish(grad0, grad1);
    }
    return value;
  }

 private:
  size_t padded() const { return static_cast<size_t>(blocks_ * tile::kRows); }
  int64_t partner(int64_t row) const { return row < half_ ? row + half_ : row - half_; }
  const float* input(int64_t row) const {
    return row < half_ ? problem_.z0 + row * problem_.d : problem_.z1 + (row - half_) * problem_.d;
  }
  // Calls body(first column, columns, place in memory) for the pieces of a row.
  template <class Body>
  void over_pieces(int64_t row, const Body& body) const {
    for (int64_t q = 0; q < panels_; ++q) {
      const int64_t column = q * ops_.panel;
      body(column, std::min(ops_.panel, problem_.d - column), q * stride_ + row * ops_.panel);
    }
  }
  // With `across` each view begins a block, and the rows before the second one are padding.
  bool padding(int64_t row) const { return row >= problem_.n && row < half_; }
  int64_t rows_of(int64_t block) const {
    const int64_t first = block * tile::kRows;
    const int64_t end = problem_.across && first < half_ ? problem_.n : rows_;
    return std::min(tile::kRows, end - first);
  }

  void over_rows(const std::function<void(int64_t)>& body) const {
    for_each_((rows_ + kRowGrain - 1) / kRowGrain, [&](int64_t begin, int64_t end) {
      const int64_t last = std::min(rows_, end * kRowGrain);
      for (int64_t row = begin * kRowGrain; row < last; ++row) {
        if (!padding(row)) body(row);
      }
    });
  }

  void load_rows() {
    std::vector<double> squares(padded());
    over_rows([&](int64_t row) {
      const float* x = input(row);
      double square = 0;
      for (int64_t k = 0; k < problem_.d; ++k) square += double{x[k]} * x[k];
      squares[row] = square;
      if (problem_.normalize) inverse_norm_[row] = 1 / std::max(std::sqrt(square), kNormFloor);
      const double inverse = inverse_norm_[row];
      over_pieces(row, [&](int64_t column, int64_t count, int64_t place) {
        for (int64_t k = 0; k < count; ++k) {
          z_[place + k] = static_cast<float>(x[column + k] * inverse);
        }
      });
    });
    over_rows([&](int64_t row) {
      if (row >= problem_.n) return;
      double dot = 0;
      const int64_t to_partner = half_ * ops_.panel;
      over_pieces(row, [&](int64_t, int64_t count, int64_t place) {
        const float* x = &z_[place];
        for (int64_t k = 0; k < count; ++k) dot += double{x[k]} * x[to_partner + k];
      });
      positive_[row] = positive_[partner(row)] = dot;
    });
    double largest = 1;
    if (!problem_.normalize) largest = *std::max_element(squares.begin(), squares.end());
    shift_ = static_cast<float>(scale_ * largest) - kHeadroom;
  }

  struct Scratch {
    explicit Scratch(int64_t packed) : s(tile::kRows * tile::kLeading), b(packed) {}
    LineFloats s, b;
  };

  // Calls body(i, j, similarities) for every pair of blocks i <= j that has something to compare.
  // Round r holds the pairs with i + j = r modulo the number of blocks (of a view, when only views
  // are compared): no block is in two of them, so the pairs of a round may write what belongs to
  // their blocks at the same time, and every block meets the others in an order that does not
  // depend on the threads.
  template <class Body>
  void over_tiles(const Body& body) const {
    const int64_t rounds = problem_.across ? blocks_ - half_ / tile::kRows : blocks_;
    std::vector<int64_t> firsts;
    for (int64_t round = 0; round < rounds; ++round) {
      const auto second = [&](int64_t i) {
        return (round - i + rounds) % rounds + (problem_.across ? rounds : 0);
      };
      firsts.clear();
      for (int64_t i = 0; i < rounds; ++i) {
        if (i <= second(i)) firsts.push_back(i);
      }
      for_each_(static_cast<int64_t>(firsts.size()), [&](int64_t begin, int64_t end) {
        Scratch scratch(tile::kLeading * panels_ * ops_.panel);
        for (int64_t t = begin; t < end; ++t) {
          const int64_t i = firsts[t], j = second(i);
          similarities(i, j, scratch);
          body(i, j, scratch.s.data());
        }
      });
    }
  }

  // Similarities of the rows of block i with those of block j, -infinity where the pair is the row
  // itself, the positive, or beyond the last row.
  void similarities(int64_t i, int64_t j, Scratch& scratch) const {
    const int64_t rows = rows_of(i), columns = rows_of(j), panel = ops_.panel;
    const int64_t stop = (columns + panel - 1) / panel * panel;
    ops_.pack(z_.data() + j * tile::kRows * panel, panel, stride_, panels_, columns,
              scratch.b.data());
    ops_.similarity(z_.data() + i * tile::kRows * panel, panel, stride_, panels_, scratch.b.data(),
                    rows, columns, scratch.s.data());
    const int64_t offset = (i - j) * tile::kRows;
    for (int64_t r = 0; r < rows; ++r) {
      float* s = scratch.s.data() + r * tile::kLeading;
      for (const int64_t c : {r + offset, r + offset + half_, r + offset - half_}) {
        if (c >= 0 && c < columns) s[c] = kMinusInfinity;
      }
      for (int64_t c = columns; c < stop; ++c) s[c] = kMinusInfinity;
    }
  }

  void sum_negatives() {
    std::vector<double> sums(padded());
    std::vector<double> unused(padded());  // a diagonal tile holds each pair twice
    over_tiles([&](int64_t i, int64_t j, const float* s) {
      const int64_t a = i * tile::kRows, b = j * tile::kRows;
      ops_.exp_sums(s, scale_, shift_, rows_of(i), rows_of(j), &sums[a],
                    i == j ? &unused[b] : &sums[b]);
    });
    const double lowest = std::ldexp(1.0, kLowest);
    for (int64_t row = 0; row < rows_; ++row) safe_ |= !padding(row) && sums[row] < lowest;
    if (safe_) {
      sum_negatives_safely();
      return;
    }
    for (int64_t row = 0; row < rows_; ++row) {
      log_negatives_[row] = std::log(sums[row]) + shift_ * kLn2;
    }
  }

  void sum_negatives_safely() {
    std::vector<float> maxima(padded(), kMinusInfinity);
    over_tiles([&](int64_t i, int64_t j, const float* s) {
      const int64_t a = i * tile::kRows, b = j * tile::kRows;
      ops_.maxima(s, scale_, rows_of(i), rows_of(j), &maxima[a], &maxima[b]);
    });
    for (float& x : maxima) x = std::max(x, -1e30f);  // the padding: -infinity minus itself is NaN
    std::vector<double> sums(padded()), unused(padded());
    over_tiles([&](int64_t i, int64_t j, const float* s) {
      const int64_t a = i * tile::kRows, b = j * tile::kRows;
      ops_.exp_sums_safe(s, scale_, rows_of(i), rows_of(j), &maxima[a], &maxima[b], &sums[a],
                         i == j ? &unused[b] : &sums[b]);
    });
    for (int64_t row = 0; row < rows_; ++row) {
      log_negatives_[row] = std::log(sums[row]) + maxima[row] * kLn2;
    }
  }

  // Also sets q_ and weight_.
  double loss() {
    weight_.assign(padded(), 1.0);
    if (problem_.decoupled && problem_.sigma > 0) {
      const double top = *std::max_element(positive_.begin(), positive_.begin() + problem_.n);
      double total = 0;
      for (int64_t i = 0; i < problem_.n; ++i) {
        total += weight_[i] = std::exp((positive_[i] - top) / problem_.sigma);
      }
      for (int64_t i = 0; i < problem_.n; ++i) {
        weight_[i] = weight_[i + half_] = 2 - problem_.n * weight_[i] / total;
      }
    }
    const double c = problem_.scale;
    double total = 0;
    for (int64_t row = 0; row < rows_; ++row) {
      if (padding(row)) continue;
      const double u = log_negatives_[row] - weight_[row] * c * positive_[row];
      if (problem_.decoupled) {
        total += u;
      } else {  // log(1 + e^u) and its derivative, without overflow
        total += std::max(u, 0.0) + std::log1p(std::exp(-std::abs(u)));
        q_[row] = u < 0 ? std::exp(u) / (1 + std::exp(u)) : 1 / (1 + std::exp(-u));
      }
    }
    return total / static_cast<double>(2 * problem_.n);
  }

  // raw_i = sum_j (P_ij + P_ji) x_j over the negatives, P_ij = q_i exp(c s_ij) / Neg_i.
  void sum_gradients() {
    std::vector<float> weights(padded());  // fast: of 2^(scale s - shift); safe: the shift of a row
    for (int64_t row = 0; row < rows_; ++row) {
      if (padding(row)) continue;
      const double log_weight = std::log(q_[row]) - log_negatives_[row];
      weights[row] = static_cast<float>(safe_ ? std::min(-log_weight * kLog2E, 1e30)
                                              : std::exp(log_weight + shift_ * kLn2));
    }
    over_tiles([&](int64_t i, int64_t j, float* s) {
      const int64_t rows = rows_of(i), columns = rows_of(j);
      const int64_t a = i * tile::kRows, b = j * tile::kRows, panel = ops_.panel;
      if (safe_) {
        ops_.exp_weights_safe(s, scale_, rows, columns, &weights[a], &weights[b]);
      } else {
        ops_.exp_weights(s, scale_, shift_, rows, columns, &weights[a], &weights[b]);
      }
      ops_.accumulate(s, z_.data() + b * panel, stride_, panels_, rows, columns,
                      raw_.data() + a * panel);
      if (i != j) {
        ops_.accumulate_transposed(s, z_.data() + a * panel, stride_, panels_, rows, columns,
                                   raw_.data() + b * panel);
      }
    });
  }

  // Gradients of the inputs, through the division by the norm; returns d loss / d scale, for which
  // sum_ij P_ij s_ij = 1/2 sum_i x_i . raw_i comes for free.
  double finish(float* grad0, float* grad1) {
    const int64_t n = problem_.n, d = problem_.d;
    const double factor = double{problem_.scale} / static_cast<double>(2 * n);
    const std::vector<double>& pull = problem_.decoupled ? weight_ : q_;
    std::vector<double> by_row(padded());
    over_rows([&](int64_t row) {
      const double both = pull[row] + pull[partner(row)];
      const int64_t to_partner = (partner(row) - row) * ops_.panel;
      double similarity = 0, along = 0;
      over_pieces(row, [&](int64_t, int64_t count, int64_t place) {
        const float *x = &z_[place], *raw = &raw_[place];
        for (int64_t k = 0; k < count; ++k) {
          similarity += double{x[k]} * raw[k];
          along += x[k] * (raw[k] - both * x[to_partner + k]);
        }
      });
      by_row[row] = similarity / 2 - pull[row] * positive_[row];
      if (!problem_.normalize || inverse_norm_[row] >= 1 / kNormFloor) along = 0;
      const double inverse = factor * inverse_norm_[row];
      float* grad = row < half_ ? grad0 + row * d : grad1 + (row - half_) * d;
      over_pieces(row, [&](int64_t column, int64_t count, int64_t place) {
        const float *x = &z_[place], *raw = &raw_[place];
        for (int64_t k = 0; k < count; ++k) {
          const double full = raw[k] - both * x[to_partner + k] - along * x[k];
          grad[column + k] = static_cast<float>(inverse * full);
        }
      });
    });
    double total = 0;
    for (int64_t row = 0; row < rows_; ++row) total += by_row[row];
    return total / static_cast<double>(2 * problem_.n);
  }

  const NtXentProblem& problem_;
  const ForEach& for_each_;
  const tile::Ops& ops_;
  const int64_t half_, rows_, blocks_, panels_, stride_;
  const float scale_;  // of base-2 exponents
  float shift_ = 0;
  bool safe_ = false;
  LineFloats z_, raw_;  // in panels; raw_ is empty when no gradient is asked for
  std::vector<double> inverse_norm_, positive_, log_negatives_, q_, weight_;
};

}  // namespace

const tile::Ops& tile::ops(Simd simd) {
  if (simd == Simd::kAvx512 && avx512_ops()) return *avx512_ops();
  if (simd >= Simd::kAvx2 && avx2_ops()) return *avx2_ops();
  return portable_ops();
}

void serial_for(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  if (count > 0) body(0, count);
}

NtXentValue nt_xent(const NtXentProblem& problem, float* grad0, float* grad1,
                    const ForEach& for_each, Simd simd) {
  NtXentRun run(problem, grad0 != nullptr, for_each, tile::ops(simd));
  return run.run(grad0, grad1);
}

}  // namespace likewise::kernels
