# The CPU kernels: each file of lib/ops/kernels that is named here is compiled once for every set of vector units (CpuUnits in
# lib/core/cpu_units.h). Which of them runs is chosen on the machine. Sets kernel_objects.
set(kernels few_rows one_pass decode_attention)

set(kernel_units baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  list(APPEND kernel_units avx2 avx512 avx512bf16)
  set(kernel_flags_avx2 -mavx2 -mfma)
  set(kernel_flags_avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mprefer-vector-width=512)
  set(kernel_flags_avx512bf16 ${kernel_flags_avx512} -mavx512bf16)
endif()

list(TRANSFORM kernels PREPEND lib/ops/kernels/)
list(TRANSFORM kernels APPEND .cpp)
foreach(units IN LISTS kernel_units)
  add_library(hyplora_kernels_${units} OBJECT ${kernels})
  target_link_libraries(hyplora_kernels_${units} PRIVATE hyplora_options)
  target_compile_definitions(hyplora_kernels_${units} PRIVATE HYPLORA_UNITS=${units})
  # fp-contract: a product is added unrounded, which takes -O2: whatever else is built for, the kernels' numbers are the same.
  # psabi: only inlined functions pass vectors, so no calling convention matters.
  target_compile_options(hyplora_kernels_${units} PRIVATE ${kernel_flags_${units}} -O2 -ffp-contract=fast -Wno-psabi)
  list(APPEND kernel_objects $<TARGET_OBJECTS:hyplora_kernels_${units}>)
endforeach()
