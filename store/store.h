/* SPDX-License-Identifier: Apache-2.0
 * store/store.h - one corpus in one directory: an LMDB environment with Galen's tables.
 *
 * Sequence, writing: s = store_open(dir, STORE_CREATE, e); store_write(s, batch, user, e) as often as needed; store_free(s).
 *   `batch` is one atomic transaction: all of it is in the store afterwards, or nothing, whatever kills the process.
 *   When the map is full store_write aborts, grows the map and calls `batch` again: it must not change its own inputs.
 * Sequence, reading: t = store_read_begin(s, e); store_get / cursors; store_read_end(t). A read transaction sees one
 *   snapshot. Keep it short while the same process writes: growing the map waits until it ends.
 * Ownership: memory returned by store_get and cursors lies in the map and is valid until the transaction ends; it must
 *   not be written to. Values are aligned to 2 bytes, large ones (over a page: shards) to 16.
 * Integrity: every record carries a checksum, XXH3-128 of its value combined by exclusive or with that of its key.
 *   store_get checks it and fails with GALEN_ERROR_INPUT on a mismatch.
 * Tables that a later version added are empty in a store of an earlier one.
 * One writer process at a time (a second one is refused with who holds it); any number of readers. What readers and writers of
 * any age do to each other, copies, read-only media and killed processes: docs/faults.md.
 *
 * Several processes on one job (base/comm.h), maybe on several machines that share the folder: one of them has the store
 * open for writing, the others with STORE_FOLLOW. These take no lock, because LMDB's lock file means nothing on another
 * machine; so the writer does not know of them and would use pages again that they still read. It must therefore keep a
 * snapshot (store_keep) for as long as they read while it writes. A follower that is to see what was written since it opened
 * calls store_refresh, after the writer has told it that this is done.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <glib.h>

#include "base/hash.h"

#define STORE_FORMAT_VERSION 2 /* 1: checksums of values alone */

/* Beside LMDB's file in a store's directory: store/manifest.h, store/seal.h. */
#define STORE_MANIFEST "manifest.json"
#define STORE_PREVIOUS_MANIFEST "manifest.previous.json"
#define STORE_SEAL "seal.json"
#define STORE_CAPTURES "captures"

typedef enum {
    TABLE_META,       /* name -> text: format version, recipe, sources */
    TABLE_INPUTS,     /* source + path -> InputRecord JSON: SHA-256, bytes, records */
    TABLE_DOCUMENTS,  /* docno -> Document (store/document.h) */
    TABLE_CLEANED,    /* docno -> text after cleaning, as LZ4 */
    TABLE_IDS,        /* Hash128 of source + external id -> docno */
    TABLE_LEDGER,     /* docno -> Verdict (store/ledger.h) */
    TABLE_SIGNATURES, /* docno -> MinHash signature */
    TABLE_BANDS,      /* the index of duplicates: sorted keys of documents (store/key_index.h) */
    TABLE_CUTS,       /* docno + stage -> ranges taken out of the clean text (store/cuts.h) */
    TABLE_NOTES,      /* docno + stage -> JSON of what the stage found there (store/note.h) */
    TABLE_TOKENS,     /* docno -> token ids, u16 or u32 */
    TABLE_DRAWS,      /* docno -> split, passes and tokens that the mix drew (store/draw.h) */
    TABLE_SHARDS,     /* split + shard number -> token block, u16 or u32, read in place */
    TABLE_SPANS,      /* split + shard number -> array of Span (store/shard.h) */
    TABLE_PLACEMENTS, /* docno + repeat -> where its tokens went (store/shard.h) */
    TABLE_RUNS,       /* stage -> StageRun (store/stage.h) */
    TABLE_CLUSTERS,   /* docno of a winner + docno merged into it -> the rule (store/clusters.h) */
    TABLE_PMIDS,      /* the records of each citation of MEDLINE: sorted keys of documents (store/key_index.h) */
    TABLE_IDENTIFIERS, /* the documents of each PMID, PMCID and DOI: sorted keys of documents */
    TABLE_CHANGES,    /* docno -> the first stage that must look at it anew (store/changes.h) */
    TABLE_WITHDRAWN,  /* docno -> a signature that the index of duplicates still has (store/changes.h) */
    TABLE_TOMBSTONES, /* Hash128 of source + external id -> who forgot it, when and why (store/tombstone.h) */
    TABLE_COUNTS,     /* what is counted, by source -> numbers (store/standing.h) */
    TABLE_COUNT
} StoreTable;

const char *store_table_name(StoreTable table);

typedef enum {
    STORE_READ = 0,   /* an existing store, read only */
    STORE_WRITE = 1,  /* an existing store, to be changed */
    STORE_CREATE = 3, /* made if it does not exist, else as STORE_WRITE */
    STORE_FOLLOW = 4, /* read only, beside the writer of the same job */
    STORE_AUDIT = 8,  /* as STORE_READ, even where the record of its version is damaged: an audit tells of that */
} StoreFlags;

typedef struct Store Store;
typedef struct StoreTxn StoreTxn;

