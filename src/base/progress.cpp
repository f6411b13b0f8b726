#include "likewise/base/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace likewise {

namespace {

constexpr double kBarSeconds = 0.2, kLineSeconds = 10;

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

ProgressLine::ProgressLine(const std::string& style) {
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  style_ = style == "none"              ? Style::none
           : style == "lines"           ? Style::lines
           : style == "bar" || terminal ? Style::bar
                                        : Style::lines;
  if (style_ == Style::lines)
    last_ = std::chrono::steady_clock::now();  // short work: no line at all
}

ProgressLine::~ProgressLine() { finish(); }

bool ProgressLine::due() const {
  if (style_ == Style::none) return false;
  const double waited =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - last_).count();
  return waited >= (style_ == Style::bar ? kBarSeconds : kLineSeconds);
}

void ProgressLine::update(double fraction, const std::string& text) {
  if (!due()) return;
  last_ = std::chrono::steady_clock::now();
  fraction = std::clamp(fraction, 0.0, 1.0);
  if (style_ == Style::lines) {
    fmt::print(stderr, "{:5.1f} %  {}\n", 100 * fraction, text);
    return;
  }
  constexpr int kCells = 20;
  std::string bar;
  const int filled = static_cast<int>(fraction * kCells + 0.5);
  for (int i = 0; i < kCells; ++i) bar += i < filled ? "█" : "░";
  const size_t room = static_cast<size_t>(std::max(10, terminal_width() - kCells - 9));
  fmt::print(stderr, "\r\x1b[K{} {:3.0f} %  {}", bar, 100 * fraction, text.substr(0, room));
  std::fflush(stderr);
  open_ = true;
}

void ProgressLine::say(const std::string& line) {
  if (style_ == Style::none) return;
  fmt::print(stderr, "{}{}\n", open_ ? "\r\x1b[K" : "", line);
  open_ = false;
}

void ProgressLine::finish() {
  if (open_) fmt::print(stderr, "\n");
  open_ = false;
}

}  // namespace likewise
