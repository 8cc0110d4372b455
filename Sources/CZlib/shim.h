#ifndef PURSER_CZLIB_SHIM_H
#define PURSER_CZLIB_SHIM_H

#include <zlib.h>

// A macro, which Swift cannot call.
static inline int purser_inflate_init(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }

#endif