Store *store_open(const char *directory, StoreFlags flags, GError **error);
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)
const char *store_directory(const Store *store);
gboolean store_refresh(Store *store, GError **error); /* no transaction may be open */
char *store_part_path(const char *directory); /* LMDB's file of the store there; g_free */
/* Whoever changes a store says so first: its manifest becomes the previous one (store/manifest.h), and the build is
 * unfinished until it has a new one. */
void store_mark_unfinished(const Store *store);
/* Writes the store anew without what was deleted from it, whose bytes otherwise lie in the file until their pages are used
 * again: takes as much room on the disk as the store has, and the new file takes the place of the old one at once. No
 * transaction may be open in this process; readers in others keep the old file. */
gboolean store_compact(Store *store, GError **error);
/* For tests: the size of the map, in bytes, before it grows by itself. */
gboolean store_set_map_size(Store *store, guint64 bytes, GError **error);

typedef gboolean (*StoreBatch)(StoreTxn *txn, gpointer user, GError **error);
gboolean store_write(Store *store, StoreBatch batch, gpointer user, GError **error);

StoreTxn *store_read_begin(Store *store, GError **error);
void store_read_end(StoreTxn *txn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreTxn, store_read_end)

/* A read transaction that holds fast every page of the store as it is now. The map is made large enough to write `room` bytes
 * meanwhile; more is an error, as it cannot grow then. */
StoreTxn *store_keep(Store *store, guint64 room, GError **error);

typedef struct StoreValue {
    const void *data;
    gsize length;
} StoreValue;

/* Keys sort by bytes. store_get returns FALSE without an error where there is no such key. */
gboolean store_get(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, StoreValue *value, GError **error);
/* As store_get, without reading the value's bytes to check them: for shards, which audit checks. */
gboolean store_get_unchecked(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, StoreValue *value, GError **error);
/* Cheapest where the keys of a batch rise, and most of all where they lie behind all that the table has. */
gboolean store_put(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, GError **error);
/* The same for whoever knows hash128 of the data already: other threads may have computed it, while a batch holds up all others. */
gboolean store_put_hashed(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, Hash128 hash,
                          GError **error);
/* The same, but a record that is there stays: it is then in *present, whose data is NULL where there was none. */
gboolean store_put_new(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, StoreValue *present,
                       GError **error);
gboolean store_delete(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, GError **error); /* fine if absent */
gboolean store_clear(StoreTxn *txn, StoreTable table, GError **error);
guint64 store_count(StoreTxn *txn, StoreTable table);
/* Sets *end to the number behind the table's last document; 0: it is empty. */
gboolean store_docno_end(StoreTxn *txn, StoreTable table, guint64 *end, GError **error);

/* Numbers by name, in a table that has nothing else: what a batch adds is gathered and written at its end, and a number that
 * comes to 0 is gone. store_counter reads one; FALSE: the value is no number. */
void store_add(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, gint64 amount);
gboolean store_counter(const StoreValue *value, gint64 *count);

/* Most tables are keyed by document number. */
typedef guint64 Docno;
#define DOCNO_NONE G_MAXUINT64
gboolean store_get_docno(StoreTxn *txn, StoreTable table, Docno docno, StoreValue *value, GError **error);
gboolean store_put_docno(StoreTxn *txn, StoreTable table, Docno docno, const void *data, gsize length, GError **error);
void docno_write(Docno docno, guint8 key[8]); /* big-endian: bytes sort as numbers do */
Docno docno_read(const void *key);

/* Walks a table in key order from the first key >= `from` (NULL: the first). store_cursor_next: 1, 0 at the end, -1.
 * A damaged record is -1 with *key set; the next call goes on behind it, which is how audit sees all of them. */
typedef struct StoreCursor StoreCursor;
StoreCursor *store_cursor_new(StoreTxn *txn, StoreTable table, const void *from, gsize from_length, GError **error);
int store_cursor_next(StoreCursor *cursor, StoreValue *key, StoreValue *value, GError **error);
/* A record as it lies in the map, its checksum behind its value, none of its bytes looked at; for walks that leave the
 * checking to other threads. store_record_value gives the value: FALSE where the record is damaged, as far as that was
 * asked. */
typedef struct StoreRecord {
    StoreValue key;
    StoreValue stored;
} StoreRecord;
int store_cursor_step(StoreCursor *cursor, StoreRecord *record, GError **error);
gboolean store_record_value(const StoreRecord *record, gboolean verify, StoreValue *value);
/* As store_get_unchecked, for all that the cursor will give. */
void store_cursor_uncheck(StoreCursor *cursor);
/* The record of a document, for a cursor that walks a table beside another one: numbers must rise from call to call, and
 * store_cursor_next and _step are not for it. 1, 0 where there is none, -1. `value` NULL: is there one? */
int store_cursor_find(StoreCursor *cursor, Docno docno, StoreValue *value, GError **error);
void store_cursor_free(StoreCursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreCursor, store_cursor_free)

/* Text values under a name in TABLE_META. store_get_meta gives a copy, or NULL without error where there is none. */
char *store_get_meta(StoreTxn *txn, const char *name, GError **error);
gboolean store_put_meta(StoreTxn *txn, const char *name, const char *text, GError **error);

#endif
