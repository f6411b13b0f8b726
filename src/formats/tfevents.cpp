#include "likewise/formats/tfevents.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "base/open_file.hpp"
#include "formats/endian.hpp"
#include "formats/protobuf.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

constexpr size_t kEventBuffer = 1 << 16;
constexpr std::string_view kEventVersion = "brain.Event:2";

constexpr std::array<uint32_t, 256> kCrc32cTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}();

// Checksums of data that hold checksums are awkward; the format masks them.
uint32_t masked_crc32c(std::span<const uint8_t> bytes) {
  const uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

}  // namespace

uint32_t crc32c(std::span<const uint8_t> bytes) {
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kCrc32cTable[(crc ^ byte) & 0xff];
  return ~crc;
}

std::string event_file_name() {
  static std::atomic<int> count{0};
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') {
    std::strcpy(host.data(), "localhost");
  }
  return fmt::format("events.out.tfevents.{}.{}.{}.{}", static_cast<int64_t>(EventWriter::now()),
                     host.data(), ::getpid(), count++);
}

double EventWriter::now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

EventWriter::EventWriter(const std::filesystem::path& path, double wall_time)
    : path_(path.string()) {
  if (path.has_parent_path()) {
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    if (failed) {
      throw UserError("cannot make the folder {}: {}", path.parent_path().string(),
                      failed.message());
    }
  }
  file_ = detail::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644);
  if (file_ < 0) throw UserError("cannot write {}: {}", path_, std::strerror(errno));
  append(detail::ProtoMessage().float64(1, wall_time).text(3, kEventVersion).bytes());
}

EventWriter::~EventWriter() {
  try {
    flush();
  } catch (const Error&) {
    // Curves are a convenience: a full disk is reported by what must be written.
  }
  ::close(file_);
}

void EventWriter::scalar(const std::string& tag, int64_t step, double value, double wall_time) {
  detail::ProtoMessage point, summary, event;
  point.text(1, tag).float32(2, static_cast<float>(value));
  summary.message(1, point);
  event.float64(1, wall_time);
  if (step != 0) event.varint(2, static_cast<uint64_t>(step));  // zero is a field's default
  append(event.message(5, summary).bytes());
}

void EventWriter::append(std::span<const uint8_t> event) {
  std::vector<uint8_t> length;
  detail::append_little<uint64_t>(length, event.size());
  pending_.insert(pending_.end(), length.begin(), length.end());
  detail::append_little(pending_, masked_crc32c(length));
  pending_.insert(pending_.end(), event.begin(), event.end());
  detail::append_little(pending_, masked_crc32c(event));
  if (pending_.size() >= kEventBuffer) flush();
}

void EventWriter::flush() {
  size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t wrote = ::write(file_, pending_.data() + done, pending_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const int reason = errno;
      pending_.clear();  // a second attempt would repeat what was written
      throw UserError("cannot write {}: {}", path_, std::strerror(reason));
    }
    done += static_cast<size_t>(wrote);
  }
  pending_.clear();
}

}  // namespace likewise
