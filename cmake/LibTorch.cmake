# LibTorch without its own CMake package: that one insists on the CUDA toolkit wherever the wheel was built with CUDA, even for a
# CPU build. Looked for in CMAKE_PREFIX_PATH (a LibTorch folder, or torch.utils.cmake_prefix_path) and then in .deps/, where
# scripts/setup.sh puts PyPI's wheel. Defines the targets torch::cpu and, with HYPLORA_CUDA, torch::cuda.
set(torch_places ${CMAKE_PREFIX_PATH})
foreach(place IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND torch_places ${place}/../..)
endforeach()
list(APPEND torch_places ${CMAKE_SOURCE_DIR}/.deps/torch)

find_path(TORCH_INCLUDE ATen/ATen.h HINTS ${torch_places} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(TORCH_CPU_LIBRARY torch_cpu HINTS ${torch_places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(C10_LIBRARY c10 HINTS ${torch_places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
if(NOT TORCH_INCLUDE OR NOT TORCH_CPU_LIBRARY OR NOT C10_LIBRARY)
  message(FATAL_ERROR "LibTorch was not found: run scripts/setup.sh, or name its folder in CMAKE_PREFIX_PATH.")
endif()
get_filename_component(TORCH_LIB_DIR ${TORCH_CPU_LIBRARY} DIRECTORY)

add_library(torch::cpu INTERFACE IMPORTED)
# -idirafter: the wheel carries other versions of headers that Debian has too (fmt), which must not win.
foreach(folder "" /torch/csrc/api/include)
  target_compile_options(torch::cpu INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-idirafter ${TORCH_INCLUDE}${folder}>"
                         "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-isystem ${TORCH_INCLUDE}${folder}>")
endforeach()
# at::parallel_for runs on OpenMP; one process must hold one OpenMP runtime. g++: LibTorch's libgomp where it brings one. clang:
# libomp (Debian: libomp-dev), which answers LibTorch's calls into libgomp, too, when it comes first.
find_library(TORCH_GOMP_LIBRARY NAMES libgomp.so.1 HINTS ${torch_places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND TORCH_GOMP_LIBRARY)
  target_compile_options(torch::cpu INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fopenmp>)
  set(openmp_library ${TORCH_GOMP_LIBRARY})
else()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  set(openmp_library OpenMP::OpenMP_CXX)
endif()
target_link_libraries(torch::cpu INTERFACE ${openmp_library} ${TORCH_CPU_LIBRARY} ${C10_LIBRARY})
# The wheel is linked against CUDA's runtime even for the CPU; its own rpath finds those at run time, ld need not.
target_link_options(torch::cpu INTERFACE -Wl,--allow-shlib-undefined)

if(HYPLORA_CUDA)
  find_library(TORCH_CUDA_LIBRARY torch_cuda HINTS ${torch_places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
  find_library(C10_CUDA_LIBRARY c10_cuda HINTS ${torch_places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
  if(NOT TORCH_CUDA_LIBRARY OR NOT C10_CUDA_LIBRARY)
    message(FATAL_ERROR "${TORCH_LIB_DIR} holds a LibTorch without CUDA: configure the cpu preset, or name another in CMAKE_PREFIX_PATH.")
  endif()
  add_library(torch::cuda INTERFACE IMPORTED)
  # Nothing of ours calls into torch_cuda by symbol: it registers its kernels when it is loaded, so it must stay linked.
  target_link_libraries(torch::cuda INTERFACE torch::cpu
                        "-Wl,--no-as-needed,${TORCH_CUDA_LIBRARY},${C10_CUDA_LIBRARY},--as-needed")
endif()
