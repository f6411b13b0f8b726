#include "likewise/data/glyphs.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstring>

#include "data/glyphs_render.hpp"
#include "data/stable_hash.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

using detail::GlyphSet;

// Letters that look like a Latin one, or (the last three) like a Greek one.
constexpr std::u32string_view kLookAlikes = U"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονАВЕКМНОРСТХаеорсухГПФ";

bool is_digit_or_latin(char32_t c) { return c < 0x80; }
bool is_latin_capital(char32_t c) { return c >= U'A' && c <= U'Z'; }
bool is_held_out_character(char32_t c) {
  return c >= 0x80 && kLookAlikes.find(c) == std::u32string_view::npos;
}

// Which glyphs a part holds.
struct GlyphsPart {
  const char* name;
  bool (*takes)(char32_t character, bool held_out_family);
};

constexpr GlyphsPart kGlyphsParts[] = {
    {"pretrain", [](char32_t c, bool held) { return !held && is_digit_or_latin(c); }},
    {"train", [](char32_t c, bool held) { return !held && is_latin_capital(c); }},
    {"test", [](char32_t c, bool held) { return held && is_latin_capital(c); }},
    {"held-out", [](char32_t c, bool) { return is_held_out_character(c); }},
    {"all", [](char32_t, bool) { return true; }},
};

const GlyphsPart& find_glyphs_part(const std::string& name) {
  if (name.empty()) return kGlyphsParts[0];
  for (const auto& part : kGlyphsParts) {
    if (name == part.name) return part;
  }
  throw UserError("the data set 'glyphs' has no part '{}'{}", name,
                  did_you_mean(name, glyphs_parts()));
}

// "A (LATIN CAPITAL LETTER A)"
std::string character_name(char32_t c) {
  std::string letter;
  icu::UnicodeString(static_cast<UChar32>(c)).toUTF8String(letter);
  char name[128] = "";
  UErrorCode status = U_ZERO_ERROR;
  u_charName(static_cast<UChar32>(c), U_UNICODE_CHAR_NAME, name, sizeof name, &status);
  return U_SUCCESS(status) ? fmt::format("{} ({})", letter, name) : letter;
}

// Gives the values that occur the numbers 0, 1, ... in ascending order; -1 for the others.
std::vector<int64_t> number_the_used(const std::vector<bool>& used) {
  std::vector<int64_t> numbers(used.size(), -1);
  int64_t next = 0;
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i]) numbers[i] = next++;
  }
  return numbers;
}

class GlyphsDataset final : public Dataset {
 public:
  explicit GlyphsDataset(const GlyphsPart& part) : set_(detail::load_glyphs()) {
    const auto& characters = detail::glyph_characters();
    std::vector<bool> held;
    for (const auto& family : set_->families) held.push_back(is_held_out_family(family));
    std::vector<bool> used_characters(characters.size()), used_families(held.size());
    for (int64_t i = 0; i < set_->size(); ++i) {
      const auto at = static_cast<size_t>(i);
      const auto character = static_cast<size_t>(set_->character[at]);
      const auto family = static_cast<size_t>(set_->family[at]);
      if (!part.takes(characters[character], held[family])) continue;
      glyphs_.push_back(i);
      used_characters[character] = used_families[family] = true;
    }
    if (glyphs_.empty()) {
      throw UserError(
          "the part 'glyphs#{}' is empty: none of the {} font families found has its "
          "characters",
          part.name, set_->families.size());
    }
    labels_ = number_the_used(used_characters);
    domains_ = number_the_used(used_families);
    info_.name = fmt::format("glyphs#{}", part.name);
    info_.kind = "glyphs";
    for (size_t i = 0; i < used_characters.size(); ++i) {
      if (used_characters[i]) info_.class_names.push_back(character_name(characters[i]));
    }
    for (size_t i = 0; i < used_families.size(); ++i) {
      if (used_families[i]) info_.domain_names.push_back(set_->families[i]);
    }
  }

  int64_t size() const override { return static_cast<int64_t>(glyphs_.size()); }
  const DatasetInfo& info() const override { return info_; }

  Sample get(int64_t i) const override {
    const int64_t side = detail::kGlyphSide;
    Tensor image = at::empty({1, side, side}, at::kByte);
    std::memcpy(image.data_ptr<uint8_t>(), set_->pixels.data() + glyph(i) * detail::kGlyphPixels,
                static_cast<size_t>(detail::kGlyphPixels));
    return {{std::move(image)}, label(i), domain(i), i};
  }

  int64_t label(int64_t i) const override {
    return labels_[static_cast<size_t>(set_->character[glyph(i)])];
  }
  int64_t domain(int64_t i) const override {
    return domains_[static_cast<size_t>(set_->family[glyph(i)])];
  }
  std::string name(int64_t i) const override {
    const auto character = static_cast<size_t>(set_->character[glyph(i)]);
    return fmt::format("U+{:04X} {}", static_cast<uint32_t>(detail::glyph_characters()[character]),
                       set_->families[static_cast<size_t>(set_->family[glyph(i)])]);
  }

 private:
  size_t glyph(int64_t i) const { return static_cast<size_t>(glyphs_[static_cast<size_t>(i)]); }

  std::shared_ptr<const GlyphSet> set_;
  std::vector<int64_t> glyphs_;  // of the part, into set_
  std::vector<int64_t> labels_, domains_;
  DatasetInfo info_;
};

}  // namespace

const std::vector<std::string>& glyphs_parts() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& part : kGlyphsParts) list.emplace_back(part.name);
    return list;
  }();
  return names;
}

bool is_held_out_family(const std::string& family) { return detail::stable_hash(family) % 5 == 0; }

DatasetPtr open_glyphs(const std::string& part) {
  return std::make_shared<GlyphsDataset>(find_glyphs_part(part));
}

}  // namespace likewise
