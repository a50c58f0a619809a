# Matmul kernels beside the read bandwidth of the same minute.
add_executable(ops_bench ops_bench.cpp)
target_link_libraries(ops_bench PRIVATE hearth_llm)
