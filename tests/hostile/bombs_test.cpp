// Files that promise more than they hold, and archives that unpack to more than memory holds.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cstring>

#include "likewise/base/error.hpp"
#include "likewise/formats/gzip.hpp"
#include "likewise/formats/idx.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/formats/tar.hpp"

namespace likewise {
namespace {

using Bytes = std::vector<uint8_t>;

template <class Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  ADD_FAILURE() << "it was read";
  return "";
}

void expect_part(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

// `size` zeros, deflated; 1 MB of it unpacks to 1 GB.
Bytes deflated_zeros(int64_t size, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  const Bytes zeros(1 << 20);
  Bytes out, piece(1 << 16);
  for (int64_t done = 0; done < size;) {
    const auto now = std::min<int64_t>(size - done, 1 << 20);
    done += now;
    stream.next_in = const_cast<uint8_t*>(zeros.data());
    stream.avail_in = static_cast<uInt>(now);
    const int flush = done == size ? Z_FINISH : Z_NO_FLUSH;
    do {
      stream.next_out = piece.data();
      stream.avail_out = static_cast<uInt>(piece.size());
      deflate(&stream, flush);
      out.insert(out.end(), piece.data(), piece.data() + piece.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return out;
}

int64_t peak_megabytes() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

TEST(Bombs, AGzipFileIsUnpackedUpToALimit) {
  const Bytes bomb = deflated_zeros(int64_t{256} << 20, 15 + 16);
  ASSERT_LT(bomb.size(), size_t{300} << 10);
  const int64_t before = peak_megabytes();
  expect_part(refusal([&] { gunzip(bomb, "bomb.gz", 1 << 20); }),
              "bomb.gz: more than 1048576 bytes when decompressed");
  EXPECT_LT(peak_megabytes() - before, 32);
}

// A zip archive of one deflated member; the sizes in its headers are `claimed`.
Bytes zip_of(const Bytes& packed, const std::string& name, uint32_t claimed) {
  Bytes zip;
  const auto add = [&](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) zip.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const auto common = [&] {
    add(20, 2), add(0, 2), add(8, 2), add(0, 4), add(0, 4);
    add(packed.size(), 4), add(claimed, 4), add(name.size(), 2), add(0, 2);
  };
  add(0x04034b50, 4), common();
  zip.insert(zip.end(), name.begin(), name.end());
  zip.insert(zip.end(), packed.begin(), packed.end());
  const size_t directory = zip.size();
  add(0x02014b50, 4), add(20, 2), common();
  add(0, 2), add(0, 2), add(0, 2), add(0, 4), add(0, 4);
  zip.insert(zip.end(), name.begin(), name.end());
  const size_t end = zip.size();
  add(0x06054b50, 4), add(0, 4), add(1, 2), add(1, 2), add(end - directory, 4), add(directory, 4);
  add(0, 2);
  return zip;
}

TEST(Bombs, AnArchiveOfArraysIsUnpackedUpToALimit) {
  const Bytes bomb = zip_of(deflated_zeros(int64_t{256} << 20, -15), "x.npy", 100);
  const int64_t before = peak_megabytes();
  const std::string message = refusal([&] { read_npz(bomb, "bomb.npz", 1 << 20); });
  EXPECT_EQ(message.rfind("bomb.npz: ", 0), 0U) << message;
  EXPECT_LT(peak_megabytes() - before, 32);
}

TEST(Bombs, NamesInArchivesThatLeadElsewhereAreOnlyNames) {
  // Nothing is ever unpacked to the disk: a name is a key and no path.
  const Bytes zip = zip_of(deflated_zeros(10, -15), "../../etc/cron.d/x.npy", 10);
  expect_part(refusal([&] { read_npz(zip, "a.npz"); }), "a.npz");
  expect_part(refusal([&] { read_npz(zip_of({}, "/etc/passwd", 0), "a.npz"); }),
              "the member '/etc/passwd' is not a .npy file");
}

Bytes tar_header(const std::string& name, const std::string& size, char type) {
  Bytes block(512);
  std::memcpy(block.data(), name.data(), std::min<size_t>(name.size(), 100));
  std::memcpy(&block[124], size.data(), std::min<size_t>(size.size(), 12));
  std::memcpy(&block[257],
              "ustar\0"
              "00",
              8);
  block[156] = static_cast<uint8_t>(type);
  std::memset(&block[148], ' ', 8);
  unsigned sum = 0;
  for (const uint8_t byte : block) sum += byte;
  std::snprintf(reinterpret_cast<char*>(&block[148]), 8, "%06o", sum);
  return block;
}

TEST(Bombs, AShardSaysWhereItsMembersLieAndNoMore) {
  Bytes shard = tar_header("../../etc/passwd", "00000000000", '0');
  shard.resize(1536);
  const auto entries = index_tar(shard, "a.tar");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "../../etc/passwd");
  Bytes huge = tar_header("x", "77777777777", '0');
  huge.resize(2048);
  expect_part(refusal([&] { index_tar(huge, "a.tar"); }), "the member has 8589934591 bytes");
  Bytes link = tar_header("x", "00000000000", '2');
  link.resize(2048);
  expect_part(refusal([&] { index_tar(link, "a.tar"); }), "link");
  Bytes name = tar_header("x", "77777777777", 'L');
  name.resize(2048);
  expect_part(refusal([&] { index_tar(name, "a.tar"); }), "truncated");
}

TEST(Bombs, HeadersThatPromiseTooMuchTakeNoMemory) {
  const int64_t before = peak_megabytes();
  const Bytes idx = {0,    0,    8,    3,    0x7f, 0xff, 0xff, 0xff,
                     0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff};
  expect_part(refusal([&] { read_idx(idx, "a.idx"); }), "a.idx: IDX data of shape [2147483647");
  Bytes npy = {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 0xff, 0xff, 0xff, 0xff};
  expect_part(refusal([&] { read_npy(npy, "a.npy"); }), "header of 4294967295 bytes");
  Bytes tensors(16, 0xff);
  expect_part(refusal([&] { SafetensorsFile(tensors, "a.safetensors"); }), "is announced");
  // A PNG of 2^31-1 pixels a side, its checksum right.
  Bytes png = {0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0, 0, 13, 'I', 'H', 'D',
               'R',  0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 8, 2, 0,  0,   0};
  const uLong sum = crc32(0, &png[12], 17);
  for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<uint8_t>(sum >> shift));
  EXPECT_EQ(refusal([&] { decode_image(png, "a.png"); }).rfind("a.png: ", 0), 0U);
  EXPECT_LT(peak_megabytes() - before, 32);
}

}  // namespace
}  // namespace likewise
