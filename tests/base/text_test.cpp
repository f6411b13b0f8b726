#include "likewise/base/text.hpp"

#include <gtest/gtest.h>

namespace likewise {
namespace {

TEST(Shorten, KeepsWholeCharactersAndNoMoreThanAsked) {
  EXPECT_EQ(shorten("letter", 6), "letter");
  EXPECT_EQ(shorten("letters", 6), "lette…");
  EXPECT_EQ(shorten("", 3), "");
  EXPECT_EQ(shorten("äöüßé", 4), "äöü…");
  EXPECT_EQ(shorten("äöüß", 4), "äöüß");
  EXPECT_EQ(shorten("to be or", 4), "to…") << "no space before the ellipsis";
}

}  // namespace
}  // namespace likewise
