/* SPDX-License-Identifier: Apache-2.0
 * store/export/token_cursor.h - the selected documents of a split as pieces of tokens, in the order of training.
 *
 * A sequence is one pass of one document, with its BOS and EOS as packed. It comes as one piece, or as several where a
 * shard's end cut it. Pieces lie in the store's map and are valid until the cursor is freed.
 *
 * Sequence: c = token_cursor_new(export, check, e); while ((more = token_cursor_next(c, &piece, e)) > 0) ...;
 * With `check` the bytes of each shard are compared with the SHA-256 that was recorded when they were packed.
 */
#ifndef STORE_EXPORT_TOKEN_CURSOR_H
#define STORE_EXPORT_TOKEN_CURSOR_H

#include "store/export/exporter.h"
#include "store/shard.h"

typedef struct TokenPiece {
    Docno docno;
    guint32 source; /* index in the selection's list */
    gboolean first, last; /* of its sequence */
    guint64 count;  /* tokens */
    const void *ids;
} TokenPiece;

typedef struct TokenCursor TokenCursor;
TokenCursor *token_cursor_new(const Export *export, gboolean check, GError **error);
int token_cursor_next(TokenCursor *cursor, TokenPiece *piece, GError **error); /* 1, 0 at the end, -1 */
void token_cursor_free(TokenCursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenCursor, token_cursor_free)
unsigned token_cursor_width(const TokenCursor *cursor); /* of an id: 2 or 4 bytes */
guint32 token_cursor_vocabulary(const TokenCursor *cursor);

/* One pass without looking at tokens: counts sequences and tokens, in all (export->documents, export->tokens) and by
 * source. Nothing to export is an error that says why. */
gboolean tokens_count(Export *export, GError **error);
/* Writes all tokens one behind the other, as most formats have them, and counts progress. */
gboolean tokens_write(Export *export, Output *output, GError **error);
/* The width of an id in the export's split, 2 or 4 bytes; sets the facts "token_bytes" and "vocabulary". 0: error. */
unsigned tokens_width(Export *export, GError **error);

#endif
