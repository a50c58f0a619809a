# Cross build for arm64 with Debian's compiler. The libraries are arm64 packages that scripts/arm64 unpacks (they are
# not installed, so that the system stays of one architecture); programs run under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(HEARTH_ARM64_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/arm64-root CACHE PATH "Where scripts/arm64 unpacked libraries")
get_filename_component(root ${HEARTH_ARM64_ROOT} ABSOLUTE)
set(libraries ${root}/usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${root})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CXX_FLAGS_INIT "-isystem ${root}/usr/include/aarch64-linux-gnu -isystem ${root}/usr/include")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-rpath-link,${libraries}:${libraries}/blas:${libraries}/lapack")
# `-cpu max` has every instruction set the kernels know; pointer authentication in its fast form, or half of the time
# goes into it.
set(CMAKE_CROSSCOMPILING_EMULATOR
  qemu-aarch64 -cpu max,pauth-impdef=on -L /usr/aarch64-linux-gnu
  -E LD_LIBRARY_PATH=${libraries}:${libraries}/blas:${libraries}/lapack)
