/* SPDX-License-Identifier: Apache-2.0
 * store/passage_list.h - the passages that stand more than once in a corpus, with all places where the notes have them.
 *
 * The stage "passages" leaves a note in each document that has some (dedup/passages.h): where, how long, and in how many places of
 * the corpus. passage_list_load reads these notes and puts together what is one text: equal but for ASCII case and for whatever
 * stands between letters and digits. The passages that make the corpus longest come first: words, times the places beyond
 * the first.
 * A note has the longest passages of its document only, and what stands beside another passage is one with it there; so there may
 * be fewer places here than `copies`, which the stage has counted.
 *
 * Sequence: l = passage_list_load(txn, most, e); passage_json for those wanted; passage_list_free(l).
 * Time: one walk over the notes, and over the clean texts of documents that have passages. Memory: 100 bytes for each passage and
 * place that a note has.
 */
#ifndef STORE_PASSAGE_LIST_H
#define STORE_PASSAGE_LIST_H

#include "base/hash.h"
#include "base/json.h"
#include "store/store.h"

typedef struct PassagePlace {
    Docno docno;
    guint64 start, end; /* bytes of the clean text */
    gboolean held;      /* the copy that stays */
    gboolean cut;
} PassagePlace;

typedef struct Passage {
    Hash128 text;
    guint64 words, copies; /* as the stage counted, the most of its places */
    guint64 documents;     /* different ones among `places` */
    GArray *places;        /* of PassagePlace, by document and start */
} Passage;

typedef struct PassageList {
    GPtrArray *passages; /* of Passage; the `most` first ones (0: all) */
    guint64 total;       /* how many there are */
} PassageList;

PassageList *passage_list_load(StoreTxn *txn, guint most, GError **error);
void passage_list_free(PassageList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PassageList, passage_list_free)
/* {"words", "copies", "documents", "text", "places": [{"docno", "source", "id", "start", "end", "held", "cut"}]}; at most `places` places, and
 * of the text at most `bytes` bytes. */
json_t *passage_json(StoreTxn *txn, const Passage *passage, guint places, gsize bytes, GError **error);

#endif
