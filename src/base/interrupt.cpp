#include "likewise/base/interrupt.hpp"

#include <chrono>
#include <utility>

namespace likewise {

namespace {

constexpr long long kPause = 50'000'000;  // nanoseconds between two checks

thread_local InterruptScope* t_scope = nullptr;

long long now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

InterruptScope::InterruptScope(std::function<void()> check)
    : check_(std::move(check)), outer_(t_scope) {
  t_scope = this;
}

InterruptScope::~InterruptScope() { t_scope = outer_; }

void check_interrupt() {
  InterruptScope* scope = t_scope;
  if (!scope) return;
  const long long time = now();
  if (time < scope->next_) return;
  scope->next_ = time + kPause;
  scope->check_();
}

}  // namespace likewise
