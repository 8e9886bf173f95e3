/* SPDX-License-Identifier: Apache-2.0
 * dedup/folded_text.h - a text as words in lower case with zero bytes between them.
 *
 * A word is a longest run of letters, digits and combining marks (Unicode general categories L, N, M), lower-cased by
 * Unicode's simple mapping. Every other character, and every byte that is no UTF-8, becomes one zero byte. ASCII goes
 * through dedup/fold.h, the rest through ICU.
 *
 * Sequence: f = folded_text_new(); folded_text_set(f, text, n); read f->bytes; folded_text_free(f).
 * The bytes are valid until the next folded_text_set. One FoldedText belongs to one thread; its memory grows to two bytes
 * for each byte of its longest text.
 */
#ifndef DEDUP_FOLDED_TEXT_H
#define DEDUP_FOLDED_TEXT_H

#include "dedup/fold.h"

/* Zero bytes behind the text: a whole block, and what a load that begins in the last word may read behind it. */
#define FOLDED_PADDING (FOLD_BLOCK + 16)

typedef struct FoldedText {
    const FoldBackend *backend; /* may be changed, for tests and benchmarks */
    guint8 *bytes;
    gsize length; /* FOLDED_PADDING zero bytes follow */
    gsize size;
} FoldedText;

FoldedText *folded_text_new(void);
void folded_text_free(FoldedText *folded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FoldedText, folded_text_free)
void folded_text_set(FoldedText *folded, const char *text, gsize length);

#endif
