#include "likewise/base/signals.hpp"

#include <csignal>

namespace likewise {

namespace {

volatile std::sig_atomic_t g_signal = 0;

void remember_signal(int number) {
  if (g_signal != 0) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  g_signal = number;
}

}  // namespace

void catch_interrupts() {
  g_signal = 0;
  std::signal(SIGINT, remember_signal);
  std::signal(SIGTERM, remember_signal);
}

int interrupted() { return g_signal; }

}  // namespace likewise
