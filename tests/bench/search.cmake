# Hybrid search at 100,000 chunks, without the embedding model.
add_executable(search_bench search_bench.cpp)
target_include_directories(search_bench PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(search_bench PRIVATE hearth_retrieval GTest::gtest)
