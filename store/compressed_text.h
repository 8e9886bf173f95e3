/* SPDX-License-Identifier: Apache-2.0
 * store/compressed_text.h - texts as the tables of documents and of clean texts have them.
 *
 * text_compress makes zstd frames with the content size inside: a text as extracted is kept for good and seldom read. Every stage behind
 * the cleaning reads every clean text, so cleaned_compress makes blocks of LZ4, which take half as much room again (0.49 beside 0.33 of
 * papers, no more than zstd at its quickest of abstracts) and are read three times as fast: u32 length of the text (little-endian), block.
 * No text is as long as the number that a zstd frame begins with, so text_decompress tells one from the other, and reads clean texts of
 * stores whose program made frames of these, too.
 *
 * Whatever the bytes are, nothing is written beyond the length that they name, and no length above twice DOCUMENT_TEXT_LIMIT is believed.
 * Errors are GALEN_ERROR_INPUT. Formats: RFC 8878; lz4_Block_format.md of LZ4.
 */
#ifndef STORE_COMPRESSED_TEXT_H
#define STORE_COMPRESSED_TEXT_H

#include <glib.h>

#include "base/buffer.h"

void text_compress(const char *text, gsize length, Buffer *out);    /* for TABLE_DOCUMENTS */
void cleaned_compress(const char *text, gsize length, Buffer *out); /* for TABLE_CLEANED */

/* The length that a text will have; FALSE: of no sense. */
gboolean text_compressed_length(const void *data, gsize size, gsize *length);

/* A new text, ended by a NUL that `length` does not count. */
gboolean text_decompress(const void *data, gsize size, char **text, gsize *length, GError **error);
/* In the place of what the buffer has: for whoever reads one text after the other. */
gboolean text_decompress_into(const void *data, gsize size, Buffer *out, GError **error);

#endif
