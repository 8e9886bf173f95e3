/* SPDX-License-Identifier: Apache-2.0
 * dedup/anchor.h - few places of a text such that equal stretches have equal places: winnowing.
 *
 * A window is `window` words in a row. Of the hashes of its runs of `gram` words the lowest is its anchor, of equal ones the
 * last. So two windows of the same words have anchors of the same hash at the same distance from their beginnings: whoever
 * looks for windows that stand twice may pass over those whose anchor's hash stands once, and loses none. Windows that overlap
 * mostly share their anchor; about 2 in (window - gram + 2) words begin one. (Schleimer, Wilkerson and Aiken, "Winnowing", 2003.)
 *
 * Words are those of dedup/word.h. anchors_window gives a window's 128-bit hash, XXH3-128 of its words' 64-bit hashes: windows
 * of equal hashes are taken to be of the same words, as dedup/exact.h does with texts.
 *
 * Sequence: a = anchors_new(50); anchors_set(a, text, n); anchors_next until FALSE; anchors_free(a). One Anchors belongs to one
 * thread. Time: a few steps for each word, whatever the text. Memory: 16 bytes a word.
 */
#ifndef DEDUP_ANCHOR_H
#define DEDUP_ANCHOR_H

#include "base/hash.h"

typedef struct Anchors Anchors;

/* Windows in a row that share an anchor. */
typedef struct AnchorRun {
    guint64 hash; /* of the anchor */
    gsize first;  /* word at which the first window begins */
    gsize count;  /* windows, each a word further on */
} AnchorRun;

Anchors *anchors_new(unsigned window); /* at least 2 words */
void anchors_free(Anchors *anchors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Anchors, anchors_free)
void anchors_set(Anchors *anchors, const char *text, gsize length);
gboolean anchors_next(Anchors *anchors, AnchorRun *run);
gsize anchors_words(const Anchors *anchors);
Hash128 anchors_window(const Anchors *anchors, gsize first);

#endif
