/* SPDX-License-Identifier: Apache-2.0
 * base/decoder.h - the bytes of a file, unpacked if they are gzip or zstd, hashed as they lie on disk.
 *
 * Below base/stream.h, which is what other rooms use. The kind is told by the first bytes (RFC 1952, RFC 8878);
 * anything else passes through unchanged. Everything before a damaged place is delivered first; only then does
 * decoder_read fail. Members and frames that follow one another are one stream.
 */
#ifndef BASE_DECODER_H
#define BASE_DECODER_H

#include <glib.h>

#include "base/hash.h"

typedef struct Decoder Decoder;
Decoder *decoder_open(const char *path, GError **error);
gssize decoder_read(Decoder *decoder, void *buffer, gsize size, GError **error); /* 0 at the end, -1 on error */
guint64 decoder_raw_position(const Decoder *decoder);
gboolean decoder_digest(Decoder *decoder, Sha256 *digest, GError **error);
void decoder_free(Decoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decoder, decoder_free)

#endif
