#include "kernels/conv/winograd.hpp"

#include <algorithm>
#include <vector>

#include "kernels/aligned.hpp"

namespace likewise::kernels::conv {
namespace {

int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The tiles of a batch, numbered image by image.
struct Grid {
  Grid(const Image& x, int64_t pad)
      : padding(pad),
        height(x.height + 2 * pad - 2),
        width(x.width + 2 * pad - 2),
        rows(up(height, kTile)),
        columns(up(width, kTile)),
        count(x.batch * rows * columns) {}
  int64_t padding, height, width, rows, columns, count;
};

// Tiles that are transformed together: their values and the transformed weights stay in the
// second-level cache, and many channels, whose weights do not, are read for as many tiles. Sums of
// outer products are stored once for all of them.
int64_t tiles_together(int64_t in, int64_t out, bool sums) {
  const int64_t fit = (sums ? 9600 : 4800) / (in + out), least = in * out / (sums ? 256 : 512);
  return std::clamp<int64_t>(std::max(fit, least) / kBlock * kBlock, kBlock, 64);
}

// Calls body(tile within [0, count), pointers to its SIDE x SIDE pixels) with `outside` for pixels
// beyond the image; shift: of the first pixel from the tile's, 0 with a source.
template <int64_t SIDE, class T, class Body>
void over_tiles(const Grid& grid, int64_t height, int64_t width, int64_t channels, int64_t shift,
                int64_t first, int64_t count, T* pixels, T* outside, const Body& body,
                const ConvSource* source = nullptr) {
  int64_t n = first / (grid.rows * grid.columns), at = first % (grid.rows * grid.columns);
  int64_t row = at / grid.columns, column = at % grid.columns;
  for (int64_t t = 0; t < count; ++t) {
    T* pointers[SIDE * SIDE];
    const int64_t top = row * kTile - shift, left = column * kTile - shift;
    T* corner = pixels + ((n * height + top) * width + left) * channels;
    const bool inside = top >= 0 && left >= 0 && top + SIDE <= height && left + SIDE <= width;
    for (int64_t i = 0; source && i < SIDE; ++i) {
      const bool row_in = top + i < height;
      T* row_at =
          row_in ? pixels + (n * source->height + source->rows[top + i]) * source->width * channels
                 : nullptr;
      for (int64_t j = 0; j < SIDE; ++j) {
        const bool in = row_in && left + j < width;
        pointers[i * SIDE + j] = in ? row_at + source->columns[left + j] * channels : outside;
      }
    }
    for (int64_t i = 0; !source && i < SIDE; ++i) {
      const bool row_in = inside || (top + i >= 0 && top + i < height);
      for (int64_t j = 0; j < SIDE; ++j) {
        const bool in = inside || (row_in && left + j >= 0 && left + j < width);
        pointers[i * SIDE + j] = in ? corner + (i * width + j) * channels : outside;
      }
    }
    body(t, pointers);
    if (++column == grid.columns) {
      column = 0;
      if (++row == grid.rows) row = 0, ++n;
    }
  }
}

struct Scratch {
  LineFloats v, m, zeros;
  void fit(int64_t a, int64_t b, int64_t channels) {
    const auto grow = [](LineFloats& x, int64_t n) {
      if (static_cast<int64_t>(x.size()) < n) x.resize(static_cast<size_t>(n));
    };
    grow(v, a), grow(m, b), grow(zeros, channels);
  }
};
Scratch& scratch() {
  thread_local Scratch own;
  return own;
}

// Where tile t of many lies in groups of `blocks` blocks of channels.
int64_t tile_at(int64_t t, int64_t blocks) {
  return t / kGroup * blocks * kBlockStep + t % kGroup * kBlock;
}

// What would be tiles `count` and on of its group weighs nothing.
void clear_rest(float* groups, int64_t count, int64_t blocks) {
  for (int64_t t = count; t % kGroup != 0; ++t) {
    float* tile = groups + tile_at(t, blocks);
    for (int64_t k = 0; k < blocks * kPoints; ++k) {
      std::fill_n(tile + k * kPointStep, kBlock, 0.0F);  // blocks follow each other
    }
  }
}

}  // namespace

void winograd(const Image& x, const float* pixels, int64_t padding, const float* taps, int64_t out,
              float* y, const ConvForEach& for_each, const Ops& ops) {
  const Grid grid(x, padding);
  const int64_t in = x.channels, together = tiles_together(in, out, false);
  const int64_t in_blocks = in / kBlock, out_blocks = out / kBlock;
  const int64_t used = x.used > 0 ? x.used : in, used_blocks = up(used, kBlock);
  LineFloats plain(static_cast<size_t>(kPoints * in * out)), u(plain.size());
  ops.weight_transform(taps, in * out, plain.data());
  for (int64_t k = 0; k < kPoints; ++k) {
    ops.pack(plain.data() + k * in * out, 1, in, out, u.data() + k * in * out);
  }
  std::vector<int64_t> offsets;
  for (int64_t c = 0; c < in_blocks; ++c) offsets.push_back(c * kBlockStep);
  for_each(up(grid.count, together), [&](int64_t begin, int64_t end) {
    Scratch& own = scratch();
    own.fit(tile_at(together, in_blocks), tile_at(together, out_blocks), in);
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * together, count = std::min(together, grid.count - first);
      over_tiles<kPatch, const float>(
          grid, x.height, x.width, in, padding, first, count, pixels, own.zeros.data(),
          [&](int64_t t, const float* const* patch) {
            ops.input_transform(patch, in_blocks, own.v.data() + tile_at(t, in_blocks));
          },
          x.source);
      for (int64_t k = 0; k < kPoints; ++k) {
        // Whole groups: what is beyond the last tile is not looked at.
        ops.products({.a = own.v.data() + k * kPointStep,
                      .offsets = offsets.data(),
                      .a_step = kBlock,
                      .segments = used_blocks,
                      .depth = kBlock,
                      .rows = kGroup,
                      .b = u.data() + k * in * out,
                      .channels = out,
                      .c = own.m.data() + k * kPointStep,
                      .c_step = kBlock,
                      .c_block_step = kBlockStep,
                      .groups = up(count, kGroup),
                      .a_group = in_blocks * kBlockStep,
                      .c_group = out_blocks * kBlockStep,
                      .all = in_blocks,
                      .last = used - (used_blocks - 1) * kBlock});
      }
      over_tiles<kTile, float>(grid, grid.height, grid.width, out, 0, first, count, y, nullptr,
                               [&](int64_t t, float* const* to) {
                                 ops.output_transform(own.m.data() + tile_at(t, out_blocks),
                                                      out_blocks, to);
                               });
    }
  });
}

