/* SPDX-License-Identifier: Apache-2.0
 * dedup/preference.h - which of several documents that are one stays.
 *
 * The kind decides first: an article over an abstract over a page over a plain text. Then a document of the corpus over
 * one of the replay sample, then the longer clean text, then the lower document number. The order of arrival of threads
 * or the order of comparison never decides.
 */
#ifndef DEDUP_PREFERENCE_H
#define DEDUP_PREFERENCE_H

#include "store/store.h"

/* From least to most preferred. */
typedef enum { KIND_TEXT, KIND_PAGE, KIND_ABSTRACT, KIND_ARTICLE } DocumentKind;

DocumentKind document_kind(const char *name); /* of Document.kind; an unknown or NULL name is a text */

/* All but the document number in one number: the higher, the more preferred. */
guint64 preference_rank(DocumentKind kind, gboolean replay, guint64 length);
DocumentKind preference_kind(guint64 rank);
gboolean preference_replay(guint64 rank);
/* Whether document a stays rather than b. */
gboolean preference_wins(guint64 rank_a, Docno a, guint64 rank_b, Docno b);

#endif
