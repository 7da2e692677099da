/*
 * In place of clang's, which contradicts the headers of MinGW-w64: these have
 * declared the intrinsics already.
 */
