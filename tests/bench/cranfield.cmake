# Retrieval quality on the Cranfield collection: prints the figures, fails below the bar.
add_executable(cranfield_bench cranfield_bench.cpp cranfield_data.cpp)
target_include_directories(cranfield_bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(cranfield_bench PRIVATE hearth_retrieval)
target_compile_definitions(cranfield_bench PRIVATE HEARTH_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
