# likewise_cuda: the kernels for GPUs, for those since Ampere (A100) and, through PTX, later ones than Hopper.
# Torch-free: it needs nvcc and CUDA's runtime, no GPU.
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(LIKEWISE_NVCC nvcc HINTS /usr/local/cuda/bin)
  if(NOT LIKEWISE_NVCC)
    message(FATAL_ERROR "LIKEWISE_CUDA needs nvcc, and there is none on the PATH nor in /usr/local/cuda/bin: "
                        "install the CUDA toolkit (Debian: nvidia-cuda-toolkit) or set CUDACXX")
  endif()
  set(CMAKE_CUDA_COMPILER ${LIKEWISE_NVCC})
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)

add_library(likewise_cuda STATIC src/kernels/cuda/device_views.cu)
set_target_properties(likewise_cuda PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON)
target_compile_options(likewise_cuda PRIVATE -Werror=all-warnings)
target_include_directories(likewise_cuda PRIVATE src
                           PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
target_link_libraries(likewise_cuda PUBLIC CUDA::cudart_static)
list(APPEND LIKEWISE_COMPONENTS likewise_cuda)
if(TARGET likewise_views)
  target_compile_definitions(likewise_views PRIVATE LIKEWISE_CUDA)
  target_link_libraries(likewise_views PUBLIC likewise_cuda)
endif()
