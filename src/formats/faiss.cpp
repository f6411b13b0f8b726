#include "likewise/formats/faiss.hpp"

#include <bit>
#include <limits>
#include <string_view>
#include <vector>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"

namespace likewise {

static_assert(std::endian::native == std::endian::little, "the floats are written in place");

void write_faiss_flat(const std::filesystem::path& path, std::span<const float> vectors, int64_t d,
                      FaissMetric metric) {
  if (d < 1 || d > std::numeric_limits<int32_t>::max() ||
      vectors.size() % static_cast<size_t>(d) != 0) {
    throw UserError("{}: {} values are no table of {} columns", path.string(), vectors.size(), d);
  }
  const std::string_view kind = metric == FaissMetric::kInnerProduct ? "IxFI" : "IxF2";
  constexpr uint64_t kUnused = 1 << 20;  // two fields that FAISS writes and does not read
  std::vector<uint8_t> header(kind.begin(), kind.end());
  detail::append_little(header, static_cast<uint32_t>(d));
  detail::append_little(header, static_cast<uint64_t>(vectors.size()) / static_cast<uint64_t>(d));
  detail::append_little(header, kUnused);
  detail::append_little(header, kUnused);
  header.push_back(1);  // trained
  detail::append_little(header, static_cast<uint32_t>(metric));
  detail::append_little(header, static_cast<uint64_t>(vectors.size()));
  write_file(path, [&](const Sink& sink) {
    sink(header);
    sink({reinterpret_cast<const uint8_t*>(vectors.data()), vectors.size_bytes()});
  });
}

}  // namespace likewise
