# Retrieval quality on the Cranfield collection: prints the figures, fails below the bar.
add_executable(cranfield_bench cranfield_bench.cpp cranfield_data.cpp)
target_include_directories(cranfield_bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(cranfield_bench PRIVATE hearth_daemon)
target_compile_definitions(cranfield_bench PRIVATE HEARTH_SOURCE_DIR="${CMAKE_SOURCE_DIR}" HEARTH_BINARY_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(cranfield_bench hearth-extract)
