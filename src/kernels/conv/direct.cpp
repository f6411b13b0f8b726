#include "kernels/conv/direct.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/aligned.hpp"

namespace likewise::kernels::conv {
namespace {

// An image with zeros around it, its channels in blocks (planes one after another); fewer channels
// than a block lie side by side.
class Padded {
 public:
  Padded(int64_t height, int64_t width, int64_t channels, int64_t before, int64_t after)
      : height_(height),
        width_(width),
        channels_(channels),
        before_(before),
        block_(std::min(channels, kBlock)),
        pitch_((width + before + after) * block_),
        plane_((height + before + after) * pitch_),
        // Vectors of the last pixels may be read beyond the end.
        data_(static_cast<size_t>(channels / block_ * plane_ + 2 * kBlock)) {}

  void fill(const float* image, const ConvSource* source, const Ops& ops) {
    if (source) return fill_from(image, *source);
    for (int64_t c = 0; c < channels_ / block_; ++c) {
      for (int64_t i = 0; i < height_; ++i) {
        float* to = data_.data() + c * plane_ + (i + before_) * pitch_ + before_ * block_;
        const float* from = image + i * width_ * channels_ + c * block_;
        if (block_ == kBlock) {
          ops.copy_blocks(from, channels_, width_, to);
        } else {
          std::memcpy(to, from, static_cast<size_t>(width_ * block_) * sizeof(float));
        }
      }
    }
  }
  void fill_from(const float* image, const ConvSource& source) {
    for (int64_t c = 0; c < channels_ / block_; ++c) {
      for (int64_t i = 0; i < height_; ++i) {
        float* to = data_.data() + at(c, i, 0);
        const float* from = image + source.rows[i] * source.width * channels_ + c * block_;
        for (int64_t j = 0; j < width_; ++j, to += block_) {
          const float* pixel = from + source.columns[j] * channels_;
          if (block_ == kBlock) {
            std::memcpy(to, pixel, sizeof(float) * kBlock);
          } else {
            for (int64_t k = 0; k < block_; ++k) to[k] = pixel[k];
          }
        }
      }
    }
  }
  // Of pixel (i, j) of block c; i and j count from -before.
  int64_t at(int64_t c, int64_t i, int64_t j) const {
    return c * plane_ + (i + before_) * pitch_ + (j + before_) * block_;
  }
  const float* data() const { return data_.data(); }
  int64_t block() const { return block_; }
  int64_t pitch() const { return pitch_; }
  int64_t plane() const { return plane_; }

