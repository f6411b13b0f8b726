# What every target of ours is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Nobody looks at errno after mathematics or at floating-point exception flags; saying so lets the
# compiler vectorise square roots and choices. No value changes.
add_compile_options(-fno-math-errno -fno-trapping-math)

add_library(likewise_flags INTERFACE)
target_compile_options(likewise_flags INTERFACE
  $<BUILD_INTERFACE:-Wall -Wextra -Werror -Wshadow -Wno-error=maybe-uninitialized>)
if(LIKEWISE_SANITIZE)
  add_compile_options(-fsanitize=${LIKEWISE_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${LIKEWISE_SANITIZE})
endif()
