/* SPDX-License-Identifier: Apache-2.0
 * dedup/word_list.h - the words of a text themselves: where each lies, and its letters in lower case.
 *
 * The words of dedup/folded_text.h, in the order in which dedup/word.h hashes them many times faster: what equal hashes
 * propose is compared by these. word_list_run(l, text, n) fills l->words; they and l->folded are valid until the next
 * run. Offsets are bytes; a text has at most DOCUMENT_TEXT_LIMIT of them. Memory: 16 bytes a word, and a byte or two for
 * each byte of text.
 */
#ifndef DEDUP_WORD_LIST_H
#define DEDUP_WORD_LIST_H

#include <glib.h>

typedef struct Word {
    guint32 start, end;   /* in the text */
    guint32 folded;       /* where its lower-case form begins in `folded` */
    guint32 folded_length;
} Word;

typedef struct WordList {
    Word *words;
    gsize count;
    char *folded;
    gsize words_size, folded_size; /* what is allocated */
} WordList;

void word_list_run(WordList *list, const char *text, gsize length);
void word_list_clear(WordList *list);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WordList, word_list_clear)
/* Whether `count` words from a[i] and b[k] on are the same. */
gboolean word_list_equal(const WordList *a, gsize i, const WordList *b, gsize k, gsize count);
gboolean word_character(gint32 character); /* a code point that belongs to words */

#endif
