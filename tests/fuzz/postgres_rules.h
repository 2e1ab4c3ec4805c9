// What must hold of parse_postgres_hello() for any bytes whatever. Shared by the fuzz target and by
// the unit test that runs the corpus.
#pragma once

#include "dataplane/base/check.h"
#include "dataplane/wire/postgres_hello.h"

namespace sallyport {

// More bytes never make another thing of what was understood.
inline PostgresHello check_postgres_hello(Bytes received) {
  PostgresHello whole = parse_postgres_hello(received);
  CHECK(whole != PostgresHello::NeedMore || received.size() < kPostgresRequestSize);
  for (size_t size = 0; size < received.size() && size < 16; ++size) {
    PostgresHello part = parse_postgres_hello(received.first(size));
    CHECK(part == PostgresHello::NeedMore || part == whole);
  }
  return whole;
}

}  // namespace sallyport
