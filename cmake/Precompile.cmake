# The headers that nearly every source file reads, and that never change here, compiled once a target. A file still includes what
# it uses: -DHYPLORA_PRECOMPILE=OFF finds what is missing.
function(precompile_headers target)
  set(headers <algorithm> <cmath> <filesystem> <functional> <map> <memory> <optional> <set> <string> <vector> <fmt/format.h>
              <nlohmann/json.hpp> <ATen/Parallel.h> <ATen/TensorOperators.h> <ATen/core/Tensor.h> <ATen/core/grad_mode.h> ${ARGN})
  list(TRANSFORM headers REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:\\1$<ANGLE-R>")
  target_precompile_headers(${target} PRIVATE ${headers})
endfunction()
