#include "likewise/base/error.hpp"

namespace likewise::detail {

void check_failed(const char* expression, const char* file, int line, const std::string& message) {
  throw InvariantError(fmt::format("internal error: {} does not hold ({}) at {}:{}", expression,
                                   message, file, line));
}

}  // namespace likewise::detail
