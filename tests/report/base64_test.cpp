#include "likewise/report/base64.hpp"

#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), coded);
    EXPECT_EQ(base64_decode(coded), bytes_of(plain));
  }
}

TEST(Base64, UsesTheStandardAlphabetForHighBits) {
  const std::vector<uint8_t> bytes = {0xfb, 0xff, 0xbf, 0x00};
  EXPECT_EQ(base64_encode(bytes), "+/+/AA==");
}

TEST(Base64, ComesBackForEveryLength) {
  Rng rng(7);
  for (int64_t n = 0; n < 70; ++n) {
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < n; ++i) bytes.push_back(static_cast<uint8_t>(rng.below(256)));
    const std::string coded = base64_encode(bytes);
    EXPECT_EQ(coded.size(), static_cast<size_t>((n + 2) / 3 * 4));
    EXPECT_EQ(base64_decode(coded), bytes) << n;
  }
}

TEST(Base64, RefusesWhatIsNoBase64) {
  for (const char* bad : {"Zg=", "Z", "Zg=a", "Z*==", "=AAA", "Zm9v\nAA="}) {
    EXPECT_THROW(base64_decode(bad), DataError) << bad;
  }
}

TEST(Base64, MakesAnAddressForAPicture) {
  EXPECT_EQ(data_uri("image/png", bytes_of("foo")), "data:image/png;base64,Zm9v");
}

}  // namespace
}  // namespace likewise