 private:
  int64_t height_, width_, channels_, before_, block_, pitch_, plane_;
  LineFloats data_;
};

// What a row of kernel taps becomes: with few channels its columns and channels are one run.
struct Runs {
  explicit Runs(const ConvShape& s)
      : columns(s.in < kBlock ? 1 : s.kernel), depth(s.in < kBlock ? s.kernel * s.in : kBlock) {}
  int64_t columns, depth;
};

// Pixels beyond the border that the last output looks at.
int64_t border(const ConvShape& s) { return std::max(s.padding, s.kernel); }

Padded padded_input(const ConvShape& s) {
  return Padded(s.height, s.width, s.in, s.padding, border(s));
}

// Numbers of an image of x.
int64_t image_size(const ConvShape& s) {
  return (s.source ? s.source->height * s.source->width : s.height * s.width) * s.in;
}

}  // namespace

int64_t computed(const ConvShape& s) {
  return s.out == kBlock && s.weight_out > 0 && s.weight_out <= kBlock / 2 ? kBlock / 2 : s.out;
}

void direct(const ConvShape& s, const float* x, const float* taps, float* y,
            const ConvForEach& for_each, const Ops& ops) {
  const int64_t channels = computed(s);
  LineFloats packed(static_cast<size_t>(s.kernel * s.kernel * s.in * channels));
  ops.pack(taps, s.kernel * s.kernel, s.in, channels, packed.data());
  const Runs runs(s);
  for_each(s.batch, [&](int64_t begin, int64_t end) {
    Padded image = padded_input(s);
    std::vector<int64_t> offsets;
    for (int64_t r = 0; r < s.kernel; ++r) {
      for (int64_t q = 0; q < runs.columns; ++q) {
        for (int64_t c = 0; c < s.in / image.block(); ++c) {
          offsets.push_back(image.at(c, r - s.padding, q - s.padding));
        }
      }
    }
    const int64_t row = s.out_width() * s.out;
    for (int64_t n = begin; n < end; ++n) {
      image.fill(x + n * image_size(s), s.source, ops);
      for (int64_t i = 0; i < s.out_height(); ++i) {
        // Rows of taps that do not lie in the border.
        const int64_t top = i * s.stride - s.padding, all = static_cast<int64_t>(offsets.size());
        const int64_t first = std::max<int64_t>(0, -top), last = std::min(s.kernel, s.height - top);
        float* to = y + (n * s.out_height() + i) * row;
        ops.products({.a = image.data() + i * s.stride * image.pitch(),
                      .offsets = offsets.data() + first * (all / s.kernel),
                      .a_step = s.stride * image.block(),
                      .segments = (last - first) * (all / s.kernel),
                      .depth = runs.depth,
                      .rows = s.out_width(),
                      .b = packed.data(),
                      .channels = channels,
                      .c = to,
                      .c_step = s.out,
                      .c_block_step = kBlock,
                      .skipped = first * (all / s.kernel),
                      .all = all});
        for (int64_t j = 0; channels < s.out && j < s.out_width(); ++j) {
          std::fill(to + j * s.out + channels, to + (j + 1) * s.out, 0.0F);
        }
      }
    }
  });
}

namespace {

// The pixels of dx whose row and column leave the same remainder by the stride see the same taps.
struct Phase {
  int64_t row, column;                 // the first such pixel
  std::vector<int64_t> rows, columns;  // kernel rows and columns
  LineFloats taps;                     // packed
};

std::vector<int64_t> seen(const ConvShape& s, int64_t first) {
  std::vector<int64_t> taps;
  for (int64_t k = 0; k < s.kernel; ++k) {
    if ((first + s.padding - k) % s.stride == 0) taps.push_back(k);
  }
  return taps;
}

}  // namespace

void direct_data(const ConvShape& s, const float* dy, const float* taps, float* dx,
                 const ConvForEach& for_each, const Ops& ops) {
  const int64_t size = s.in * s.out;
  std::vector<Phase> phases;
  for (int64_t i = 0; i < std::min(s.stride, s.height); ++i) {
    for (int64_t j = 0; j < std::min(s.stride, s.width); ++j) {
      Phase phase{i, j, seen(s, i), seen(s, j), {}};
      LineFloats gathered;
      for (int64_t r : phase.rows) {
        for (int64_t q : phase.columns) {
          const float* tap = taps + (r * s.kernel + q) * size;
          gathered.insert(gathered.end(), tap, tap + size);
        }
      }
      phase.taps.resize(gathered.size());
      ops.pack(gathered.data(), static_cast<int64_t>(gathered.size()) / size, s.out, s.in,
               phase.taps.data());
      phases.push_back(std::move(phase));
    }
  }
  for_each(s.batch, [&](int64_t begin, int64_t end) {
    // Row i of dx sees rows (i + padding - k) / stride of dy, from -kernel on to kernel beyond.
    Padded image(s.out_height(), s.out_width(), s.out, s.kernel, s.kernel + s.padding);
    std::vector<std::vector<int64_t>> offsets;
    for (const Phase& phase : phases) {
      auto& of = offsets.emplace_back();
      for (int64_t r : phase.rows) {
        for (int64_t q : phase.columns) {
          for (int64_t c = 0; c < s.out / kBlock; ++c) {
            of.push_back(image.at(c, (phase.row + s.padding - r) / s.stride,
                                  (phase.column + s.padding - q) / s.stride));
          }
        }
      }
    }
    for (int64_t n = begin; n < end; ++n) {
      image.fill(dy + n * s.out_height() * s.out_width() * s.out, nullptr, ops);
      for (size_t f = 0; f < phases.size(); ++f) {
        const Phase& phase = phases[f];
        const int64_t columns = (s.width - phase.column + s.stride - 1) / s.stride;
        for (int64_t i = phase.row, k = 0; i < s.height; i += s.stride, ++k) {
          ops.products({.a = image.data() + k * image.pitch(),
                        .offsets = offsets[f].data(),
                        .a_step = kBlock,
                        .segments = static_cast<int64_t>(offsets[f].size()),
                        .depth = kBlock,
                        .rows = columns,
                        .b = phase.taps.data(),
                        .channels = s.in,
                        .c = dx + ((n * s.height + i) * s.width + phase.column) * s.in,
                        .c_step = s.stride * s.in,
                        .c_block_step = kBlock});
        }
      }
    }
  });
}

void direct_weights(const ConvShape& s, const float* x, const float* dy,
                    const ConvSource* dy_source, float* dw, const ConvForEach& for_each,
                    const Ops& ops) {
  const Runs runs(s);
  const int64_t channels = computed(s), size = s.kernel * s.kernel * s.in * channels;
  // A sum of its own for each group of images, whatever the number of threads.
  const int64_t groups = std::min<int64_t>(s.batch, 16);
  LineFloats parts(static_cast<size_t>(groups * size));
  const int64_t row = s.out_width() * s.out;
  const int64_t dy_size =
      (dy_source ? dy_source->height * dy_source->width : s.out_height() * s.out_width()) * s.out;
  for_each(groups, [&](int64_t begin, int64_t end) {
    Padded image = padded_input(s);
    Padded gathered(dy_source ? s.out_height() : 0, s.out_width(), s.out, 0, 0);
    for (int64_t g = begin; g < end; ++g) {
      const int64_t first = g * s.batch / groups, stop = (g + 1) * s.batch / groups;
      for (int64_t n = first; n < stop; ++n) {
        image.fill(x + n * image_size(s), s.source, ops);
        if (dy_source) gathered.fill(dy + n * dy_size, dy_source, ops);
        const float* slope = dy_source ? gathered.data() : dy + n * dy_size;
        const int64_t slope_row = dy_source ? gathered.pitch() : row;
        float* sums = parts.data() + g * size;
        for (int64_t r = 0; r < s.kernel; ++r) {
          // Rows of dy whose tap does not lie in the border.
          const int64_t before = s.padding - r;
          const int64_t top = before > 0 ? (before + s.stride - 1) / s.stride : 0;
          const int64_t rows =
              s.height + before > 0
                  ? std::min(s.out_height(), (s.height - 1 + before) / s.stride + 1) - top
                  : 0;
          for (int64_t q = 0; q < runs.columns; ++q) {
            for (int64_t c = 0; c < s.in / image.block(); ++c, sums += runs.depth * channels) {
              ops.outer({.a = image.data() + image.at(c, top * s.stride - before, q - s.padding),
                         .a_step = s.stride * image.block(),
                         .a_segment = s.stride * image.pitch(),
                         .b = slope + top * slope_row,
                         .b_step = dy_source ? kBlock : s.out,
                         .b_segment = slope_row,
                         .b_block_step = dy_source ? gathered.plane() : kBlock,
                         .segments = std::max<int64_t>(rows, 0),
                         .count = s.out_width(),
                         .depth = runs.depth,
                         .channels = channels,
                         .c = sums,
                         .c_step = channels,
                         .add = n != first});
            }
          }
        }
      }
    }
  });
  std::copy_n(parts.data(), size, dw);
  for (int64_t g = 1; g < groups; ++g) ops.add(dw, parts.data() + g * size, size);
}

}  // namespace likewise::kernels::conv
