#include "likewise/base/interrupt.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace likewise {
namespace {

TEST(Interrupt, NothingHappensWithoutAScope) { EXPECT_NO_THROW(check_interrupt()); }

TEST(Interrupt, TheCheckRunsAtOnceAndThenNotTooOften) {
  int calls = 0;
  const InterruptScope scope([&] { ++calls; });
  check_interrupt();
  EXPECT_EQ(calls, 1);
  for (int i = 0; i < 1000; ++i) check_interrupt();
  EXPECT_LE(calls, 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  const int before = calls;
  check_interrupt();
  EXPECT_EQ(calls, before + 1);
}

TEST(Interrupt, WhatTheCheckThrowsArrives) {
  const InterruptScope scope([] { throw 7; });
  EXPECT_THROW(check_interrupt(), int);
}

TEST(Interrupt, TheInnermostScopeCountsAndTheOuterComesBack) {
  int outer = 0, inner = 0;
  const InterruptScope a([&] { ++outer; });
  {
    const InterruptScope b([&] { ++inner; });
    check_interrupt();
  }
  EXPECT_EQ(outer, 0);
  EXPECT_EQ(inner, 1);
  check_interrupt();
  EXPECT_EQ(outer, 1);
}

TEST(Interrupt, OtherThreadsDoNotAsk) {
  int calls = 0;
  const InterruptScope scope([&] { ++calls; });
  std::thread([] { check_interrupt(); }).join();
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace likewise
