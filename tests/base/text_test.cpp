#include "likewise/base/text.hpp"

#include <gtest/gtest.h>

namespace likewise {
namespace {

TEST(Shorten, KeepsWholeCharactersAndNoMoreThanAsked) {
  EXPECT_EQ(shorten("letter", 6), "letter");
  EXPECT_EQ(shorten("letters", 6), "lette…");
  EXPECT_EQ(shorten("", 3), "");
  EXPECT_EQ(shorten("\x80\x80\x80\x80", 3), "\x80\x80…") << "what is not UTF-8 is cut, too";
  EXPECT_EQ(shorten("äöüßé", 4), "äöü…");
  EXPECT_EQ(shorten("äöüß", 4), "äöüß");
  EXPECT_EQ(shorten("to be or", 4), "to…") << "no space before the ellipsis";
}

TEST(Text, KnowsUtf8) {
  for (const char* good :
       {"", "abc", "ä", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  // Stray, cut short, too long a form, a surrogate, beyond the last character, Latin-1.
  for (const char* bad : {"\x80", "a\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe4pfel", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace likewise
