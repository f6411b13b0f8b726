#include "likewise/data/glyphs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "data/fixtures.hpp"
#include "data/font_files.hpp"
#include "data/glyphs_render.hpp"
#include "data/lanczos.hpp"
#include "likewise/base/random.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

// Looked for once: it opens every font file.
const std::vector<detail::FontFamily>& installed_families() {
  static const auto families = detail::find_families(
      detail::find_font_files(detail::font_folders()), detail::glyph_characters(), 60);
  return families;
}

#define SKIP_WITHOUT_FONTS()                                     \
  if (installed_families().size() < 25) {                        \
    GTEST_SKIP() << "fewer than 25 font families are installed"; \
  }

TEST(Lanczos, KeepsConstantImages) {
  detail::LanczosToSquare lanczos(32);
  for (const int64_t side : {20, 32, 33, 80, 257}) {
    const std::vector<uint8_t> in(static_cast<size_t>(side * side), 201);
    std::vector<uint8_t> out(32 * 32);
    lanczos.resize(in, side, out);
    EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](uint8_t v) { return v == 201; })) << side;
  }
}

TEST(Lanczos, OfTheSameSizeIsTheIdentity) {
  detail::LanczosToSquare lanczos(32);
  std::vector<uint8_t> in(32 * 32), out(32 * 32);
  Rng rng(5);
  for (auto& v : in) v = static_cast<uint8_t>(rng.below(256));
  lanczos.resize(in, 32, out);
  EXPECT_EQ(in, out);
}

TEST(Lanczos, KeepsTheMeanAndTheSymmetry) {
  // A centred box of 100 % ink on a quarter of the square.
  detail::LanczosToSquare lanczos(32);
  const int64_t side = 96;
  std::vector<uint8_t> in(static_cast<size_t>(side * side), 0), out(32 * 32);
  for (int64_t y = 24; y < 72; ++y) std::fill_n(in.begin() + y * side + 24, 48, uint8_t{200});
  lanczos.resize(in, side, out);
  double sum = 0;
  for (const auto v : out) sum += v;
  EXPECT_NEAR(sum / 1024.0, 50.0, 1.0);
  for (size_t y = 0; y < 32; ++y) {
    for (size_t x = 0; x < 32; ++x) {
      EXPECT_EQ(out[y * 32 + x], out[y * 32 + 31 - x]);
      // Rounding between the passes makes the transpose differ by one at most.
      EXPECT_NEAR(out[y * 32 + x], out[x * 32 + y], 1);
    }
  }
}

TEST(Glyphs, HaveTheSizeAndTheNamesOfLetters) {
  SKIP_WITHOUT_FONTS();
  const auto train = open_glyphs("train");
  ASSERT_EQ(train->info().class_names.size(), 26u);
  EXPECT_EQ(train->info().class_names.front(), "A (LATIN CAPITAL LETTER A)");
  EXPECT_EQ(train->info().kind, "glyphs");
  EXPECT_GT(train->size(), 26 * 10);
  const Sample sample = train->get(7);
  EXPECT_EQ(sample.parts.at(0).sizes(), (std::vector<int64_t>{1, 32, 32}));
  EXPECT_EQ(sample.index, 7);
  EXPECT_EQ(sample.label, train->label(7));
  EXPECT_EQ(sample.domain, train->domain(7));
  EXPECT_EQ(train->name(0).substr(0, 7), "U+0041 ");
}

TEST(Glyphs, AreWhiteOnBlackAndCentred) {
  SKIP_WITHOUT_FONTS();
  const auto train = open_glyphs("train");
  for (int64_t i = 0; i < train->size(); i += 41) {
    const Tensor x = train->get(i).parts[0];
    const uint8_t* p = x.data_ptr<uint8_t>();
    int64_t left = 32, right = -1, top = 32, bottom = -1, most = 0;
    for (int64_t y = 0; y < 32; ++y) {
      for (int64_t c = 0; c < 32; ++c) {
        most = std::max<int64_t>(most, p[y * 32 + c]);
        if (p[y * 32 + c] < 40) continue;
        left = std::min(left, c), right = std::max(right, c);
        top = std::min(top, y), bottom = std::max(bottom, y);
      }
    }
    EXPECT_GE(most, 64) << train->name(i);
    if (right < 0) continue;
    EXPECT_LE(std::abs((left + right) - 31), 4) << train->name(i);
    EXPECT_LE(std::abs((top + bottom) - 31), 4) << train->name(i);
    EXPECT_LT(p[0], 32) << train->name(i);
  }
}

