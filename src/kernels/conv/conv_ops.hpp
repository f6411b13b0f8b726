#pragma once
// The loops of convolutions that are written once and compiled for each instruction set. Channels
// come in blocks of kBlock; a tile of the Winograd algorithm makes 4 x 4 pixels from 6 x 6.

#include <cstdint>

#include "kernels/simd.hpp"

namespace likewise::kernels::conv {

constexpr int64_t kBlock = 16;
constexpr int64_t kTile = 4, kPatch = 6, kPoints = kPatch * kPatch;

// Transformed tiles lie in groups of kGroup: [block of channels][point][tile][kBlock]. A group's
// block spans few pages, because a processor knows few pages to write to at once, and a line more
// than a power of two from point to point, else all points would share one set of the cache.
constexpr int64_t kGroup = 16, kPointStep = kGroup * kBlock + kBlock;
constexpr int64_t kBlockStep = kPoints * kPointStep;

// Points at which the tile's polynomials are multiplied: 0, +-kNear, +-kFar, infinity. Of the sets
// tried (+-1, +-2; +-1/2, +-1; +-3/4, +-3/2; ...) this one has the smallest error.
constexpr float kNear = 0.625F, kFar = 1.5F;

// For each group g: c[r][j] = sum over segments s and k < depth of
//   a[g * a_group + offsets[s] + r * a_step + k] * b[s][k][j], c from g * c_group on.
struct Products {
  const float* a;
  const int64_t* offsets;
  int64_t a_step;  // 1 to 8, kBlock or 2 * kBlock
  int64_t segments, depth, rows;
  const float* b;    // as pack() leaves it
  int64_t channels;  // a multiple of kBlock
  float* c;
  int64_t c_step, c_block_step;  // from row to row, from block of channels to block
  int64_t groups = 1, a_group = 0, c_group = 0;
  int64_t skipped = 0, all = 0;  // segments of b before the first, and all; 0: no others
  int64_t last = 0;              // depth of the last segment; 0: as the others
};

// c[k][j] (+)= sum over segments s and t < count of
//   a[s * a_segment + t * a_step + k] * b[s * b_segment + t * b_step + j].
struct Outer {
  const float* a;
  int64_t a_step, a_segment;  // a_step: 1 to 8, kBlock or 2 * kBlock
  const float* b;
  int64_t b_step, b_segment, b_block_step;
  int64_t segments, count, depth, channels;
  float* c;
  int64_t c_step;
  bool add;
};

// y[i * y_row + j * y_pixel + o] = sum over c, r, s of
//   x[c * plane + (i + r) * pitch + j + s] * taps[c][r][s][o], o < count.
// Up to kRowsBeyond rows and two vectors beyond what that names are read.
struct FewRows {
  const float* x;
  int64_t plane, pitch, channels, kernel;
  const float* taps;
  int64_t count;  // 1 to kFewTogether
  int64_t height, width;
  float* y;
  int64_t y_row, y_pixel;
};
constexpr int64_t kFewTogether = 3, kRowsBeyond = 4;

struct Ops {
  // Channels that lie side by side in what pack() makes.
  int64_t (*panel)(int64_t channels);
  // w [taps][depth][channels] -> [channels / panel][taps][depth][panel].
  void (*pack)(const float* w, int64_t taps, int64_t depth, int64_t channels, float* packed);
  // 16 x 16 values.
  void (*transpose_block)(const float* in, int64_t in_step, float* out, int64_t out_step);
  void (*copy_blocks)(const float* in, int64_t in_step, int64_t count, float* out);

  void (*products)(const Products& p);
  void (*outer)(const Outer& p);

  // B^T d B of `blocks` blocks of channels; d: 36 pixels. v: a tile of a group.
  void (*input_transform)(const float* const* pixels, int64_t blocks, float* v);
  // A dy A^T; dy: 16 pixels.
  void (*gradient_transform)(const float* const* pixels, int64_t blocks, float* z);
  // A^T m A; null pixels are not wanted.
  void (*output_transform)(const float* m, int64_t blocks, float* const* pixels);
  // G w G^T: w [9][n] -> u [36][n], n a multiple of kBlock.
  void (*weight_transform)(const float* w, int64_t n, float* u);
  // G^T du G: du [36][n] -> dw [9][n].
  void (*weight_gradient_transform)(const float* du, int64_t n, float* dw);
  void (*few_rows)(const FewRows& p);
  // to += from.
  void (*add)(float* to, const float* from, int64_t n);
};

const Ops& ops(Simd simd);

}  // namespace likewise::kernels::conv
