#include "kernels/contrastive/info_nce.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/contrastive/numbers.hpp"
#include "kernels/contrastive/positives.hpp"
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels {
namespace {

using namespace contrastive;
using tile::kRows;

constexpr int64_t kMostBlock = 8;                  // tiles of queries that meet the keys at a time
constexpr int64_t kMostParts = 8;                  // pieces of the keys that threads share out
constexpr int64_t kMostExponentials = 16 << 18;    // floats kept for the gradient of the keys
constexpr int64_t kTile = kRows * tile::kLeading;  // floats of a tile of similarities

int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

// Memory that is written before it is read.
class Floats {
 public:
  explicit Floats(int64_t n) {
    if (n > 0) data_.reset(LineAllocator<float>().allocate(static_cast<size_t>(n)));
  }
  float* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { LineAllocator<float>().deallocate(p, 0); }
  };
  std::unique_ptr<float, Free> data_;
};

// The queries go in blocks of a few tiles. In a block, pieces of the keys are worked on at the same
// time, each with its own sums, which are then added in the order of the pieces: nothing depends on
// the number of threads. With the constant shift, T_i = sum_j e_ij and raw_i = sum_j e_ij k_j come
// out of one pass, and raw_i is only divided by the denominator afterwards; the gradient of the
// keys is made of the same e_ij.
class InfoNceRun {
 public:
  InfoNceRun(const InfoNceProblem& problem, const InfoNceGradients& gradients,
             const ForEach& for_each, const tile::Ops& ops)
      : problem_(problem),
        gradients_(gradients),
        for_each_(for_each),
        ops_(ops),
        with_gradient_(gradients.q || gradients.k || gradients.positive_key),
        panels_(pieces(problem.d, ops.panel)),
        tile_floats_(panels_ * kRows * ops.panel),
        query_tiles_(pieces(problem.n, kRows)),
        key_tiles_(pieces(problem.m, kRows)),
        scale_(static_cast<float>(problem.scale * kLog2E)),
        queries_(problem.q, problem.n, problem.d, problem.normalize, for_each),
        keys_(problem.k, problem.m, problem.d, problem.normalize, for_each),
        positives_(problem, queries_, keys_, for_each) {
    int64_t most = kMostBlock;
    if (gradients.k) {
      most = std::clamp<int64_t>(kMostExponentials / (key_tiles_ * kTile), 1, kMostBlock);
    }
    block_ = pieces(query_tiles_, pieces(query_tiles_, most));
    part_tiles_ = pieces(key_tiles_, std::min(kMostParts, key_tiles_));
    parts_ = pieces(key_tiles_, part_tiles_);
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
  struct Scratch {
    Scratch(const InfoNceRun& run, bool own_tile)
        : keys(static_cast<size_t>(run.tile_floats_), 0.0F),
          packed(tile::kLeading * run.panels_ * run.ops_.panel),
          s(own_tile ? kTile : 0),
          offsets(static_cast<size_t>(kRows)) {}
    LineFloats keys;
    Floats packed, s;
    LineFloats offsets;
  };

  int64_t rows_of(int64_t query_tile) const {
    return std::min(kRows, problem_.n - query_tile * kRows);
  }

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

  // Rows of a tile in panels, zeros up to whole panels of rows.
  void load_tile(const UnitRows& from, int64_t tile, float* to) const {
    const int64_t rows = std::min(kRows, from.rows - tile * kRows), stride = kRows * ops_.panel;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t i = tile * kRows + r;
      ops_.scale_row(from.row(i), from.inverse_norm[i], problem_.d, to + r * ops_.panel, stride);
    }
    for (int64_t q = 0; q < panels_; ++q) {
      std::fill(to + q * stride + rows * ops_.panel, to + (q + 1) * stride, 0.0F);
    }
  }

  void load_offsets(int64_t tile, float shift, float* offsets) const {
    const int64_t first = tile * kRows, columns = std::min(kRows, problem_.m - first);
    std::fill(offsets, offsets + columns, -shift);
    std::fill(offsets + columns, offsets + kRows, kMinusInfinity);
    if (!problem_.key_log_weight) return;
    for (int64_t c = 0; c < columns; ++c) {
      offsets[c] += static_cast<float>(problem_.key_log_weight[first + c] * kLog2E);
    }
  }

  // Similarities of a tile of queries with one of keys, -infinity where a pair does not count.
  void similarities(const float* queries, int64_t i, int64_t j, const Scratch& scratch,
                    float* s) const {
    const int64_t rows = rows_of(i), columns = std::min(kRows, problem_.m - j * kRows);
    ops_.similarity(queries, ops_.panel, kRows * ops_.panel, panels_, scratch.packed.get(), rows,
                    columns, s);
    if (positives_.groups_are_masked()) {
      ops_.keep_groups(s, group_rows_.data() + i * kRows, group_columns_.data() + j * kRows, rows,
                       columns, false);
    }
    if (!problem_.self && !problem_.positive) return;
    for (int64_t r = 0; r < rows; ++r) {
      for (const int64_t key :
           {positives_.self(i * kRows + r), positives_.own_index(i * kRows + r)}) {
        const int64_t c = key - j * kRows;
        if (c >= 0 && c < columns) s[r * tile::kLeading + c] = kMinusInfinity;
      }
    }
  }

  // Calls body(i, j, s, scratch, part) for all tiles of the block with all tiles of keys.
  template <class Body>
  void over_tiles(int64_t first, int64_t count, const float* block, float shift, float* kept,
                  const Body& body) const {
    for_each_(parts_, [&](int64_t begin, int64_t end) {
      Scratch scratch(*this, kept == nullptr);
      for (int64_t part = begin; part < end; ++part) {
        const int64_t last = std::min(key_tiles_, (part + 1) * part_tiles_);
        for (int64_t j = part * part_tiles_; j < last; ++j) {
          const int64_t columns = std::min(kRows, problem_.m - j * kRows);
          load_tile(keys_, j, scratch.keys.data());
          load_offsets(j, shift, scratch.offsets.data());
          ops_.pack(scratch.keys.data(), ops_.panel, kRows * ops_.panel, panels_,
                    pieces(columns, ops_.panel) * ops_.panel, scratch.packed.get());
          for (int64_t i = 0; i < count; ++i) {
            float* s = kept ? kept + (i * key_tiles_ + j) * kTile : scratch.s.get();
            similarities(block + i * tile_floats_, first + i, j, scratch, s);
            body(i, j, s, scratch, part);
          }
        }
      }
    });
  }

  void block_of_queries(int64_t first, int64_t count, float* kept) {
    if (positives_.groups_are_masked() && group_rows_.empty()) pad_groups();
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

  // The columns beyond d of the last panel.
  void pad_columns(float* tile) const {
    const int64_t stride = kRows * ops_.panel;
    std::fill(tile + (panels_ - 1) * stride, tile + panels_ * stride, 0.0F);
  }

  void pad_groups() {
    group_rows_ = positives_.query_groups();
    group_rows_.resize(static_cast<size_t>(query_tiles_ * kRows), -1);
    group_columns_ = positives_.key_groups();
    group_columns_.resize(static_cast<size_t>(key_tiles_ * kRows), -2);
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

  // A row of a tile in panels, times `factor`.
  void unpack(const float* from, double factor, double* to) const {
    for (int64_t c = 0; c < problem_.d; c += ops_.panel, from += kRows * ops_.panel) {
      const int64_t width = std::min(ops_.panel, problem_.d - c);
      for (int64_t x = 0; x < width; ++x) to[c + x] = factor * from[x];
    }
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

  const InfoNceProblem& problem_;
  const InfoNceGradients& gradients_;
  const ForEach& for_each_;
  const tile::Ops& ops_;
  const bool with_gradient_;
  const int64_t panels_, tile_floats_, query_tiles_, key_tiles_;
  const float scale_;  // of base-2 exponents
  float shift_ = 0;
  int64_t block_ = 1, parts_ = 1, part_tiles_ = 1;
  UnitRows queries_, keys_;
  Positives positives_;
  std::vector<int32_t> group_rows_, group_columns_;
  LineFloats key_raw_;  // in tiles of panels
  std::vector<Row> by_row_;
};

}  // namespace

InfoNceValue info_nce(const InfoNceProblem& problem, const InfoNceGradients& gradients,
                      const ForEach& for_each, Simd simd) {
  return InfoNceRun(problem, gradients, for_each, tile::ops(simd)).run();
}

}  // namespace likewise::kernels
