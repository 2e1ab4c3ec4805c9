// Where OpenSSL's memory comes from.
#pragma once

namespace sallyport {

/// Has OpenSSL take its memory from small_pieces.h: a handshake asks some 900 times for a piece.
/// To be called before anything else of OpenSSL; later it has no effect.
void let_openssl_keep_memory();

}  // namespace sallyport
