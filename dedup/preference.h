/* SPDX-License-Identifier: Apache-2.0
 * dedup/preference.h - which of several documents that are one stays.
 *
 * The kind decides first: an article over an abstract over a page over a plain text. Then a document of the corpus wins
 * over one of the replay sample, an open licence over others (dedup/licence.h; where the document's own does not say, the
 * recipe's word on its source), and the longer clean text over the shorter. All of that is one number, the rank.
 *
 * Among equal ranks reading order decides: the source whose tag comes first by its bytes, in a source the input that the
 * recipe names first (what one pattern matches by their names), in an input the document that was read first
 * (store/reading_order.h). So the order of any two documents is theirs alone: it depends neither on the other documents nor
 * on when and in which order sources came into the store. That is what makes results independent of it; dedup/README.md
 * says how.
 */
#ifndef DEDUP_PREFERENCE_H
#define DEDUP_PREFERENCE_H

#include "store/store.h"

/* From least to most preferred. */
typedef enum { KIND_TEXT, KIND_PAGE, KIND_ABSTRACT, KIND_ARTICLE } DocumentKind;

DocumentKind document_kind(const char *name); /* of Document.kind; an unknown or NULL name is a text */

/* The higher, the more preferred. */
guint64 preference_rank(DocumentKind kind, gboolean replay, gboolean open, guint64 length);
DocumentKind preference_kind(guint64 rank);
guint64 preference_length(guint64 rank); /* bytes of clean text */
gboolean preference_open(guint64 rank);
gboolean preference_replay(guint64 rank);

#endif
