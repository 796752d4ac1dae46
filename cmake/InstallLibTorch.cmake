# `cmake --install` copies the LibTorch libraries beside the programs, so that the prefix can be moved or sent to another machine.
file(GLOB torch_runtime ${TORCH_LIB_DIR}/libtorch_cpu.so ${TORCH_LIB_DIR}/libc10.so ${TORCH_LIB_DIR}/libgomp*.so*
     ${TORCH_LIB_DIR}/../../nvidia/cu*/lib/libcudart.so.* ${TORCH_LIB_DIR}/../../nvidia/cu*/lib/libcupti.so.*)
if(HYPLORA_CUDA)
  file(GLOB torch_cuda_runtime ${TORCH_LIB_DIR}/libtorch_cuda.so ${TORCH_LIB_DIR}/libc10_cuda.so ${TORCH_LIB_DIR}/libtorch_nvshmem.so
       ${TORCH_LIB_DIR}/../../nvidia/*/lib/*.so.*)
  list(APPEND torch_runtime ${torch_cuda_runtime})
  list(REMOVE_DUPLICATES torch_runtime)
endif()
install(FILES ${torch_runtime} DESTINATION lib/hyplora)
