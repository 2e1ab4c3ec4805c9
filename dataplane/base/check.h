// Assertions on what we believe of our own code; never on bytes from the network.
#pragma once

#include <cstdio>
#include <cstdlib>

/// Stays on in release builds and ends the process: going on would be worse.
#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition);      \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)

/// As CHECK, in debug, simulation and fuzzing builds only.
#ifdef NDEBUG
#define DCHECK(condition) \
  do {                    \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif
