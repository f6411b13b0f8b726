#pragma once
// Base64 (RFC 4648, section 4): bytes as text, so that a page can hold its own pictures.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

// Standard alphabet, padded with '=', without line breaks.
std::string base64_encode(std::span<const uint8_t> bytes);

// The inverse. Throws DataError for a length that is no multiple of four, a foreign character
// (with its position) or misplaced padding.
std::vector<uint8_t> base64_decode(std::string_view text);

// "data:image/png;base64,....": what the `src` of an image may hold instead of an address.
std::string data_uri(std::string_view mime, std::span<const uint8_t> bytes);

}  // namespace likewise
