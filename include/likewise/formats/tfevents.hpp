#pragma once
// TensorBoard's event files: curves that `tensorboard --logdir RUN` shows.
//
// Record: u64 length | u32 masked CRC-32C of the length | an Event message | u32 masked CRC-32C of
// it, all little-endian. Source: tensorflow/core/lib/io/record_writer.cc, event.proto,
// summary.proto.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace likewise {

// The Castagnoli checksum (RFC 3720, appendix B.4): reflected polynomial 0x82f63b78.
uint32_t crc32c(std::span<const uint8_t> bytes);

// "events.out.tfevents.SECONDS.HOST.PID.N", unique within this process.
std::string event_file_name();

// Appends scalars to a new event file. Records are kept until 64 KiB are there, flush() is called
// or the writer ends; a record is never written in part unless the disk is full. Throws UserError
// with the path and the system's reason.
class EventWriter {
 public:
  // Makes the file, with its parent folders; it must not exist yet. TensorBoard wants a name that
  // contains "tfevents", such as folder / event_file_name().
  explicit EventWriter(const std::filesystem::path& path, double wall_time = now());
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // One point of the curve `tag`.
  void scalar(const std::string& tag, int64_t step, double value, double wall_time = now());

  void flush();
  const std::string& path() const { return path_; }

  // Seconds since 1970.
  static double now();

 private:
  void append(std::span<const uint8_t> event);

  std::string path_;
  std::vector<uint8_t> pending_;
  int file_ = -1;
};

}  // namespace likewise
