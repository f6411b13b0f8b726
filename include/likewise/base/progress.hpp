#pragma once
// Progress on a terminal: one line that is rewritten; elsewhere a plain line now and then.

#include <chrono>
#include <string>

namespace likewise {

class ProgressLine {
 public:
  // style: auto (a bar on a terminal, lines elsewhere), bar, lines, none.
  explicit ProgressLine(const std::string& style);
  ~ProgressLine();

  // Shows `fraction` of the work done and `text`. Cheap to call at every step.
  void update(double fraction, const std::string& text);
  // True when the next update would be shown: lets the caller save the making of the text.
  bool due() const;
  // Prints a line of its own, above the bar.
  void say(const std::string& line);
  // Ends the bar with what it showed last.
  void finish();

 private:
  enum class Style { bar, lines, none } style_;
  std::chrono::steady_clock::time_point last_{};
  bool open_ = false;
};

}  // namespace likewise