void winograd_weights(const Image& x, const float* pixels, int64_t padding, const float* dy,
                      int64_t out, float* dw, const ConvForEach& for_each, const Ops& ops) {
  const Grid grid(x, padding);
  const int64_t in = x.channels, in_blocks = in / kBlock, out_blocks = out / kBlock;
  const int64_t used = x.used > 0 ? x.used : in;
  // A sum of its own for each group of tiles, whatever the number of threads; sums take long to
  // store, so that a group has many tiles.
  const int64_t together = tiles_together(in, out, true);
  const int64_t least = up(256, together) * together;
  const int64_t parts_count = std::clamp<int64_t>(grid.count / least, 1, 16);
  const int64_t part = up(up(grid.count, parts_count), together) * together;
  const int64_t sums = kPoints * in * out, size = 9 * in * out;
  LineFloats parts(static_cast<size_t>(parts_count * size));
  for_each(parts_count, [&](int64_t begin, int64_t end) {
    Scratch& own = scratch();
    own.fit(tile_at(together, in_blocks), tile_at(together, out_blocks), std::max(in, out));
    LineFloats du(static_cast<size_t>(sums));
    for (int64_t g = begin; g < end; ++g) {
      const int64_t stop = std::min(grid.count, (g + 1) * part);
      for (int64_t first = g * part; first < stop; first += together) {
        const int64_t count = std::min(together, stop - first);
        over_tiles<kPatch, const float>(
            grid, x.height, x.width, in, padding, first, count, pixels, own.zeros.data(),
            [&](int64_t t, const float* const* patch) {
              ops.input_transform(patch, in_blocks, own.v.data() + tile_at(t, in_blocks));
            },
            x.source);
        over_tiles<kTile, const float>(
            grid, grid.height, grid.width, out, 0, first, count, dy, own.zeros.data(),
            [&](int64_t t, const float* const* tile) {
              ops.gradient_transform(tile, out_blocks, own.m.data() + tile_at(t, out_blocks));
            });
        clear_rest(own.v.data(), count, in_blocks);
        clear_rest(own.m.data(), count, out_blocks);
        for (int64_t k = 0; k < kPoints; ++k) {
          for (int64_t c = 0; c * kBlock < used; ++c) {
            ops.outer({.a = own.v.data() + k * kPointStep + c * kBlockStep,
                       .a_step = kBlock,
                       .a_segment = in_blocks * kBlockStep,
                       .b = own.m.data() + k * kPointStep,
                       .b_step = kBlock,
                       .b_segment = out_blocks * kBlockStep,
                       .b_block_step = kBlockStep,
                       .segments = up(count, kGroup),
                       .count = kGroup,
                       .depth = std::min(kBlock, used - c * kBlock),
                       .channels = out,
                       .c = du.data() + (k * in + c * kBlock) * out,
                       .c_step = out,
                       .add = first != g * part});
          }
        }
      }
      if (g * part < stop) {
        ops.weight_gradient_transform(du.data(), in * out, parts.data() + g * size);
      }
    }
  });
  std::copy_n(parts.data(), size, dw);
  for (int64_t g = 1; g < parts_count; ++g) ops.add(dw, parts.data() + g * size, size);
}

}  // namespace likewise::kernels::conv
