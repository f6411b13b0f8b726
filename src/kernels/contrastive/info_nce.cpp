#include "kernels/contrastive/info_nce.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/contrastive/info_nce_tiles.hpp"

namespace likewise::kernels {
namespace {

using namespace contrastive;

// The queries go in blocks of a few tiles. In a block, pieces of the keys are worked on at the same
// time, each with its own sums, which are then added in the order of the pieces: nothing depends on
// the number of threads. With the constant shift, T_i = sum_j e_ij and raw_i = sum_j e_ij k_j come
// out of one pass, and raw_i is only divided by the denominator afterwards; the gradient of the
// keys is made of the same e_ij.
class InfoNceRun : InfoNceTiles {
 public:
  InfoNceRun(const InfoNceProblem& problem, const InfoNceGradients& gradients,
             const ForEach& for_each, const tile::Ops& ops)
      : InfoNceTiles(problem, gradients.k != nullptr, for_each, ops),
        gradients_(gradients),
        with_gradient_(gradients.q || gradients.k || gradients.positive_key),
        scale_(static_cast<float>(problem.scale * kLog2E)) {
    by_row_.resize(static_cast<size_t>(problem.n));
    find_shift();
  }

  InfoNceValue run() {
    const int64_t exponentials = gradients_.k ? block_ * key_tiles_ * kTile : 0;
    Floats kept(exponentials);
    if (gradients_.k) key_raw_.assign(static_cast<size_t>(key_tiles_ * tile_floats_), 0.0F);
    for (int64_t first = 0; first < query_tiles_; first += block_) {
      block_of_queries(first, std::min(block_, query_tiles_ - first), kept.get());
    }
    if (gradients_.k) finish_keys();
    InfoNceValue value{0, 0};
    for (const Row& row : by_row_) {
      value.loss += row.loss;
      value.scale_gradient += row.scale_gradient;
    }
    const double counted = static_cast<double>(std::max<int64_t>(1, positives_.counted()));
    value.loss /= counted;
    value.scale_gradient /= counted;
    return value;
  }

 private:
  struct Row {
    double loss = 0, scale_gradient = 0, own_pull = 0;
  };

  void find_shift() {
    const double largest = std::sqrt(queries_.largest_square * keys_.largest_square);
    double top = problem_.scale * largest;
    if (problem_.key_log_weight) {
      double most = 0;
      for (int64_t j = 0; j < problem_.m; ++j) {
        most = std::max(most, double{problem_.key_log_weight[j]});
      }
      top += most;
    }
    shift_ = static_cast<float>(top * kLog2E) - kHeadroom;
  }

