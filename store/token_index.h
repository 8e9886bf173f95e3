/* SPDX-License-Identifier: Apache-2.0
 * store/token_index.h - ids of tokens by their bytes.
 *
 * For tokenizers that take a word whole where it is a token. Open addressing, at most half full; half of the hash lies
 * beside each id, so that a look-up touches one slot and, where the token is there, its bytes. Tokens' bytes are borrowed
 * and must outlive the index. Built by one thread, then read by any number.
 */
#ifndef STORE_TOKEN_INDEX_H
#define STORE_TOKEN_INDEX_H

#include <glib.h>

#define TOKEN_INDEX_NONE G_MAXUINT32

typedef struct TokenIndex TokenIndex;
TokenIndex *token_index_new(gsize tokens); /* at most so many */
void token_index_add(TokenIndex *index, const char *bytes, gsize length, guint32 id); /* of equal bytes, the last id stays */
guint32 token_index_find(const TokenIndex *index, const char *bytes, gsize length);   /* or TOKEN_INDEX_NONE */
void token_index_free(TokenIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenIndex, token_index_free)

#endif
