/* SPDX-License-Identifier: Apache-2.0
 * Pieces of tokens in the order of training; see store/export/token_cursor.h. */
#include "store/export/token_cursor.h"

#include <string.h>

#include "base/error.h"
#include "store/shard_record.h"

struct TokenCursor {
    const Export *export;
    ShardReader *reader;
    gboolean check;
    unsigned shard;   /* that is being walked, + 1; 0: none yet */
    guint64 first;    /* position of its first token */
    const void *ids;  /* of it */
    guint64 tokens;   /* of it */
    unsigned width;
    GArray *spans;    /* of it */
    guint next;       /* span */
};

TokenCursor *token_cursor_new(const Export *export, gboolean check, GError **error)
{
    g_autoptr(TokenCursor) cursor = g_new0(TokenCursor, 1);
    cursor->export = export;
    cursor->check = check;
    cursor->spans = g_array_new(FALSE, FALSE, sizeof(Span));
    cursor->reader = shard_reader_open(export->store, export->split, error);
    if (!cursor->reader)
        return NULL;
    guint64 tokens;
    if (!shard_reader_shard(cursor->reader, 0, &tokens, &cursor->width)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the split \"%s\" is empty: the recipe holds nothing out for it", export->split);
        return NULL;
    }
    return g_steal_pointer(&cursor);
}

void token_cursor_free(TokenCursor *cursor)
{
    if (!cursor)
        return;
    shard_reader_free(cursor->reader);
    g_array_unref(cursor->spans);
    g_free(cursor);
}

unsigned token_cursor_width(const TokenCursor *cursor)
{
    return cursor->width;
}

guint32 token_cursor_vocabulary(const TokenCursor *cursor)
{
    return shard_reader_vocabulary(cursor->reader);
}

static gboolean check_shard(TokenCursor *cursor, unsigned shard, GError **error)
{
    Sha256 recorded, found = sha256(cursor->ids, cursor->tokens * cursor->width);
    if (!shard_digest_get(cursor->export->txn, cursor->export->split, shard, &recorded, error))
        return FALSE;
    if (memcmp(&recorded, &found, sizeof found) == 0)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "shard %s/%u is damaged: its SHA-256 is not the recorded one; run galen audit",
                cursor->export->split, shard);
    return FALSE;
}

/* 1, 0 behind the last shard, -1. */
static int open_shard(TokenCursor *cursor, GError **error)
{
    unsigned shard = cursor->shard;
    cursor->first += cursor->shard ? cursor->tokens : 0;
    cursor->ids = shard_reader_shard(cursor->reader, shard, &cursor->tokens, &cursor->width);
    if (!cursor->ids)
        return 0;
    g_array_set_size(cursor->spans, 0);
    cursor->next = 0;
    cursor->shard++;
    if (!shard_reader_spans(cursor->reader, cursor->first, cursor->tokens, cursor->spans, error) ||
        (cursor->check && !check_shard(cursor, shard, error)))
        return -1;
    return 1;
}

/* Whether the next shard goes on with the document that this one ends with. */
static gboolean goes_on(TokenCursor *cursor, const Span *span, gboolean *on, GError **error)
{
    guint64 end = span->position + span->length;
    g_autoptr(GArray) following = g_array_new(FALSE, FALSE, sizeof(Span));
    *on = FALSE;
    if (end == shard_reader_tokens(cursor->reader))
        return TRUE;
    if (!shard_reader_spans(cursor->reader, end, 1, following, error))
        return FALSE;
    const Span *next = &g_array_index(following, Span, 0);
    *on = next->docno == span->docno && next->repeat == span->repeat && next->offset == span->offset + span->length;
    return TRUE;
}

int token_cursor_next(TokenCursor *cursor, TokenPiece *piece, GError **error)
{
    const Span *span;
    do {
        int more = 1;
        while (cursor->next == cursor->spans->len && (more = open_shard(cursor, error)) > 0)
            ;
        if (more <= 0)
            return more;
        span = &g_array_index(cursor->spans, Span, cursor->next++);
    } while (!selection_has(cursor->export->selection, span->docno));
    gboolean on = FALSE, at_end = cursor->next == cursor->spans->len;
    if (at_end && !goes_on(cursor, span, &on, error))
        return -1;
    *piece = (TokenPiece){
        .docno = span->docno,
        .source = span->source,
        .first = span->offset == 0,
        .last = !on,
        .count = span->length,
        .ids = (const char *)cursor->ids + (span->position - cursor->first) * cursor->width,
    };
    return 1;
}

unsigned tokens_width(Export *export, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, FALSE, error);
    if (!cursor)
        return 0;
    json_object_set_new(export->facts, "token_bytes", json_integer(cursor->width));
    json_object_set_new(export->facts, "vocabulary", json_integer(token_cursor_vocabulary(cursor)));
    return cursor->width;
}

gboolean tokens_count(Export *export, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, FALSE, error);
    TokenPiece piece;
    int more = cursor ? 0 : -1;
    while (cursor && (more = token_cursor_next(cursor, &piece, error)) > 0) {
        if (piece.source >= export->selection->sources->len) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the spans of split %s name a source that the store does not list; run galen audit",
                        export->split);
            return FALSE;
        }
        g_array_index(export->selection->sources, SelectedSource, piece.source).tokens += piece.count;
        export->documents += piece.first;
        export->tokens += piece.count;
    }
    return more == 0;
}

gboolean tokens_write(Export *export, Output *output, GError **error)
{
    g_autoptr(TokenCursor) cursor = token_cursor_new(export, TRUE, error);
    TokenPiece piece;
    int more = cursor ? 0 : -1;
    progress_begin(export->progress, "export", "tokens", export->tokens);
    while (cursor && (more = token_cursor_next(cursor, &piece, error)) > 0) {
        if (!output_write(output, piece.ids, piece.count * cursor->width, error)) {
            more = -1;
            break;
        }
        progress_add(export->progress, piece.count);
    }
    progress_end(export->progress);
    return more == 0;
}
