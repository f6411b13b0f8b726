# likewise_torch_wheel(PREFIX): what find_package(Torch) would set, for a libtorch with CUDA. Its own
# configuration insists on the CUDA toolkit, which headers and libraries of tensors do not need; a
# wheel of PyTorch is such a one wherever nothing else was asked for. Sets LIKEWISE_TORCH_WHEEL.
function(likewise_torch_wheel prefix)
  cmake_path(SET prefix NORMALIZE "${prefix}")
  string(REGEX REPLACE "/$" "" prefix "${prefix}")
  set(LIKEWISE_TORCH_WHEEL OFF PARENT_SCOPE)
  if(NOT EXISTS "${prefix}/lib/libtorch_cuda.so")
    return()
  endif()
  file(STRINGS "${prefix}/share/cmake/Torch/TorchConfigVersion.cmake" version
       REGEX "set\\(PACKAGE_VERSION" LIMIT_COUNT 1)
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
  set(LIKEWISE_TORCH_WHEEL ON PARENT_SCOPE)
  set(Torch_VERSION "${version}" PARENT_SCOPE)
  set(TORCH_INCLUDE_DIRS "${prefix}/include;${prefix}/include/torch/csrc/api/include" PARENT_SCOPE)
  set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=1" PARENT_SCOPE)
  # Nothing names torch_cuda, which registers its operators when it is loaded. What it needs in turn
  # may be missing on a machine without a GPU.
  set(TORCH_LIBRARIES "-Wl,--push-state,--no-as-needed,${prefix}/lib/libtorch_cuda.so,--pop-state"
      "${prefix}/lib/libtorch_cpu.so" "${prefix}/lib/libtorch.so" "${prefix}/lib/libc10.so"
      "-Wl,--allow-shlib-undefined" PARENT_SCOPE)
endfunction()
