#include "likewise/nn/encoder.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

std::shared_ptr<Encoder> Encoder::twin() const {
  throw UserError("this encoder cannot be copied, and the method needs a slow copy of it");
}

}  // namespace likewise
