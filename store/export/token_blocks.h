/* SPDX-License-Identifier: Apache-2.0
 * store/export/token_blocks.h - a split's selected tokens as one row, taken in blocks of any length.
 *
 * For formats whose files or samples end where they like. Sequence: b = token_blocks_new(export, e);
 * token_blocks_copy(b, output, n, e) as often as tokens are left; token_blocks_free(b). Shards are checked.
 */
#ifndef STORE_EXPORT_TOKEN_BLOCKS_H
#define STORE_EXPORT_TOKEN_BLOCKS_H

#include "store/export/token_cursor.h"

typedef struct TokenBlocks TokenBlocks;
TokenBlocks *token_blocks_new(Export *export, GError **error); /* begins the progress; token_blocks_free ends it */
/* Writes the next `count` tokens; fewer left is an error. */
gboolean token_blocks_copy(TokenBlocks *blocks, Output *output, guint64 count, GError **error);
void token_blocks_free(TokenBlocks *blocks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenBlocks, token_blocks_free)

#endif
