/* SPDX-License-Identifier: Apache-2.0
 * store/tokenizer_store.h - the tokenizer that a store's tokens were made with, kept inside the store.
 *
 * The model file lies in the store's directory as tokenizer.model; TABLE_META has "tokenizer" (vocabulary, bos, eos,
 * width of a stored id in bytes, SHA-256) and "tokenizer.special" (a JSON array of the special tokens, by id). So a
 * store can be read, shown and sampled from without the recipe and the files it named.
 * Errors: a store without a tokenizer, or with another one than its record says, is GALEN_ERROR_INPUT.
 */
#ifndef STORE_TOKENIZER_STORE_H
#define STORE_TOKENIZER_STORE_H

#include "store/store.h"
#include "store/tokenizer.h"

#define TOKENIZER_FILE "tokenizer.model"

typedef struct TokenizerFacts {
    guint32 vocabulary;
    guint32 bos; /* TOKENIZER_NO_ID when there is none */
    guint32 eos;
    unsigned width; /* of an id in TABLE_TOKENS and TABLE_SHARDS: 2 or 4 bytes */
    Sha256 digest;
} TokenizerFacts;

/* The width of ids below `vocabulary`: 2 bytes up to 65,536 ids, else 4. */
unsigned tokenizer_width(guint32 vocabulary);

gboolean tokenizer_to_store(Store *store, const Tokenizer *tokenizer, GError **error);
Tokenizer *tokenizer_from_store(Store *store, GError **error);
/* What is recorded, without loading the model. FALSE, no error: nothing was tokenised yet. */
gboolean tokenizer_facts(StoreTxn *txn, TokenizerFacts *facts, GError **error);

#endif