  void block_of_queries(int64_t first, int64_t count, float* kept) {
    Floats block(count * tile_floats_), raw(with_gradient_ ? parts_ * count * tile_floats_ : 0);
    std::vector<double> sums(static_cast<size_t>(parts_ * count * kRows));
    for_each_(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        pad_columns(block.get() + i * tile_floats_);
        load_tile(queries_, first + i, block.get() + i * tile_floats_);
      }
    });
    LineFloats shifts(static_cast<size_t>(count * kRows), 0.0F);
    float shift = shift_;
    const auto pass = [&] {
      std::fill(sums.begin(), sums.end(), 0.0);
      if (with_gradient_) std::fill_n(raw.get(), parts_ * count * tile_floats_, 0.0F);
      over_tiles(first, count, block.get(), shift, kept,
                 [&](int64_t i, int64_t j, float* s, const Scratch& scratch, int64_t part) {
                   const int64_t rows = rows_of(first + i), at = part * count + i;
                   const int64_t columns = std::min(kRows, problem_.m - j * kRows);
                   ops_.exp_rows(s, scale_, scratch.offsets.data(), &shifts[i * kRows], rows,
                                 columns, &sums[at * kRows]);
                   if (!with_gradient_) return;
                   ops_.accumulate(s, scratch.keys.data(), kRows * ops_.panel, panels_, rows,
                                   columns, raw.get() + at * tile_floats_);
                 });
      for (int64_t part = 1; part < parts_; ++part) {  // in order, into the first
        for (int64_t r = 0; r < count * kRows; ++r) sums[r] += sums[part * count * kRows + r];
      }
    };
    pass();
    const double lowest = std::ldexp(1.0, kLowest);
    const int64_t rows = std::min(count * kRows, problem_.n - first * kRows);
    if (std::any_of(sums.begin(), sums.begin() + rows, [&](double x) { return x < lowest; })) {
      shift = 0;
      shifts = maxima(first, count, block.get(), kept);
      pass();
    }
    for_each_(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t part = 1; with_gradient_ && part < parts_; ++part) {
          const float* more = raw.get() + (part * count + i) * tile_floats_;
          float* to = raw.get() + i * tile_floats_;
          for (int64_t x = 0; x < tile_floats_; ++x) to[x] += more[x];
        }
        std::vector<double> row(static_cast<size_t>(problem_.d)), gradient(row.size());
        for (int64_t r = 0; r < rows_of(first + i); ++r) {
          float* x = block.get() + i * tile_floats_ + r * ops_.panel;
          const double weight = finish_query(
              (first + i) * kRows + r, x, raw.get() + i * tile_floats_ + r * ops_.panel,
              sums[i * kRows + r], double{shift} + shifts[i * kRows + r], row, gradient);
          for (int64_t q = 0; kept && q < panels_; ++q) {  // now it weighs its exponentials
            for (int64_t c = 0; c < ops_.panel; ++c) {
              float& at = x[q * kRows * ops_.panel + c];
              at = static_cast<float>(weight * at);
            }
          }
        }
      }
    });
    if (kept) sum_key_gradients(first, count, block.get(), kept);
  }

  LineFloats maxima(int64_t first, int64_t count, const float* block, float* kept) const {
    std::vector<float> top(static_cast<size_t>(parts_ * count * kRows), kMinusInfinity);
    over_tiles(first, count, block, 0, kept,
               [&](int64_t i, int64_t j, float* s, const Scratch& scratch, int64_t part) {
                 ops_.maxima_of_rows(s, scale_, scratch.offsets.data(), rows_of(first + i),
                                     std::min(kRows, problem_.m - j * kRows),
                                     &top[(part * count + i) * kRows]);
               });
    LineFloats out(static_cast<size_t>(count * kRows), -1e30F);  // -infinity minus itself is NaN
    for (int64_t part = 0; part < parts_; ++part) {
      for (int64_t r = 0; r < count * kRows; ++r) {
        out[r] = std::max(out[r], top[part * count * kRows + r]);
      }
    }
    return out;
  }

  // Loss and gradient of query i. x is its row in panels; raw the sum of the keys, each times its
  // exponential, whose sum is sum * 2^shift. Returns the weight of its exponentials.
  double finish_query(int64_t i, const float* x, const float* raw, double sum, double shift,
                      std::vector<double>& row, std::vector<double>& gradient) {
    if (!positives_.counts(i)) {
      if (gradients_.q) std::fill_n(gradients_.q + i * problem_.d, problem_.d, 0.0F);
      return 0;
    }
    unpack(x, 1, row.data());
    const double count = positives_.count(i), scale = problem_.scale;
    const double own = positives_.own_similarity(i, row.data());
    const double group = positives_.group_similarity(i, row.data());
    const double log_sum = std::log(sum) + shift * kLn2;
    const bool in_denominator = positives_.has_own(i) && !problem_.decoupled;
    Row& out = by_row_[i];
    double rest = 1;  // the tiles' share of the denominator
    if (in_denominator) {
      // With u = log of tiles over own term, the loss of a single positive is log(1 + e^u) and its
      // derivative the tiles' share, where 1 minus the own share would cancel.
      const double term = scale * own + own_log_weight(i), u = log_sum - term;
      const double small = std::exp(-std::abs(u)), more = std::log1p(small);
      rest = (u < 0 ? small : 1) / (1 + small);
      const double share = (u < 0 ? 1 : small) / (1 + small);
      out.own_pull = count == 1 ? rest : 1 / count - share;
      out.loss = count == 1 ? own_log_weight(i) + std::max(u, 0.0) + more
                            : std::max(log_sum, term) + more - scale * (own + group) / count;
    } else {
      out.own_pull = positives_.has_own(i) ? 1 / count : 0;
      out.loss = log_sum - scale * (own + group) / count;
    }
    if (!with_gradient_) return 0;
    const double weight = sum == 0 ? 0 : rest / sum;
    unpack(raw, weight, gradient.data());
    double along = 0;
    for (int64_t c = 0; c < problem_.d; ++c) along += gradient[c] * row[c];
    out.scale_gradient = along - out.own_pull * own - group / count;
    positives_.add(i, -out.own_pull, -1 / count, gradient.data());
    if (gradients_.q) queries_.finish(i, factor(), gradient.data(), gradients_.q + i * problem_.d);
    if (gradients_.positive_key) {
      for (int64_t c = 0; c < problem_.d; ++c) gradient[c] = -out.own_pull * row[c];
      positives_.own_rows().finish(i, factor(), gradient.data(),
                                   gradients_.positive_key + i * problem_.d);
    }
    return weight;
  }

  double factor() const {
    return double{problem_.scale} / static_cast<double>(std::max<int64_t>(1, positives_.counted()));
  }

  double own_log_weight(int64_t i) const {
    const int64_t own = positives_.own_index(i);
    return own >= 0 && problem_.key_log_weight ? problem_.key_log_weight[own] : 0;
  }

  void sum_key_gradients(int64_t first, int64_t count, const float* weighted, const float* kept) {
    for_each_(key_tiles_, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        for (int64_t i = 0; i < count; ++i) {
          ops_.accumulate_transposed(kept + (i * key_tiles_ + j) * kTile,
                                     weighted + i * tile_floats_, kRows * ops_.panel, panels_,
                                     rows_of(first + i), std::min(kRows, problem_.m - j * kRows),
                                     key_raw_.data() + j * tile_floats_);
        }
      }
    });
  }

  // What the tiles have summed, and the pull of the positives.
  void finish_keys() {
    const int64_t d = problem_.d;
    const auto add_to_key = [&](int64_t key, int64_t query, double by) {
      float* to = key_raw_.data() + key / kRows * tile_floats_ + key % kRows * ops_.panel;
      by *= queries_.inverse_norm[query];
      const float* x = queries_.row(query);
      for (int64_t c = 0; c < d; c += ops_.panel, to += kRows * ops_.panel) {
        const int64_t width = std::min(ops_.panel, d - c);
        for (int64_t t = 0; t < width; ++t) to[t] += static_cast<float>(by * x[c + t]);
      }
    };
    for (int64_t i = 0; i < problem_.n; ++i) {
      if (!positives_.counts(i)) continue;
      const int64_t itself = positives_.self(i), index = positives_.own_index(i);
      const double each = 1 / positives_.count(i);
      // The sum of the group pulls these two as well.
      if (positives_.in_group(i, itself)) add_to_key(itself, i, each);
      if (index < 0) continue;
      const bool twice = index != itself && positives_.in_group(i, index);
      add_to_key(index, i, (twice ? each : 0) - by_row_[i].own_pull);
    }
    const std::vector<double> pulls = positives_.group_pulls(for_each_);
    for_each_(key_tiles_, [&](int64_t begin, int64_t end) {
      std::vector<double> gradient(static_cast<size_t>(d));
      for (int64_t j = begin * kRows; j < std::min(problem_.m, end * kRows); ++j) {
        unpack(key_raw_.data() + j / kRows * tile_floats_ + j % kRows * ops_.panel, 1,
               gradient.data());
        if (!pulls.empty() && positives_.key_groups()[j] >= 0) {
          const double* pull = &pulls[positives_.key_groups()[j] * d];
          for (int64_t c = 0; c < d; ++c) gradient[c] -= pull[c];
        }
        keys_.finish(j, factor(), gradient.data(), gradients_.k + j * d);
      }
    });
  }

  const InfoNceGradients& gradients_;
  const bool with_gradient_;
  const float scale_;  // of base-2 exponents
  float shift_ = 0;
  LineFloats key_raw_;  // in tiles of panels
  std::vector<Row> by_row_;
};

}  // namespace

InfoNceValue info_nce(const InfoNceProblem& problem, const InfoNceGradients& gradients,
                      const ForEach& for_each, Simd simd) {
  return InfoNceRun(problem, gradients, for_each, tile::ops(simd)).run();
}

}  // namespace likewise::kernels
