#pragma once
// Lets whoever asked for long work stop it: the work asks between its pieces.

#include <functional>

namespace likewise {

// While one exists, work that this thread asks for calls `check` now and then; what it throws ends
// the work. Scopes nest, the innermost counts. Threads that help do not ask.
class InterruptScope {
 public:
  explicit InterruptScope(std::function<void()> check);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  friend void check_interrupt();
  std::function<void()> check_;
  InterruptScope* outer_;
  long long next_ = 0;  // nanoseconds of the steady clock
};

// Calls the check of this thread's scope, if there is one, at most every 50 ms. Costs some 30 ns.
void check_interrupt();

}  // namespace likewise
