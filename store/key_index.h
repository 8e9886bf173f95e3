/* SPDX-License-Identifier: Apache-2.0
 * store/key_index.h - from a 64-bit key to the documents that have it, for indexes that stay in the store and grow.
 *
 * Entries are (kind, key, document), where a kind is one of many indexes in one table: a band, the title. They lie sorted in
 * runs, each a sequence of blocks that are one record, and one page of LMDB, each. A run is written once, at the speed of
 * writing, and never changed, but for key_index_remove. A store that grows gets a run for each time that it grew; runs that
 * are not much larger than those behind them are merged with them, so that there are few (O'Neil et al., "The
 * log-structured merge-tree", 1996), and an entry is copied a logarithmic number of times.
 *
 * Entries are hints: whoever looks one up asks the document itself whether it (still) has the key, so nothing has to be
 * removed for correctness. An entry may be there twice.
 *
 * The list of runs is the caller's to keep (key_index_runs_json), in the record of the stage that owns the table: runs that
 * the list does not have do not exist, and are swept away when the next one is written. So a kill in the middle of anything
 * leaves the index as it was.
 *
 * Sequence, writing: w = key_index_write(store, table, &runs, e); for each kind in rising order: key_index_put for its
 *   entries, rising by key, then document; key_index_close(w) adds the run to `runs`.
 * Sequence, reading: key_index_find(txn, table, runs, kind, key, found).
 * Corrupt blocks are found by their checksums: GALEN_ERROR_INPUT.
 */
#ifndef STORE_KEY_INDEX_H
#define STORE_KEY_INDEX_H

#include "base/json.h"
#include "store/store.h"

#define KEY_INDEX_DOCNO_LIMIT ((Docno)1 << 40) /* documents from here on have no entry: key_index_put refuses them */

typedef struct KeyRun {
    guint32 number;
    guint64 entries;
} KeyRun;

/* Begins as {0}. */
typedef struct KeyIndexRuns {
    GArray *list; /* of KeyRun, the oldest first; NULL: none */
    guint32 last; /* the highest number that was ever given */
} KeyIndexRuns;

void key_index_runs_clear(KeyIndexRuns *runs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeyIndexRuns, key_index_runs_clear)
json_t *key_index_runs_json(const KeyIndexRuns *runs);
void key_index_runs_read(KeyIndexRuns *runs, const json_t *value); /* what the former wrote; anything else: no runs */

typedef struct KeyIndexWriter KeyIndexWriter;

/* No read transaction may be open in this thread while entries are put: the map may grow. `runs` must outlive the writer. */
KeyIndexWriter *key_index_write(Store *store, StoreTable table, KeyIndexRuns *runs, GError **error);
gboolean key_index_put(KeyIndexWriter *writer, guint16 kind, guint64 key, Docno docno, GError **error);
gboolean key_index_close(KeyIndexWriter *writer, GError **error); /* frees it; a run without entries is none */
void key_index_abandon(KeyIndexWriter *writer);                   /* frees it; what was written belongs to no run */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyIndexWriter, key_index_abandon)
/* Merges the youngest runs, as far as they are not much larger than those behind them. */
gboolean key_index_merge(Store *store, StoreTable table, KeyIndexRuns *runs, GError **error);
/* Deletes what belongs to no run. */
gboolean key_index_sweep(Store *store, StoreTable table, const KeyIndexRuns *runs, GError **error);

/* Sorts the numbers from place `from` of an array of Docno on, and leaves each once. */
void docnos_sort(GArray *docnos, guint from);
/* Appends the documents, rising, each once, to an array of Docno. */
gboolean key_index_find(StoreTxn *txn, StoreTable table, const KeyIndexRuns *runs, guint16 kind, guint64 key, GArray *docnos, GError **error);
/* Takes an entry out, so that nothing of it is left. Changes the count of its run: the list must be saved. */
gboolean key_index_remove(StoreTxn *txn, StoreTable table, KeyIndexRuns *runs, guint16 kind, guint64 key, Docno docno, GError **error);
/* Takes out all entries of these documents (Docno, rising), whatever their keys: reads the whole index. As above, in each of its
 * runs; *removed: how many there were. */
gboolean key_index_purge(StoreTxn *txn, StoreTable table, KeyIndexRuns *runs, const GArray *docnos, guint64 *removed, GError **error);
/* Appends those of `docnos` (Docno, rising) that have an entry, once for each: reads the whole index. */
gboolean key_index_find_documents(StoreTxn *txn, StoreTable table, const GArray *docnos, GArray *found, GError **error);
/* Reads all of it: checksums, order, counts. */
gboolean key_index_check(StoreTxn *txn, StoreTable table, const KeyIndexRuns *runs, GError **error);

#endif
