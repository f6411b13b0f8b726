#include "likewise/formats/idx.hpp"

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/formats/gzip.hpp"

namespace likewise {

namespace {

constexpr uint8_t kIdxUnsignedByte = 0x08;

const char* idx_type_name(uint8_t type) {
  switch (type) {
    case 0x09:
      return "signed bytes";
    case 0x0b:
      return "16-bit integers";
    case 0x0c:
      return "32-bit integers";
    case 0x0d:
      return "floats";
    case 0x0e:
      return "doubles";
    default:
      return "an unknown type";
  }
}

}  // namespace

IdxArray read_idx(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) {
    throw DataError("{}: this is not an IDX file, which starts with two zero bytes", name);
  }
  if (bytes[2] != kIdxUnsignedByte) {
    throw DataError("{}: the IDX file holds {} (code {}); only unsigned bytes (code 8) are read",
                    name, idx_type_name(bytes[2]), bytes[2]);
  }
  const size_t dimensions = bytes[3], start = 4 + 4 * dimensions;
  if (dimensions == 0 || bytes.size() < start) {
    throw DataError("{}: an IDX header of {} dimensions needs {} bytes; the file has {}", name,
                    dimensions, start, bytes.size());
  }
  IdxArray array;
  for (size_t d = 0; d < dimensions; ++d) {
    array.shape.push_back(detail::load_big<uint32_t>(&bytes[4 + 4 * d]));
  }
  const int64_t size = detail::checked_size(array.shape, 1);
  if (size < 0 || static_cast<uint64_t>(size) != bytes.size() - start) {
    throw DataError("{}: IDX data of shape [{}] were announced; the file has {} bytes of data",
                    name, fmt::join(array.shape, ", "), bytes.size() - start);
  }
  array.bytes.assign(bytes.begin() + static_cast<int64_t>(start), bytes.end());
  return array;
}

IdxArray read_idx_file(const std::filesystem::path& path) {
  return read_idx(gunzip_file(path), path.string());
}

}  // namespace likewise
