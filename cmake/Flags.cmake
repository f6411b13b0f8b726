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
add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-fno-math-errno;-fno-trapping-math>")

add_library(likewise_flags INTERFACE)
target_compile_options(likewise_flags INTERFACE
  $<BUILD_INTERFACE:-Wall -Wextra -Werror -Wshadow>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(likewise_flags INTERFACE $<BUILD_INTERFACE:-Wno-error=maybe-uninitialized>)
endif()
# What makes a mistake in a reader harder to use: buffer and stack checks, addresses that differ from run to
# run, tables that are read-only once the program runs. No value changes.
option(LIKEWISE_HARDEN "Hardening flags in optimised builds" ON)
if(LIKEWISE_HARDEN AND NOT LIKEWISE_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong>")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-fcf-protection>)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  include(CheckPIESupported)
  check_pie_supported()
endif()

if(LIKEWISE_SANITIZE)
  add_compile_options(-fsanitize=${LIKEWISE_SANITIZE} -fno-omit-frame-pointer -g1)
  if(LIKEWISE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)  # a finding ends the test
  endif()
  add_link_options(-fsanitize=${LIKEWISE_SANITIZE})
endif()
