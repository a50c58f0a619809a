# Instruction sets of single files of llm/cpu. The program itself is built for the baseline of its architecture and
# chooses at run time. -ffp-contract=off keeps a multiply and an add two roundings unless the source says fma, so that
# every number of columns gives the same result. -fno-tree-reassoc: GCC regrouping the integer sums of a dot product
# keeps all its products alive at once, in memory instead of registers.
set(HEARTH_CPU_COMMON -O2 -ftree-vectorize -fno-math-errno -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND HEARTH_CPU_COMMON -fno-tree-reassoc)
endif()
# Compilers need ten minutes and more for each of these files with sanitizers: their bounds are the callers' checks.
if(HEARTH_SANITIZE)
  list(APPEND HEARTH_CPU_COMMON -fno-sanitize=all)
endif()
set(HEARTH_CPU_DIR ${CMAKE_CURRENT_LIST_DIR})
set_source_files_properties(${HEARTH_CPU_DIR}/kernels_generic.cpp PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_COMMON}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(HEARTH_CPU_AVX2 ${HEARTH_CPU_COMMON} -mavx2 -mfma -mf16c -mbmi2)
  set(HEARTH_CPU_AVX512 ${HEARTH_CPU_AVX2} -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 takes the undefined pass-through operand of its own intrinsics for an uninitialised variable.
    list(APPEND HEARTH_CPU_AVX512 -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_avx2.cpp PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_AVX2}")
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_avx512.cpp PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_AVX512}")
  # Its speed does not matter, how long it compiles does.
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_amx_model.cpp
    PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_COMMON};-O1")
  # The tile instructions are assembly (tiles_amx.h): they need no flag.
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_avx512_bf16.cpp ${HEARTH_CPU_DIR}/kernels_amx.cpp
    PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_AVX512};-mavx512bf16")
else()
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_avx2.cpp ${HEARTH_CPU_DIR}/kernels_avx512.cpp
    ${HEARTH_CPU_DIR}/kernels_avx512_bf16.cpp ${HEARTH_CPU_DIR}/kernels_amx.cpp
    ${HEARTH_CPU_DIR}/kernels_amx_model.cpp PROPERTIES HEADER_FILE_ONLY ON)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
  set(HEARTH_CPU_NEON ${HEARTH_CPU_COMMON} -march=armv8.2-a+dotprod)
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_neon.cpp PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_NEON}")
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_neon_i8mm.cpp
    PROPERTIES COMPILE_OPTIONS "${HEARTH_CPU_NEON}+i8mm")
else()
  set_source_files_properties(${HEARTH_CPU_DIR}/kernels_neon.cpp ${HEARTH_CPU_DIR}/kernels_neon_i8mm.cpp
    PROPERTIES HEADER_FILE_ONLY ON)
endif()
