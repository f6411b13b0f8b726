#pragma once
// A random transformation of one sample part, which can tell beforehand what it will look at.

#include <functional>
#include <type_traits>
#include <utility>

#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Pure given rng: equal inputs and equal streams give equal outputs.
class Transform {
 public:
  using Apply = std::function<Tensor(const Tensor& x, Rng& rng)>;
  // The pixels of an image of height x width that Apply looks at when it gets this stream. What
  // lies elsewhere must not change its result.
  using LooksAt = std::function<PixelBox(int64_t height, int64_t width, Rng rng)>;

  Transform() = default;  // empty: not to be called

  // Any function of (const Tensor&, Rng&); it may look at everything.
  template <class F, class = std::enable_if_t<
                         !std::is_same_v<std::decay_t<F>, Transform> &&
                         std::is_invocable_r_v<Tensor, std::decay_t<F>&, const Tensor&, Rng&>>>
  Transform(F&& apply) : apply_(std::forward<F>(apply)) {}  // NOLINT: functions are transforms
  Transform(Apply apply, LooksAt looks_at)
      : apply_(std::move(apply)), looks_at_(std::move(looks_at)) {}

  Tensor operator()(const Tensor& x, Rng& rng) const { return apply_(x, rng); }
  PixelBox looks_at(int64_t height, int64_t width, const Rng& rng) const {
    return looks_at_ ? looks_at_(height, width, rng) : PixelBox{0, 0, height, width};
  }

 private:
  Apply apply_;
  LooksAt looks_at_;
};

}  // namespace likewise
