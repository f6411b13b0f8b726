# Finds libtorch: one given by CMAKE_PREFIX_PATH or Torch_DIR, else that of an active Python virtual
# environment (headers and libraries of the wheel; no Python at run time), else the system's.
# Defines likewise_torch. Headers come as system headers, so that our warnings stay ours.
if(NOT Torch_DIR AND DEFINED ENV{VIRTUAL_ENV})
  file(GLOB venv_torch $ENV{VIRTUAL_ENV}/lib/python3*/site-packages/torch/share/cmake/Torch)
  if(venv_torch)
    list(GET venv_torch 0 Torch_DIR)
  endif()
endif()
find_package(Torch REQUIRED)
if(Torch_VERSION AND Torch_VERSION VERSION_LESS 1.13.0)
  message(FATAL_ERROR "libtorch ${Torch_VERSION} was found in ${Torch_DIR}; 1.13 or newer is needed")
endif()
message(STATUS "libtorch ${Torch_VERSION} in ${Torch_DIR}")

add_library(likewise_torch INTERFACE)
target_link_libraries(likewise_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(likewise_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(torch_cxx_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(likewise_torch INTERFACE ${torch_cxx_flags})
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_libraries(likewise_torch INTERFACE OpenMP::OpenMP_CXX)
