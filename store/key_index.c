/* SPDX-License-Identifier: Apache-2.0
 * Sorted runs of keys in blocks; see store/key_index.h.
 *
 * An entry is key and document number, big-endian, so that entries sort as bytes. The record of a block is named by run,
 * kind and the block's last entry: the first record at or behind (run, kind, key) is the block where the key's entries
 * begin, if there are any. */
#include "store/key_index.h"

#include <string.h>

#include "base/error.h"

#define KEY_SIZE 8
#define ENTRY_SIZE (KEY_SIZE + 5)
#define PREFIX_SIZE 6 /* run and kind */
#define NAME_SIZE (PREFIX_SIZE + ENTRY_SIZE)
#define BLOCK_ENTRIES 312 /* with LMDB's header and the checksum they fill one page */
#define BLOCK_BYTES (BLOCK_ENTRIES * ENTRY_SIZE)
#define COMMIT_BLOCKS 2048
#define SWEEP_BATCH 8192
#define MERGE_BLOCKS 1024 /* of a run that are read at once */
#define MERGE_RATIO 4

typedef struct Entry {
    guint16 kind;
    guint8 bytes[ENTRY_SIZE];
} Entry;

static void write_number(guint64 number, guint8 *bytes, unsigned size)
{
    while (size-- > 0) {
        bytes[size] = (guint8)number;
        number >>= 8;
    }
}

static guint64 read_number(const guint8 *bytes, unsigned size)
{
    guint64 number = 0;
    for (unsigned i = 0; i < size; i++)
        number = number << 8 | bytes[i];
    return number;
}

static Entry entry_of(guint16 kind, guint64 key, Docno docno)
{
    Entry entry = {.kind = kind};
    write_number(key, entry.bytes, KEY_SIZE);
    write_number(docno, entry.bytes + KEY_SIZE, ENTRY_SIZE - KEY_SIZE);
    return entry;
}

static int compare_entries(const Entry *a, const Entry *b)
{
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : memcmp(a->bytes, b->bytes, ENTRY_SIZE);
}

static void name_of(guint32 run, guint16 kind, const guint8 *entry, guint8 name[NAME_SIZE])
{
    write_number(run, name, 4);
    write_number(kind, name + 4, 2);
    memcpy(name + PREFIX_SIZE, entry, ENTRY_SIZE);
}

static guint32 name_run(const StoreValue *name)
{
    return name->length == NAME_SIZE ? (guint32)read_number(name->data, 4) : 0;
}

static guint16 name_kind(const StoreValue *name)
{
    return (guint16)read_number((const guint8 *)name->data + 4, 2);
}

/* ---- The list of runs ---------------------------------------------------------------------------------------- */

void key_index_runs_clear(KeyIndexRuns *runs)
{
    if (runs->list)
        g_array_unref(runs->list);
    *runs = (KeyIndexRuns){0};
}

static guint runs_count(const KeyIndexRuns *runs)
{
    return runs->list ? runs->list->len : 0;
}

static KeyRun *runs_at(const KeyIndexRuns *runs, guint place)
{
    return &g_array_index(runs->list, KeyRun, place);
}

static KeyRun *runs_find(const KeyIndexRuns *runs, guint32 number)
{
    for (guint i = 0; i < runs_count(runs); i++)
        if (runs_at(runs, i)->number == number)
            return runs_at(runs, i);
    return NULL;
}

static void runs_add(KeyIndexRuns *runs, guint32 number, guint64 entries)
{
    KeyRun run = {number, entries};
    if (!runs->list)
        runs->list = g_array_new(FALSE, FALSE, sizeof(KeyRun));
    g_array_append_val(runs->list, run);
}

json_t *key_index_runs_json(const KeyIndexRuns *runs)
{
    json_t *list = json_array();
    for (guint i = 0; i < runs_count(runs); i++)
        json_array_append_new(list, json_pack("[I, I]", (json_int_t)runs_at(runs, i)->number, (json_int_t)runs_at(runs, i)->entries));
    return json_pack("{s:o, s:I}", "runs", list, "last", (json_int_t)runs->last);
}

