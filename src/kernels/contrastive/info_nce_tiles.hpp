#pragma once
// The similarities of queries with keys, tile by tile, with what takes no part left out.

#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/contrastive/info_nce.hpp"
#include "kernels/contrastive/numbers.hpp"
#include "kernels/contrastive/positives.hpp"
#include "kernels/contrastive/tile.hpp"

namespace likewise::kernels::contrastive {

using tile::kRows;

constexpr int64_t kMostBlock = 8;                  // tiles of queries that meet the keys at a time
constexpr int64_t kMostParts = 8;                  // pieces of the keys that threads share out
constexpr int64_t kMostExponentials = 16 << 18;    // floats kept for the gradient of the keys
constexpr int64_t kTile = kRows * tile::kLeading;  // floats of a tile of similarities

inline int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

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

// Queries and keys in tiles of panels. Of the keys, `parts_` pieces are worked on at the same time.
class InfoNceTiles {
 protected:
  InfoNceTiles(const InfoNceProblem& problem, bool with_key_gradient, const ForEach& for_each,
               const tile::Ops& ops)
      : problem_(problem),
        for_each_(for_each),
        ops_(ops),
        panels_(pieces(problem.d, ops.panel)),
        tile_floats_(panels_ * kRows * ops.panel),
        query_tiles_(pieces(problem.n, kRows)),
        key_tiles_(pieces(problem.m, kRows)),
        queries_(problem.q, problem.n, problem.d, problem.normalize, for_each),
        keys_(problem.k, problem.m, problem.d, problem.normalize, for_each),
        positives_(problem, queries_, keys_, for_each) {
    int64_t most = kMostBlock;
    if (with_key_gradient) {
      most = std::clamp<int64_t>(kMostExponentials / (key_tiles_ * kTile), 1, kMostBlock);
    }
    block_ = pieces(query_tiles_, pieces(query_tiles_, most));
    part_tiles_ = pieces(key_tiles_, std::min(kMostParts, key_tiles_));
    parts_ = pieces(key_tiles_, part_tiles_);
    if (positives_.groups_are_masked()) pad_groups();
  }

  struct Scratch {
    Scratch(const InfoNceTiles& run, bool own_tile)
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

  // The columns beyond d of the last panel.
  void pad_columns(float* tile) const {
    const int64_t stride = kRows * ops_.panel;
    std::fill(tile + (panels_ - 1) * stride, tile + panels_ * stride, 0.0F);
  }

  // A row of a tile in panels, times `factor`.
  void unpack(const float* from, double factor, double* to) const {
    for (int64_t c = 0; c < problem_.d; c += ops_.panel, from += kRows * ops_.panel) {
      const int64_t width = std::min(ops_.panel, problem_.d - c);
      for (int64_t x = 0; x < width; ++x) to[c + x] = factor * from[x];
    }
  }

  const InfoNceProblem& problem_;
  const ForEach& for_each_;
  const tile::Ops& ops_;
  const int64_t panels_, tile_floats_, query_tiles_, key_tiles_;
  int64_t block_ = 1, parts_ = 1, part_tiles_ = 1;
  UnitRows queries_, keys_;
  Positives positives_;

 private:
  void pad_groups() {
    group_rows_ = positives_.query_groups();
    group_rows_.resize(static_cast<size_t>(query_tiles_ * kRows), -1);
    group_columns_ = positives_.key_groups();
    group_columns_.resize(static_cast<size_t>(key_tiles_ * kRows), -2);
  }

  std::vector<int32_t> group_rows_, group_columns_;
};

}  // namespace likewise::kernels::contrastive
