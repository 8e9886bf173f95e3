/* SPDX-License-Identifier: Apache-2.0
 * dedup/duplicate_index.h - the keys by which the rules find duplicates, of all documents, kept in the store.
 *
 * An index of sorted runs (store/key_index.h) in TABLE_BANDS: from a key of a rule to the documents that the rule looked at and
 * that have it. Of documents with one text, or the same words, only the one that stayed is there; the clusters lead to the
 * others. TABLE_CLUSTERS (store/clusters.h) has, for each document merged here, the one it was merged into, the rule, and itself. Its
 * entries of other stages are passed over.
 *
 * duplicate_index_build makes the index of a corpus whose rules have run, and needs memory for the keys of one band, or less:
 * beyond corpus->memory they are sorted on disk.
 */
#ifndef DEDUP_DUPLICATE_INDEX_H
#define DEDUP_DUPLICATE_INDEX_H

#include "dedup/corpus.h"
#include "store/key_index.h"

/* Kinds of keys: those of the first rules, then one for each band. */
#define INDEX_FIRST_BAND ((guint16)RULE_NEAR)

guint16 duplicate_index_kinds(const Recipe *recipe);
DedupRule duplicate_index_rule(guint16 kind);
/* The keys of one kind that a document has, room for IDENTITY_MAX; returns how many. */
unsigned duplicate_index_keys(const Recipe *recipe, const Sketch *sketch, guint16 kind, guint64 *keys);
/* Whether a document that `merged` took out (DEDUP_RULES: none) is to be found by keys of this kind. */
gboolean duplicate_index_has(guint16 kind, DedupRule merged);

gboolean duplicate_index_build(Corpus *corpus, KeyIndexRuns *runs, GError **error);

gboolean cluster_put(StoreTxn *txn, Docno winner, Docno loser, DedupRule rule, GError **error);
gboolean cluster_delete(StoreTxn *txn, Docno winner, Docno loser, GError **error);
/* By which rule `loser` was merged into `winner`; FALSE without error: it was not. */
gboolean cluster_rule(StoreTxn *txn, Docno winner, Docno loser, DedupRule *rule, GError **error);
/* Appends the documents that were merged into this one (Docno). */
gboolean cluster_losers(StoreTxn *txn, Docno winner, GArray *losers, GError **error);

#endif
