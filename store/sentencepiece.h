/* SPDX-License-Identifier: Apache-2.0
 * store/sentencepiece.h - the C face of libsentencepiece, which has only a C++ one. Used by tokenizer.c alone.
 *
 * A model is immutable after sentencepiece_load and may be used by many threads at once. Where a function fails it
 * returns NULL or FALSE and sets *failure to a line for people (free with g_free). No exception leaves this module.
 */
#ifndef STORE_SENTENCEPIECE_H
#define STORE_SENTENCEPIECE_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct SentencePieceModel SentencePieceModel;

/* From the bytes of a .model file, which are not needed afterwards. */
SentencePieceModel *sentencepiece_load(const char *bytes, gsize length, char **failure);
void sentencepiece_free(SentencePieceModel *model);

int sentencepiece_pieces(const SentencePieceModel *model);
int sentencepiece_bos(const SentencePieceModel *model); /* -1 when the model has none */
int sentencepiece_eos(const SentencePieceModel *model);

/* Appends the ids of valid UTF-8 text to an array of guint32. */
gboolean sentencepiece_encode(const SentencePieceModel *model, const char *text, gsize length, GArray *ids, char **failure);
/* Appends the text of ids, each below sentencepiece_pieces, to `text`. */
gboolean sentencepiece_decode(const SentencePieceModel *model, const guint32 *ids, gsize count, GString *text,
                              char **failure);

G_END_DECLS

#endif
