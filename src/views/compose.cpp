#include <utility>

#include "likewise/views/view.hpp"

namespace likewise {

View compose(std::vector<View> views) {
  return [views = std::move(views)](const Tensor& x, Rng& rng) {
    Tensor y = x;
    for (const View& view : views) y = view(y, rng);
    return y;
  };
}

}  // namespace likewise