void key_index_runs_read(KeyIndexRuns *runs, const json_t *value)
{
    const json_t *list = json_object_get(value, "runs");
    key_index_runs_clear(runs);
    runs->last = (guint32)json_integer_value(json_object_get(value, "last"));
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        runs_add(runs, (guint32)json_integer_value(json_array_get(pair, 0)), (guint64)json_integer_value(json_array_get(pair, 1)));
    }
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* A block that is not written yet. */
typedef struct Block {
    guint16 kind;
    guint16 count;
    guint8 entries[BLOCK_BYTES];
} Block;

struct KeyIndexWriter {
    Store *store;
    StoreTable table;
    KeyIndexRuns *runs;
    guint32 number;
    guint64 entries;
    Entry last;
    Block *blocks; /* COMMIT_BLOCKS, `count` of them begun */
    guint count;
};

KeyIndexWriter *key_index_write(Store *store, StoreTable table, KeyIndexRuns *runs, GError **error)
{
    if (!key_index_sweep(store, table, runs, error))
        return NULL;
    KeyIndexWriter *writer = g_new0(KeyIndexWriter, 1);
    writer->store = store;
    writer->table = table;
    writer->runs = runs;
    writer->number = ++runs->last;
    writer->blocks = g_new(Block, COMMIT_BLOCKS);
    return writer;
}