TEST(Glyphs, TrainingAndTestShareNoFamilyAndTheirClassesAgree) {
  SKIP_WITHOUT_FONTS();
  const auto train = open_glyphs("train"), test = open_glyphs("test"), pool = open_glyphs();
  EXPECT_EQ(train->info().class_names, test->info().class_names);
  const std::set<std::string> learnt(pool->info().domain_names.begin(),
                                     pool->info().domain_names.end());
  for (const auto& family : train->info().domain_names) EXPECT_EQ(learnt.count(family), 1u);
  for (const auto& family : test->info().domain_names) EXPECT_EQ(learnt.count(family), 0u);
  EXPECT_EQ(pool->info().class_names.size(), 62u);
}

TEST(Glyphs, HeldOutCharactersAreNotLatin) {
  SKIP_WITHOUT_FONTS();
  DatasetPtr held;
  try {
    held = open_glyphs("held-out");
  } catch (const UserError&) {
    GTEST_SKIP() << "no font with Greek or Cyrillic letters is installed";
  }
  for (const auto& name : held->info().class_names) {
    EXPECT_EQ(name.find("LATIN"), std::string::npos) << name;
    EXPECT_NE(name.substr(0, 2), "Α") << name;
  }
  EXPECT_LE(held->info().class_names.size(), 83u);
}

TEST(Glyphs, AboutOneFamilyInFiveIsHeldOut) {
  int held = 0;
  for (int i = 0; i < 5000; ++i) held += is_held_out_family("Family " + std::to_string(i));
  EXPECT_NEAR(held, 1000, 120);
}

TEST(Glyphs, HeldOutFamiliesNeverChange) {
  // The choice is part of the data's definition: published numbers depend on it.
  EXPECT_TRUE(is_held_out_family("3D LET BRK"));
  EXPECT_FALSE(is_held_out_family("10.15 Saturday Night BRK"));
}

TEST(Glyphs, AreTheSameFromTheCacheAndADamagedCacheIsReplaced) {
  SKIP_WITHOUT_FONTS();
  const TemporaryFolder folder;
  fs::create_directories(folder / "fonts");
  for (size_t i = 0; i < 25; ++i) {
    const fs::path font = installed_families()[i].file;
    fs::create_symlink(font,
                       (folder / "fonts") / fmt::format("{}{}", i, font.extension().string()));
  }
  const Variable cache("LIKEWISE_CACHE", (folder / "cache").string());
  const Variable fonts("LIKEWISE_FONTS", (folder / "fonts").string());
  const auto digest = [] {
    const auto set = detail::load_glyphs();
    return std::pair(set->pixels, set->family);
  };
  const auto drawn = digest();
  std::vector<fs::path> files(fs::directory_iterator(folder / "cache"), {});
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(digest(), drawn);
  auto bytes = read_bytes(files[0]);
  bytes[bytes.size() / 2] ^= 1;
  write_file(files[0], bytes);
  EXPECT_EQ(digest(), drawn);
  EXPECT_NE(read_bytes(files[0]), bytes) << "the damaged cache was not replaced";
}

TEST(Glyphs, WithoutFontsTheErrorNamesPackages) {
  const TemporaryFolder folder;
  write_file(folder / "broken.ttf", "no font at all");
  const Variable fonts("LIKEWISE_FONTS", folder.path().string());
  try {
    open_glyphs();
    FAIL() << "opened without fonts";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("fonts-aenigma"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(folder.path().string()), std::string::npos);
  }
}

TEST(Glyphs, AnUnknownPartIsNamedWithTheOthers) {
  try {
    open_glyphs("tset");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("'test'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace likewise
