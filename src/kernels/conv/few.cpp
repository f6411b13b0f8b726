#include "kernels/conv/few.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/aligned.hpp"

namespace likewise::kernels::conv {
namespace {

// An image with zeros around it, a plane a channel.
class Planes {
 public:
  explicit Planes(const ConvShape& s)
      : shape_(s),
        pitch_((s.width + 2 * s.padding + kBlock - 1) / kBlock * kBlock),
        plane_((s.height + 2 * s.padding) * pitch_),
        row_(static_cast<size_t>(pitch_ * kBlock)),
        data_(static_cast<size_t>(s.in * plane_ + kRowsBeyond * pitch_ + 2 * kBlock + kFew)) {}

  void fill(const float* image, int64_t channels, const Ops& ops) {
    const ConvSource* source = shape_.source;
    const int64_t in = shape_.in, width = source ? source->width : shape_.width;
    for (int64_t c = 0; c < channels; c += kBlock) {
      for (int64_t i = 0; i < shape_.height; ++i) {
        const float* from = image + (source ? source->rows[i] : i) * width * in + c;
        float* row = row_.data() + shape_.padding * kBlock;
        for (int64_t j = 0; j < shape_.width; ++j, row += kBlock) {
          std::memcpy(row, from + (source ? source->columns[j] : j) * in, sizeof(float) * kBlock);
        }
        float* to = data_.data() + c * plane_ + (i + shape_.padding) * pitch_;
        for (int64_t j = 0; j < pitch_; j += kBlock) {
          ops.transpose_block(row_.data() + j * kBlock, kBlock, to + j, plane_);
        }
      }
    }
  }
  const float* data() const { return data_.data(); }
  int64_t plane() const { return plane_; }
  int64_t pitch() const { return pitch_; }

 private:
  ConvShape shape_;
  int64_t pitch_, plane_;
  LineFloats row_, data_;
};

}  // namespace

void few_out(const ConvShape& s, const float* x, const ConvWeights& w, float* y,
             const ConvForEach& for_each, const Ops& ops) {
  const int64_t channels = s.weight_in > 0 ? s.weight_in : s.in;
  const int64_t area = s.kernel * s.kernel;
  LineFloats taps;  // [outputs / kFewTogether][channels][kernel][kernel][kFewTogether]
  taps.reserve(static_cast<size_t>(channels * area * s.out));
  for (int64_t first = 0; first < s.out; first += kFewTogether) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t tap = 0; tap < area; ++tap) {
        const float* from =
            w.data + c * w.in_step + tap / s.kernel * w.row_step + tap % s.kernel * w.column_step;
        for (int64_t o = first; o < std::min(s.out, first + kFewTogether); ++o) {
          taps.push_back(from[o * w.out_step]);
        }
      }
    }
  }
  const int64_t image = (s.source ? s.source->height * s.source->width : s.height * s.width) * s.in;
  const int64_t row = s.out_width() * s.out;
  for_each(s.batch, [&](int64_t begin, int64_t end) {
    Planes planes(s);
    for (int64_t n = begin; n < end; ++n) {
      planes.fill(x + n * image, channels, ops);
      for (int64_t first = 0; first < s.out; first += kFewTogether) {
        ops.few_rows({.x = planes.data(),
                      .plane = planes.plane(),
                      .pitch = planes.pitch(),
                      .channels = channels,
                      .kernel = s.kernel,
                      .taps = taps.data() + first * channels * area,
                      .count = std::min(kFewTogether, s.out - first),
                      .height = s.out_height(),
                      .width = s.out_width(),
                      .y = y + n * s.out_height() * row + first,
                      .y_row = row,
                      .y_pixel = s.out});
      }
    }
  });
}

}  // namespace likewise::kernels::conv