static gboolean put_blocks(StoreTxn *txn, gpointer user, GError **error)
{
    const KeyIndexWriter *writer = user;
    for (guint i = 0; i < writer->count; i++) {
        const Block *block = &writer->blocks[i];
        guint8 name[NAME_SIZE];
        name_of(writer->number, block->kind, block->entries + (block->count - 1) * ENTRY_SIZE, name);
        if (!store_put(txn, writer->table, name, sizeof name, block->entries, block->count * (gsize)ENTRY_SIZE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean flush(KeyIndexWriter *writer, GError **error)
{
    if (writer->count && !store_write(writer->store, put_blocks, writer, error))
        return FALSE;
    writer->count = 0;
    return TRUE;
}

/* The block that the next entry of this kind goes to. */
static Block *open_block(KeyIndexWriter *writer, guint16 kind, GError **error)
{
    Block *block = writer->count ? &writer->blocks[writer->count - 1] : NULL;
    if (block && block->kind == kind && block->count < BLOCK_ENTRIES)
        return block;
    if (writer->count == COMMIT_BLOCKS && !flush(writer, error))
        return NULL;
    block = &writer->blocks[writer->count++];
    block->kind = kind;
    block->count = 0;
    return block;
}

static gboolean put_entry(KeyIndexWriter *writer, const Entry *entry, GError **error)
{
    if (writer->entries && compare_entries(&writer->last, entry) == 0)
        return TRUE;
    g_assert(!writer->entries || compare_entries(&writer->last, entry) < 0);
    Block *block = open_block(writer, entry->kind, error);
    if (!block)
        return FALSE;
    memcpy(block->entries + block->count++ * ENTRY_SIZE, entry->bytes, ENTRY_SIZE);
    writer->last = *entry;
    writer->entries++;
    return TRUE;
}

gboolean key_index_put(KeyIndexWriter *writer, guint16 kind, guint64 key, Docno docno, GError **error)
{
    Entry entry = entry_of(kind, key, docno);
    if (docno < KEY_INDEX_DOCNO_LIMIT)
        return put_entry(writer, &entry, error);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "document number %" G_GUINT64_FORMAT " is above what an index takes (2^40); split the recipe", docno);
    return FALSE;
}

gboolean key_index_close(KeyIndexWriter *writer, GError **error)
{
    gboolean good = flush(writer, error);
    if (good && writer->entries)
        runs_add(writer->runs, writer->number, writer->entries);
    key_index_abandon(writer);
    return good;
}

void key_index_abandon(KeyIndexWriter *writer)
{
    if (!writer)
        return;
    g_free(writer->blocks);
    g_free(writer);
}

/* ---- Sweeping ------------------------------------------------------------------------------------------------ */

typedef struct Sweep {
    Store *store;
    StoreTable table;
    const KeyIndexRuns *runs;
    GByteArray *names; /* of blocks to delete */
} Sweep;

/* The first run at or behind `from` that is on no list; 0: there is none. Steps from run to run. */
static gboolean find_dead(const Sweep *sweep, guint32 from, guint32 *dead, GError **error)
{
    *dead = 0;
    g_autoptr(StoreTxn) txn = store_read_begin(sweep->store, error);
    while (txn) {
        guint8 name[4];
        StoreValue key, value;
        write_number(from, name, sizeof name);
        g_autoptr(StoreCursor) cursor = store_cursor_new(txn, sweep->table, name, sizeof name, error);
        if (!cursor)
            return FALSE;
        key = (StoreValue){0};
        store_cursor_next(cursor, &key, &value, NULL); /* a damaged block has a name, too */
        if (!key.data)
            return TRUE;
        if (!runs_find(sweep->runs, name_run(&key))) {
            *dead = name_run(&key);
            return TRUE;
        }
        from = name_run(&key) + 1;
    }
    return FALSE;
}

static gboolean collect_names(const Sweep *sweep, guint32 run, GError **error)
{
    guint8 from[4];
    write_number(run, from, sizeof from);
    g_byte_array_set_size(sweep->names, 0);
    g_autoptr(StoreTxn) txn = store_read_begin(sweep->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, sweep->table, from, sizeof from, error) : NULL;
    if (!cursor)
        return FALSE;
    while (sweep->names->len < SWEEP_BATCH * NAME_SIZE) {
        StoreValue key = {0}, value;
        store_cursor_next(cursor, &key, &value, NULL);
        if (!key.data || name_run(&key) != run)
            return TRUE;
        g_byte_array_append(sweep->names, key.data, NAME_SIZE);
    }
    return TRUE;
}

static gboolean delete_names(StoreTxn *txn, gpointer user, GError **error)
{
    const Sweep *sweep = user;
    for (guint at = 0; at < sweep->names->len; at += NAME_SIZE)
        if (!store_delete(txn, sweep->table, sweep->names->data + at, NAME_SIZE, error))
            return FALSE;
    return TRUE;
}

gboolean key_index_sweep(Store *store, StoreTable table, const KeyIndexRuns *runs, GError **error)
{
    g_autoptr(GByteArray) names = g_byte_array_new();
    Sweep sweep = {store, table, runs, names};
    guint32 dead = 0;
    for (;;) {
        if (!find_dead(&sweep, dead, &dead, error))
            return FALSE;
        if (dead == 0)
            return TRUE;
        do {
            if (!collect_names(&sweep, dead, error) || (names->len && !store_write(store, delete_names, &sweep, error)))
                return FALSE;
        } while (names->len);
    }
}

/* ---- Merging ------------------------------------------------------------------------------------------------- */

/* A run that is read from its beginning to its end, in short transactions. */
typedef struct RunReader {
    Store *store;
    StoreTable table;
    guint32 number;
    GArray *entries; /* of Entry */
    guint at;
    guint8 next[NAME_SIZE + 1]; /* the name behind the last block that was read */
    gboolean ended;
} RunReader;

static gboolean set_damage(GError **error, guint32 run)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a block of run %u of an index cannot be read", run);
    return FALSE;
}

static gboolean block_is_good(const StoreValue *name, const StoreValue *value)
{
    const guint8 *bytes = value->data;
    if (name->length != NAME_SIZE || value->length == 0 || value->length % ENTRY_SIZE || value->length > BLOCK_BYTES)
        return FALSE;
    for (gsize at = ENTRY_SIZE; at < value->length; at += ENTRY_SIZE)
        if (memcmp(bytes + at - ENTRY_SIZE, bytes + at, ENTRY_SIZE) >= 0)
            return FALSE;
    return memcmp(bytes + value->length - ENTRY_SIZE, (const guint8 *)name->data + PREFIX_SIZE, ENTRY_SIZE) == 0;
}

static gboolean take_block(RunReader *reader, const StoreValue *name, const StoreValue *value, GError **error)
{
    if (!block_is_good(name, value))
        return set_damage(error, reader->number);
    for (gsize at = 0; at < value->length; at += ENTRY_SIZE) {
        Entry entry = {.kind = name_kind(name)};
        memcpy(entry.bytes, (const guint8 *)value->data + at, ENTRY_SIZE);
        g_array_append_val(reader->entries, entry);
    }
    memcpy(reader->next, name->data, NAME_SIZE);
    reader->next[NAME_SIZE] = 0;
    return TRUE;
}

static gboolean refill(RunReader *reader, GError **error)
{
    g_array_set_size(reader->entries, 0);
    reader->at = 0;
    g_autoptr(StoreTxn) txn = store_read_begin(reader->store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, reader->table, reader->next, sizeof reader->next, error) : NULL;
    StoreValue name, value;
    int more = -1;
    for (unsigned blocks = 0; cursor && blocks < MERGE_BLOCKS && (more = store_cursor_next(cursor, &name, &value, error)) > 0; blocks++) {
        if (name_run(&name) != reader->number) {
            reader->ended = TRUE;
            return TRUE;
        }
        if (!take_block(reader, &name, &value, error))
            return FALSE;
    }
    reader->ended = more == 0;
    return more >= 0;
}

/* The entry at hand; NULL without error at the end. */
static const Entry *reader_entry(RunReader *reader, GError **error)
{
    if (reader->at == reader->entries->len && !reader->ended && !refill(reader, error))
        return NULL;
    return reader->at < reader->entries->len ? &g_array_index(reader->entries, Entry, reader->at) : NULL;
}

static void reader_init(RunReader *reader, Store *store, StoreTable table, guint32 number)
{
    *reader = (RunReader){.store = store, .table = table, .number = number, .entries = g_array_new(FALSE, FALSE, sizeof(Entry))};
    write_number(number, reader->next, 4);
}

static gboolean merge_entries(RunReader *left, RunReader *right, KeyIndexWriter *writer, GError **error)
{
    for (;;) {
        GError *failure = NULL;
        const Entry *a = reader_entry(left, &failure), *b = failure ? NULL : reader_entry(right, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        if (!a && !b)
            return TRUE;
        RunReader *from = !b || (a && compare_entries(a, b) <= 0) ? left : right;
        if (!put_entry(writer, from == left ? a : b, error))
            return FALSE;
        from->at++;
    }
}

/* The two youngest runs become one. */
static gboolean merge_last(Store *store, StoreTable table, KeyIndexRuns *runs, GError **error)
{
    guint count = runs_count(runs);
    g_autoptr(KeyIndexWriter) writer = key_index_write(store, table, runs, error);
    if (!writer)
        return FALSE;
    RunReader left, right;
    reader_init(&left, store, table, runs_at(runs, count - 2)->number);
    reader_init(&right, store, table, runs_at(runs, count - 1)->number);
    gboolean good = merge_entries(&left, &right, writer, error);
    g_array_unref(left.entries);
    g_array_unref(right.entries);
    if (!good || !key_index_close(g_steal_pointer(&writer), error))
        return FALSE;
    g_array_remove_range(runs->list, count - 2, 2);
    return TRUE;
}

gboolean key_index_merge(Store *store, StoreTable table, KeyIndexRuns *runs, GError **error)
{
    for (guint count; (count = runs_count(runs)) > 1;) {
        if (runs_at(runs, count - 2)->entries / MERGE_RATIO >= runs_at(runs, count - 1)->entries)
            return TRUE;
        if (!merge_last(store, table, runs, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* The number of entries of a block that lie before `entry`. */
static gsize lower_bound(const StoreValue *value, const guint8 *entry)
{
    gsize low = 0, high = value->length / ENTRY_SIZE;
    while (low < high) {
        gsize middle = (low + high) / 2;
        if (memcmp((const guint8 *)value->data + middle * ENTRY_SIZE, entry, ENTRY_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static gboolean find_in_run(StoreTxn *txn, StoreTable table, guint32 run, const Entry *from, GArray *docnos, GError **error)
{
    guint8 name[NAME_SIZE];
    name_of(run, from->kind, from->bytes, name);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, name, sizeof name, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        if (key.length != NAME_SIZE || memcmp(key.data, name, PREFIX_SIZE) != 0)
            return TRUE;
        if (value.length % ENTRY_SIZE)
            return set_damage(error, run);
        const guint8 *bytes = value.data;
        for (gsize i = lower_bound(&value, from->bytes); i < value.length / ENTRY_SIZE; i++) {
            if (memcmp(bytes + i * ENTRY_SIZE, from->bytes, KEY_SIZE) != 0)
                return TRUE;
            Docno docno = read_number(bytes + i * ENTRY_SIZE + KEY_SIZE, ENTRY_SIZE - KEY_SIZE);
            g_array_append_val(docnos, docno);
        }
    }
    return more == 0;
}

static int compare_docnos(gconstpointer a, gconstpointer b)
{
    Docno left = *(const Docno *)a, right = *(const Docno *)b;
    return (left > right) - (left < right);
}

void docnos_sort(GArray *docnos, guint from)
{
    Docno *list = &g_array_index(docnos, Docno, from);
    guint count = docnos->len - from, kept = 0;
    if (count < 2)
        return;
    qsort(list, count, sizeof list[0], compare_docnos);
    for (guint i = 0; i < count; i++)
        if (i == 0 || list[i] != list[kept - 1])
            list[kept++] = list[i];
    g_array_set_size(docnos, from + kept);
}

gboolean key_index_find(StoreTxn *txn, StoreTable table, const KeyIndexRuns *runs, guint16 kind, guint64 key, GArray *docnos, GError **error)
{
    Entry from = entry_of(kind, key, 0);
    guint before = docnos->len;
    for (guint i = 0; i < runs_count(runs); i++)
        if (!find_in_run(txn, table, runs_at(runs, i)->number, &from, docnos, error))
            return FALSE;
    if (runs_count(runs) > 1)
        docnos_sort(docnos, before);
    return TRUE;
}

/* ---- Removing ------------------------------------------------------------------------------------------------ */

/* Writes a block anew without its entry number `place`. */
static gboolean rewrite(StoreTxn *txn, StoreTable table, const guint8 name[NAME_SIZE], const StoreValue *value, gsize place, GError **error)
{
    gsize before = place * ENTRY_SIZE, length = value->length - ENTRY_SIZE;
    g_autofree guint8 *left = g_malloc(value->length);
    guint8 renamed[NAME_SIZE];
    memcpy(left, value->data, before);
    memcpy(left + before, (const guint8 *)value->data + before + ENTRY_SIZE, length - before);
    if (!store_delete(txn, table, name, NAME_SIZE, error))
        return FALSE;
    if (length == 0)
        return TRUE;
    memcpy(renamed, name, PREFIX_SIZE);
    memcpy(renamed + PREFIX_SIZE, left + length - ENTRY_SIZE, ENTRY_SIZE);
    return store_put(txn, table, renamed, sizeof renamed, left, length, error);
}

static gboolean remove_from_run(StoreTxn *txn, StoreTable table, KeyRun *run, const Entry *entry, GError **error)
{
    guint8 name[NAME_SIZE], found[NAME_SIZE];
    StoreValue key, value;
    name_of(run->number, entry->kind, entry->bytes, name);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, name, sizeof name, error);
    int more = cursor ? store_cursor_next(cursor, &key, &value, error) : -1;
    if (more <= 0 || key.length != NAME_SIZE || memcmp(key.data, name, PREFIX_SIZE) != 0)
        return more >= 0;
    gsize place = lower_bound(&value, entry->bytes);
    if (place >= value.length / ENTRY_SIZE || memcmp((const guint8 *)value.data + place * ENTRY_SIZE, entry->bytes, ENTRY_SIZE) != 0)
        return TRUE;
    memcpy(found, key.data, NAME_SIZE);
    run->entries--;
    g_clear_pointer(&cursor, store_cursor_free);
    return rewrite(txn, table, found, &value, place, error);
}

gboolean key_index_remove(StoreTxn *txn, StoreTable table, KeyIndexRuns *runs, guint16 kind, guint64 key, Docno docno, GError **error)
{
    Entry entry = entry_of(kind, key, docno);
    for (guint i = 0; i < runs_count(runs); i++)
        if (!remove_from_run(txn, table, runs_at(runs, i), &entry, error))
            return FALSE;
    return TRUE;
}

/* ---- Purging ------------------------------------------------------------------------------------------------- */

static Docno entry_docno(const guint8 *entry)
{
    return read_number(entry + KEY_SIZE, ENTRY_SIZE - KEY_SIZE);
}

static gboolean is_listed(const GArray *docnos, Docno docno)
{
    guint low = 0, high = docnos->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(docnos, Docno, middle) < docno)
            low = middle + 1;
        else
            high = middle;
    }
    return low < docnos->len && g_array_index(docnos, Docno, low) == docno;
}

static gboolean block_has_any(const StoreValue *value, const GArray *docnos)
{
    for (gsize at = 0; at + ENTRY_SIZE <= value->length; at += ENTRY_SIZE)
        if (is_listed(docnos, entry_docno((const guint8 *)value->data + at)))
            return TRUE;
    return FALSE;
}

gboolean key_index_find_documents(StoreTxn *txn, StoreTable table, const GArray *docnos, GArray *found, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    StoreValue name, value;
    guint before = found->len;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &name, &value, error)) > 0)
        for (gsize at = 0; at + ENTRY_SIZE <= value.length; at += ENTRY_SIZE) {
            Docno docno = entry_docno((const guint8 *)value.data + at);
            if (is_listed(docnos, docno))
                g_array_append_val(found, docno);
        }
    docnos_sort(found, before);
    return more == 0;
}

/* The names of the blocks that have entries of the documents. */
static gboolean find_blocks(StoreTxn *txn, StoreTable table, const GArray *docnos, GByteArray *names, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    StoreValue name, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &name, &value, error)) > 0) {
        if (!block_is_good(&name, &value))
            return set_damage(error, name_run(&name));
        if (block_has_any(&value, docnos))
            g_byte_array_append(names, name.data, NAME_SIZE);
    }
    return more == 0;
}

static gboolean purge_block(StoreTxn *txn, StoreTable table, KeyIndexRuns *runs, const guint8 name[NAME_SIZE], const GArray *docnos,
                            guint64 *removed, GError **error)
{
    StoreValue value;
    guint8 left[BLOCK_BYTES], renamed[NAME_SIZE];
    gsize length = 0;
    if (!store_get(txn, table, name, NAME_SIZE, &value, error))
        return FALSE;
    for (gsize at = 0; at < value.length; at += ENTRY_SIZE) {
        const guint8 *entry = (const guint8 *)value.data + at;
        if (is_listed(docnos, entry_docno(entry)))
            continue;
        memcpy(left + length, entry, ENTRY_SIZE);
        length += ENTRY_SIZE;
    }
    gsize gone = (value.length - length) / ENTRY_SIZE;
    KeyRun *run = runs_find(runs, (guint32)read_number(name, 4));
    if (run)
        run->entries -= gone;
    *removed += gone;
    if (!store_delete(txn, table, name, NAME_SIZE, error))
        return FALSE;
    if (length == 0)
        return TRUE;
    memcpy(renamed, name, PREFIX_SIZE);
    memcpy(renamed + PREFIX_SIZE, left + length - ENTRY_SIZE, ENTRY_SIZE);
    return store_put(txn, table, renamed, sizeof renamed, left, length, error);
}

gboolean key_index_purge(StoreTxn *txn, StoreTable table, KeyIndexRuns *runs, const GArray *docnos, guint64 *removed, GError **error)
{
    g_autoptr(GByteArray) names = g_byte_array_new();
    *removed = 0;
    if (!find_blocks(txn, table, docnos, names, error))
        return FALSE;
    for (guint at = 0; at < names->len; at += NAME_SIZE)
        if (!purge_block(txn, table, runs, names->data + at, docnos, removed, error))
            return FALSE;
    return TRUE;
}

/* ---- Checking ------------------------------------------------------------------------------------------------ */

static gboolean check_counts(const KeyIndexRuns *runs, const guint64 *counts, GError **error)
{
    for (guint i = 0; i < runs_count(runs); i++) {
        if (counts[i] == runs_at(runs, i)->entries)
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "run %u of an index has %" G_GUINT64_FORMAT " entries where %" G_GUINT64_FORMAT " were written", runs_at(runs, i)->number,
                    counts[i], runs_at(runs, i)->entries);
        return FALSE;
    }
    return TRUE;
}

gboolean key_index_check(StoreTxn *txn, StoreTable table, const KeyIndexRuns *runs, GError **error)
{
    g_autofree guint64 *counts = g_new0(guint64, runs_count(runs) + 1);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    StoreValue name, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &name, &value, error)) > 0) {
        const KeyRun *run = runs_find(runs, name_run(&name));
        if (run && !block_is_good(&name, &value))
            return set_damage(error, run->number);
        if (run)
            counts[run - runs_at(runs, 0)] += value.length / ENTRY_SIZE;
    }
    return more == 0 && check_counts(runs, counts, error);
}
