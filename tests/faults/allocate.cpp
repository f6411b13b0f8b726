// operator new that fails when the shim says so.
#include <cstdlib>
#include <new>

#include "faults/shim.hpp"

void* operator new(size_t size) {
  if (likewise::faults::fails_allocation(static_cast<int64_t>(size))) throw std::bad_alloc();
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
