#pragma once

namespace likewise {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace likewise
