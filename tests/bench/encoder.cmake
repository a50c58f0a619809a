# Tokens per second of the embedding model.
add_executable(encoder_bench encoder_bench.cpp)
target_link_libraries(encoder_bench PRIVATE hearth_llm)
