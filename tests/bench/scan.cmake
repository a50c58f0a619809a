# The vector scan in turns with FAISS: tests/bench/scan_faiss.py.
add_executable(scan_bench scan_bench.cpp)
target_link_libraries(scan_bench PRIVATE hearth_retrieval)
