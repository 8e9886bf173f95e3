/* SPDX-License-Identifier: Apache-2.0
 * Tokens in blocks of any length; see store/export/token_blocks.h. */
#include "store/export/token_blocks.h"

#include "base/error.h"

struct TokenBlocks {
    TokenCursor *cursor;
    Progress *progress;
    const char *ids; /* what is left of the current piece */
    guint64 left;
};

TokenBlocks *token_blocks_new(Export *export, GError **error)
{
    TokenCursor *cursor = token_cursor_new(export, TRUE, error);
    if (!cursor)
        return NULL;
    TokenBlocks *blocks = g_new0(TokenBlocks, 1);
    blocks->cursor = cursor;
    blocks->progress = export->progress;
    progress_begin(export->progress, "export", "tokens", export->tokens);
    return blocks;
}

void token_blocks_free(TokenBlocks *blocks)
{
    if (!blocks)
        return;
    progress_end(blocks->progress);
    token_cursor_free(blocks->cursor);
    g_free(blocks);
}

static gboolean next_piece(TokenBlocks *blocks, GError **error)
{
    TokenPiece piece;
    int more = token_cursor_next(blocks->cursor, &piece, error);
    if (more == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the split has fewer tokens than were counted; run galen audit");
    if (more <= 0)
        return FALSE;
    blocks->ids = piece.ids;
    blocks->left = piece.count;
    return TRUE;
}

gboolean token_blocks_copy(TokenBlocks *blocks, Output *output, guint64 count, GError **error)
{
    unsigned width = token_cursor_width(blocks->cursor);
    while (count) {
        if (!blocks->left && !next_piece(blocks, error))
            return FALSE;
        guint64 take = MIN(count, blocks->left);
        if (!output_write(output, blocks->ids, take * width, error))
            return FALSE;
        blocks->ids += take * width;
        blocks->left -= take;
        count -= take;
        progress_add(blocks->progress, take);
    }
    return TRUE;
}
