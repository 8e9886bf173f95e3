/* SPDX-License-Identifier: Apache-2.0
 * Galen's tables in one LMDB environment: transactions, integrity, a map that grows; see store/store.h. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <lmdb.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/huge_pages.h"

#define PART_NAME "part-0000.mdb"
#define COMPACT_NAME PART_NAME ".compact" /* a copy that is not finished */
#define WRITER_LOCK_NAME "writer.lock"
#define INITIAL_MAP ((gsize)256 << 20)
#define LEAST_SIZE 8192   /* LMDB's two meta pages, where pages are smallest: no part with records is smaller */
#define LOCK_SIZE 8192    /* LMDB's lock file for its default number of readers */
#define TRAILER_SIZE 16 /* the record's checksum, behind it */
#define KEY_LIMIT 511   /* LMDB's own */
#define FIRST_STEPS 2   /* that are tried before a search from the root: */
#define NEIGHBOURS 16   /* documents to step over that cost less than one */
#define NO_TABLE 0      /* never a table's number: an older galen made the store, and it is only read; an empty table */

struct Store {
    char *directory;
    MDB_env *env;
    MDB_dbi tables[TABLE_COUNT];
    gboolean writes; /* the lock file says so */
    int writer_lock; /* descriptor of the lock that keeps writers away, or -1 */
    gboolean follows; /* STORE_FOLLOW */
    GMutex lock;
    GCond changed;
    unsigned readers; /* open read transactions; growing the map waits for none */
    gboolean growing;
    gboolean kept; /* by store_keep: the map may not grow */
};

/* How a batch has put records into a table so far. */
typedef enum { TAIL_UNKNOWN, TAIL_GROWS, TAIL_SCATTERED } Tail;

struct StoreTxn {
    Store *store;
    MDB_txn *txn;
    gboolean map_full;
    gboolean keeps;
    GHashTable *added; /* table and key (a GBytes) -> gint64 *: what store_add gathers; NULL: nothing */
    GBytes *last_added; /* one of its keys, and what that leads to: documents of one kind come together */
    gint64 *last_sum;
    Tail tails[TABLE_COUNT];
    MDB_cursor *put_cursors[TABLE_COUNT]; /* LMDB ends them with the transaction */
};

struct StoreCursor {
    StoreTxn *txn;
    StoreTable table;
    MDB_cursor *cursor;
    guint8 from[KEY_LIMIT];
    gsize from_length;
    gboolean started, unchecked;
    int more; /* of store_cursor_find: what the last step said */
    StoreRecord here;
};

static const char *const table_names[TABLE_COUNT] = {
    "meta",  "inputs", "documents", "cleaned", "ids",        "ledger", "signatures",
    "bands", "cuts",   "notes",     "tokens",  "draws", "shards",     "spans",  "placements",
    "runs",  "clusters", "pmids",  "identifiers", "changes", "withdrawn", "tombstones", "counts",
};

const char *store_table_name(StoreTable table)
{
    return table_names[table];
}

static void store_set_error(Store *store, GError **error, int code, const char *doing)
{
    gboolean damaged = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID || code == MDB_VERSION_MISMATCH;
    gboolean full = code == ENOSPC || code == EFBIG || code == EDQUOT || code == EIO; /* LMDB calls a short write EIO */
    const char *advice = full ? "; the disk is full or failing: free some space and run the same command again" : "";
    g_set_error(error, GALEN_ERROR, damaged ? GALEN_ERROR_INPUT : GALEN_ERROR_SYSTEM, "store %s: cannot %s: %s%s",
                store->directory, doing, mdb_strerror(code), advice);
}

static void set_damaged_error(StoreTxn *txn, StoreTable table, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s: a record of table '%s' is damaged (its checksum does not match); run 'galen audit'", txn->store->directory,
                table_names[table]);
}

/* ---- Checksums ----------------------------------------------------------------------------------------------- */

static gboolean split_trailer(const MDB_val *stored, StoreValue *value)
{
    if (stored->mv_size < TRAILER_SIZE)
        return FALSE;
    *value = (StoreValue){stored->mv_data, stored->mv_size - TRAILER_SIZE};
    return TRUE;
}

/* Of value and key together: a value under another key than its own is damage too. */
static Hash128 record_checksum(const void *key, gsize key_length, Hash128 content)
{
    Hash128 name = hash128(key, key_length);
    return (Hash128){content.high ^ name.high, content.low ^ name.low};
}

static gboolean trailer_matches(const StoreValue *key, const StoreValue *value)
{
    const guint8 *trailer = (const guint8 *)value->data + value->length;
    return hash128_equal(record_checksum(key->data, key->length, hash128(value->data, value->length)), hash128_read(trailer));
}

/* ---- Opening ------------------------------------------------------------------------------------------------- */

/* The lock file says who writes, and which file: "PROCESS INODE", the second 0 until the file is there. A writer that ends empties
 * it. It has one length, so that a full disk has room for the second if it had for the first. */
static gboolean name_writer(Store *store, guint64 inode, GError **error)
{
    char text[64];
    int length = g_snprintf(text, sizeof text, "%ld %-36" G_GUINT64_FORMAT "\n", (long)getpid(), inode);
    store->writes = pwrite(store->writer_lock, text, (size_t)length, 0) == length;
    if (store->writes)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot write %s/" WRITER_LOCK_NAME, store->directory);
    return FALSE;
}

/* A writer that ended without a word and wrote another file than the one that is here: the store was copied meanwhile, and the
 * copy may have pages of different times. LMDB cannot tell. */
static gboolean check_copied(const Store *store, const char *holder, GError **error)
{
    g_autofree char *path = store_part_path(store->directory);
    const char *behind = strchr(holder, ' ');
    guint64 inode = behind ? g_ascii_strtoull(behind, NULL, 10) : 0;
    struct stat status;
    if (inode == 0 || stat(path, &status) < 0 || inode == (guint64)status.st_ino)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s was copied from a place where a process was writing to it, and may be a mixture of what was there before and "
                "after. Copy it again while no build runs; if that process had been killed before the copy was made, delete "
                "%s/" WRITER_LOCK_NAME " and run the same command again", store->directory, store->directory);
    return FALSE;
}

static gboolean take_writer_lock(Store *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->directory, WRITER_LOCK_NAME, NULL);
    char holder[64] = {0};
    store->writer_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (store->writer_lock < 0) {
        galen_error_set_errno(error, errno, "cannot open %s to write to the store", path);
        return FALSE;
    }
    gboolean taken = flock(store->writer_lock, LOCK_EX | LOCK_NB) == 0;
    if (pread(store->writer_lock, holder, sizeof holder - 1, 0) < 0)
        holder[0] = '\0';
    if (!taken) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "store %s: process %.*s is writing to it; wait for it to end",
                    store->directory, *holder ? (int)strcspn(holder, " \n") : 9, *holder ? holder : "(unknown)");
        return FALSE;
    }
    if (check_copied(store, holder, error))
        return name_writer(store, 0, error);
    close(store->writer_lock); /* as it was found */
    store->writer_lock = -1;
    return FALSE;
}

static gboolean set_unborn_error(const Store *store, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s is empty: the build that made it ended before its first record; run 'galen build' again", store->directory);
    return FALSE;
}

/* A store that may only be read, such as one on read-only media, has no table of readers: a reader then keeps writers
 * away for as long as it reads, and does without. */
static gboolean read_unlocked(Store *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->directory, WRITER_LOCK_NAME, NULL);
    store->writer_lock = open(path, O_RDONLY | O_CLOEXEC);
    if (store->writer_lock < 0 || flock(store->writer_lock, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "store %s: a process is writing to it, and without the right to write its lock file nobody can read it meanwhile", store->directory);
    return FALSE;
}

/* LMDB maps its lock file, and a page that the full disk has no room for would be a SIGBUS: takes the room before. */
static gboolean reserve_lock_file(Store *store, const char *part_path, StoreFlags flags, unsigned *mode, GError **error)
{
    g_autofree char *path = g_strconcat(part_path, "-lock", NULL);
    struct stat status;
    if (store->follows) {
        *mode |= MDB_NOLOCK;
        return TRUE;
    }
    int result = 0, descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0 && !(flags & STORE_WRITE) && (errno == EACCES || errno == EROFS || errno == EPERM)) {
        *mode |= MDB_NOLOCK;
        return read_unlocked(store, error);
    }
    if (descriptor < 0 || fstat(descriptor, &status) < 0)
        result = errno;
    else if (status.st_size < LOCK_SIZE || (gsize)status.st_blocks * 512 < LOCK_SIZE)
        result = posix_fallocate(descriptor, 0, LOCK_SIZE);
    if (descriptor >= 0)
        close(descriptor);
    if (result != 0)
        galen_error_set_errno(error, result, "cannot make room for %s", path);
    return result == 0;
}

/* A part that ended inside its first pages, on a full disk or by a kill, holds nothing: it is begun anew. */
static gboolean check_size(Store *store, const char *path, StoreFlags flags, GError **error)
{
    struct stat status;
    if (stat(path, &status) < 0 || status.st_size >= LEAST_SIZE)
        return TRUE;
    if (!(flags & STORE_WRITE))
        return set_unborn_error(store, error);
    if (status.st_size == 0 || truncate(path, 0) == 0)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot write %s", path);
    return FALSE;
}

/* A reader that was killed while others had the store open holds the pages of its time, unless a writer looks for it. */
static void forget_dead_readers(Store *store)
{
    int dead;
    mdb_reader_check(store->env, &dead);
}

/* What only a writer does with the part that it has opened. */
static gboolean begin_writing(Store *store, const char *path, GError **error)
{
    struct stat status;
    return stat(path, &status) < 0 || name_writer(store, (guint64)status.st_ino, error);
}

/* A writer's pages are in the file before LMDB's record of how many there are, so the length is asked for behind the record. */
static gboolean check_length(const Store *store, const char *path, GError **error)
{
    MDB_envinfo info;
    MDB_stat stats;
    struct stat status;
    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stats);
    guint64 needed = (guint64)(info.me_last_pgno + 1) * stats.ms_psize;
    if (stat(path, &status) < 0 || (guint64)status.st_size >= needed)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s: " PART_NAME " has %" G_GUINT64_FORMAT " bytes but should have %" G_GUINT64_FORMAT
                "; the file was cut off: restore it from a copy", store->directory, (guint64)status.st_size, needed);
    return FALSE;
}

static gboolean open_environment(Store *store, const char *path, StoreFlags flags, GError **error)
{
    struct stat status;
    unsigned mode = MDB_NOSUBDIR | MDB_NOTLS | (!(flags & STORE_WRITE) ? MDB_RDONLY : 0);
    if (!check_size(store, path, flags, error) || !reserve_lock_file(store, path, flags, &mode, error))
        return FALSE;
    gboolean exists = stat(path, &status) == 0 && status.st_size > 0;
    int result = mdb_env_create(&store->env);
    if (result == 0)
        result = mdb_env_set_maxdbs(store->env, TABLE_COUNT);
    if (result == 0 && (flags & STORE_WRITE))
        result = mdb_env_set_mapsize(store->env, exists ? MAX(INITIAL_MAP, 2 * (gsize)status.st_size) : INITIAL_MAP);
    if (result == 0)
        result = mdb_env_open(store->env, path, mode, 0666);
    if (result != 0) {
        store_set_error(store, error, result, "open " PART_NAME);
        return FALSE;
    }
    if (exists && !check_length(store, path, error))
        return FALSE;
    return !(flags & STORE_WRITE) || begin_writing(store, path, error);
}

static gboolean set_lacking_error(const Store *store, int table, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s has no table '%s': an earlier version of Galen made it, or a build that ended at once; run 'galen build' "
                "with its recipe again", store->directory, table_names[table]);
    return FALSE;
}

static gboolean open_tables(Store *store, StoreFlags flags, GError **error)
{
    MDB_txn *txn;
    int result = mdb_txn_begin(store->env, NULL, !(flags & STORE_WRITE) ? MDB_RDONLY : 0, &txn);
    for (int table = 0; table < TABLE_COUNT && result == 0; table++) {
        result = mdb_dbi_open(txn, table_names[table], !(flags & STORE_WRITE) ? 0 : MDB_CREATE, &store->tables[table]);
        if (result == MDB_NOTFOUND && table != TABLE_META)
            result = store->tables[table] = NO_TABLE;
        if (result != 0) {
            mdb_txn_abort(txn);
            if (result == MDB_NOTFOUND)
                return table == 0 ? set_unborn_error(store, error) : set_lacking_error(store, table, error);
            store_set_error(store, error, result, "open its tables");
            return FALSE;
        }
    }
    if (result == 0)
        result = mdb_txn_commit(txn);
    if (result == 0)
        return TRUE;
    store_set_error(store, error, result, "open its tables");
    return FALSE;
}

static gboolean write_version(StoreTxn *txn, gpointer user, GError **error)
{
    g_autofree char *version = g_strdup_printf("%d", STORE_FORMAT_VERSION);
    return store_put_meta(txn, "format", version, error);
}

/* The version in a store, told from damage also where an earlier program wrote it, whose checksums left out the key.
 * NULL without error: a store without one, or, for an audit, a damaged one. */
static char *read_version(StoreTxn *txn, StoreFlags flags, GError **error)
{
    static const char name[] = "format";
    const StoreValue key = {name, sizeof name - 1};
    StoreValue value;
    if (!store_get_unchecked(txn, TABLE_META, key.data, key.length, &value, error))
        return NULL;
    gboolean first = hash128_equal(hash128(value.data, value.length), hash128_read((const guint8 *)value.data + value.length));
    if (first || trailer_matches(&key, &value))
        return g_strndup(value.data, value.length);
    if (flags != STORE_AUDIT)
        set_damaged_error(txn, TABLE_META, error);
    return NULL;
}

/* A new store gets its version; one of another version is refused before anything else in it is believed. */
static gboolean check_version(Store *store, StoreFlags flags, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return FALSE;
    GError *failure = NULL;
    g_autofree char *version = read_version(txn, flags, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_clear_pointer(&txn, store_read_end);
    if (!version && (flags & STORE_WRITE))
        return store_write(store, write_version, NULL, error);
    if (!version)
        return flags == STORE_AUDIT || set_unborn_error(store, error);
    if (g_ascii_strtoll(version, NULL, 10) == STORE_FORMAT_VERSION)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "store %s has format version %s; this program reads and writes version %d. Use the galen that made it, or build it anew",
                store->directory, version, STORE_FORMAT_VERSION);
    return FALSE;
}

Store *store_open(const char *directory, StoreFlags flags, GError **error)
{
    g_autoptr(Store) store = g_new0(Store, 1);
    store->directory = g_strdup(directory);
    store->writer_lock = -1;
    store->follows = flags == STORE_FOLLOW;
    flags = store->follows ? STORE_READ : flags;
    g_mutex_init(&store->lock);
    g_cond_init(&store->changed);
    g_autofree char *path = store_part_path(directory);
    if (flags != STORE_CREATE && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s is no Galen store (it has no " PART_NAME "); 'galen build' makes one", directory);
        return NULL;
    }
    if (flags == STORE_CREATE && !directory_make(directory, error))
        return NULL;
    if ((flags & STORE_WRITE) && !take_writer_lock(store, error))
        return NULL;
    if (!open_environment(store, path, flags, error) || !open_tables(store, flags, error) || !check_version(store, flags, error))
        return NULL;
    return g_steal_pointer(&store);
}

gboolean store_refresh(Store *store, GError **error)
{
    g_autofree char *path = g_build_filename(store->directory, PART_NAME, NULL);
    mdb_env_close(store->env);
    store->env = NULL;
    return open_environment(store, path, STORE_READ, error) && open_tables(store, STORE_READ, error);
}

/* ---- Compaction ---------------------------------------------------------------------------------------------- */

static gboolean flush_path(const char *path, int flags, GError **error)
{
    int descriptor = open(path, flags | O_CLOEXEC);
    int result = descriptor < 0 || fsync(descriptor) < 0 ? errno : 0;
    if (descriptor >= 0)
        close(descriptor);
    if (result)
        galen_error_set_errno(error, result, "cannot write %s to disk", path);
    return result == 0;
}

static gboolean copy_compact(Store *store, const char *to, GError **error)
{
    g_unlink(to); /* of a copy that was killed */
    int result = mdb_env_copy2(store->env, to, MDB_CP_COMPACT);
    if (result == 0 && flush_path(to, O_RDONLY, error))
        return TRUE;
    if (result != 0)
        store_set_error(store, error, result, "copy its records to " COMPACT_NAME);
    g_unlink(to);
    return FALSE;
}

/* The table of readers is of the old file: whoever still has that open keeps it, and the new one begins its own. */
static gboolean replace_part(const Store *store, const char *copy, const char *path, GError **error)
{
    g_autofree char *lock = g_strconcat(path, "-lock", NULL);
    g_unlink(lock);
    if (g_rename(copy, path) == 0)
        return flush_path(store->directory, O_RDONLY | O_DIRECTORY, error);
    galen_error_set_errno(error, errno, "cannot rename %s to %s", copy, path);
    return FALSE;
}

gboolean store_compact(Store *store, GError **error)
{
    g_autofree char *path = store_part_path(store->directory);
    g_autofree char *copy = g_build_filename(store->directory, COMPACT_NAME, NULL);
    if (!copy_compact(store, copy, error) || !name_writer(store, 0, error))
        return FALSE;
    mdb_env_close(store->env);
    store->env = NULL;
    return replace_part(store, copy, path, error) && open_environment(store, path, STORE_WRITE, error) &&
           open_tables(store, STORE_WRITE, error);
}

void store_free(Store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    if (store->writes && ftruncate(store->writer_lock, 0) < 0)
        g_debug("the lock file of %s says that a process writes to it, which has ended", store->directory);
    if (store->writer_lock >= 0)
        close(store->writer_lock);
    g_mutex_clear(&store->lock);
    g_cond_clear(&store->changed);
    g_free(store->directory);
    g_free(store);
}

const char *store_directory(const Store *store)
{
    return store->directory;
}

char *store_part_path(const char *directory)
{
    return g_build_filename(directory, PART_NAME, NULL);
}

void store_mark_unfinished(const Store *store)
{
    g_autofree char *manifest = g_build_filename(store->directory, STORE_MANIFEST, NULL);
    g_autofree char *previous = g_build_filename(store->directory, STORE_PREVIOUS_MANIFEST, NULL);
    g_rename(manifest, previous);
}

/* ---- Transactions -------------------------------------------------------------------------------------------- */

/* LMDB may change the map's size only while this process has no transaction open. */
gboolean store_set_map_size(Store *store, guint64 bytes, GError **error)
{
    g_mutex_lock(&store->lock);
    if (store->kept) {
        g_mutex_unlock(&store->lock);
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "store %s: its map is full and cannot grow while other processes read it; run the same command again to go on",
                    store->directory);
        return FALSE;
    }
    store->growing = TRUE;
    while (store->readers > 0)
        g_cond_wait(&store->changed, &store->lock);
    int result = mdb_env_set_mapsize(store->env, bytes);
    store->growing = FALSE;
    g_cond_broadcast(&store->changed);
    g_mutex_unlock(&store->lock);
    if (result != 0)
        store_set_error(store, error, result, "grow its map");
    return result == 0;
}

static gboolean store_grow(Store *store, GError **error)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return store_set_map_size(store, 2 * (guint64)info.me_mapsize, error);
}

static gboolean write_counters(StoreTxn *txn, GError **error);

/* One try at a batch. Returns FALSE with *again set when the map was too small for it. */
static gboolean write_once(Store *store, StoreBatch batch, gpointer user, gboolean *again, GError **error)
{
    StoreTxn txn = {.store = store};
    forget_dead_readers(store);
    int result = mdb_txn_begin(store->env, NULL, 0, &txn.txn);
    if (result != 0) {
        store_set_error(store, error, result, "begin to write");
        return FALSE;
    }
    gboolean good = batch(&txn, user, error) && write_counters(&txn, error);
    g_clear_pointer(&txn.added, g_hash_table_unref);
    if (!good) {
        mdb_txn_abort(txn.txn);
        *again = txn.map_full;
        return FALSE;
    }
    result = mdb_txn_commit(txn.txn);
    if (result == 0)
        return TRUE;
    *again = result == MDB_MAP_FULL;
    store_set_error(store, error, result, "write");
    return FALSE;
}

gboolean store_write(Store *store, StoreBatch batch, gpointer user, GError **error)
{
    for (;;) {
        GError *failure = NULL;
        gboolean again = FALSE;
        if (write_once(store, batch, user, &again, &failure))
            return TRUE;
        if (!again) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        g_clear_error(&failure);
        if (!store_grow(store, error))
            return FALSE;
    }
}

StoreTxn *store_read_begin(Store *store, GError **error)
{
    g_mutex_lock(&store->lock);
    while (store->growing)
        g_cond_wait(&store->changed, &store->lock);
    store->readers++;
    g_mutex_unlock(&store->lock);
    StoreTxn *txn = g_new0(StoreTxn, 1);
    txn->store = store;
    int result = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->txn);
    if (result == MDB_MAP_RESIZED) { /* another process grew it */
        mdb_env_set_mapsize(store->env, 0);
        result = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->txn);
    }
    if (result == 0)
        return txn;
    store_set_error(store, error, result, "begin to read");
    store_read_end(txn);
    return NULL;
}

StoreTxn *store_keep(Store *store, guint64 room, GError **error)
{
    MDB_envinfo info;
    MDB_stat stats;
    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &stats);
    guint64 wanted = (guint64)(info.me_last_pgno + 1) * stats.ms_psize + room;
    if (wanted > info.me_mapsize && !store_set_map_size(store, wanted, error))
        return NULL;
    StoreTxn *txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    g_mutex_lock(&store->lock);
    txn->keeps = store->kept = TRUE;
    g_mutex_unlock(&store->lock);
    return txn;
}

void store_read_end(StoreTxn *txn)
{
    if (!txn)
        return;
    Store *store = txn->store;
    gboolean keeps = txn->keeps;
    if (txn->txn)
        mdb_txn_abort(txn->txn);
    g_free(txn);
    g_mutex_lock(&store->lock);
    store->readers--;
    if (keeps)
        store->kept = FALSE;
    g_cond_broadcast(&store->changed);
    g_mutex_unlock(&store->lock);
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

static void txn_set_error(StoreTxn *txn, GError **error, int code, const char *verb, StoreTable table)
{
    g_autofree char *doing = g_strdup_printf("%s table '%s'", verb, table_names[table]);
    if (code == MDB_MAP_FULL)
        txn->map_full = TRUE;
    store_set_error(txn->store, error, code, doing);
}

gboolean store_record_value(const StoreRecord *record, gboolean verify, StoreValue *value)
{
    const MDB_val stored = {record->stored.length, (void *)record->stored.data};
    return split_trailer(&stored, value) && (!verify || trailer_matches(&record->key, value));
}

static gboolean check_record(StoreTxn *txn, StoreTable table, const StoreValue *key, const MDB_val *stored, gboolean verify,
                             StoreValue *value, GError **error)
{
    if (split_trailer(stored, value) && (!verify || trailer_matches(key, value)))
        return TRUE;
    set_damaged_error(txn, table, error);
    return FALSE;
}

static gboolean get_record(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, gboolean verify, StoreValue *value, GError **error)
{
    MDB_val mdb_key = {key_length, (void *)key}, stored;
    if (txn->store->tables[table] == NO_TABLE)
        return FALSE;
    int result = mdb_get(txn->txn, txn->store->tables[table], &mdb_key, &stored);
    if (result == MDB_NOTFOUND)
        return FALSE;
    if (result != 0) {
        txn_set_error(txn, error, result, "read", table);
        return FALSE;
    }
    return check_record(txn, table, &(StoreValue){key, key_length}, &stored, verify, value, error);
}

gboolean store_get(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, StoreValue *value, GError **error)
{
    return get_record(txn, table, key, key_length, TRUE, value, error);
}

gboolean store_get_unchecked(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, StoreValue *value, GError **error)
{
    return get_record(txn, table, key, key_length, FALSE, value, error);
}

/* Behind all records of the table, where no search is needed and pages are filled to the end. MDB_KEYEXIST: the key does not
 * belong there, and no more is tried for this table in this batch. */
static int put_behind(StoreTxn *txn, StoreTable table, MDB_val *key, MDB_val *stored)
{
    int result = mdb_cursor_put(txn->put_cursors[table], key, stored, MDB_RESERVE | MDB_APPEND);
    txn->tails[table] = result == MDB_KEYEXIST ? TAIL_SCATTERED : TAIL_GROWS;
    return result;
}

/* A cursor remembers its page, so that a key beside the one before is found without a search from the root. */
static int put_record(StoreTxn *txn, StoreTable table, unsigned flags, MDB_val *key, MDB_val *stored)
{
    int result = txn->put_cursors[table] ? MDB_SUCCESS : mdb_cursor_open(txn->txn, txn->store->tables[table], &txn->put_cursors[table]);
    if (result == MDB_SUCCESS)
        result = txn->tails[table] == TAIL_SCATTERED ? MDB_KEYEXIST : put_behind(txn, table, key, stored);
    return result == MDB_KEYEXIST ? mdb_cursor_put(txn->put_cursors[table], key, stored, MDB_RESERVE | flags) : result;
}

static void write_trailer(const void *key, gsize key_length, Hash128 content, guint8 *trailer)
{
    hash128_write(record_checksum(key, key_length, content), trailer);
}

/* Room for a record of `length` bytes; NULL: an error. A large one lies in memory that LMDB has just allocated. */
static guint8 *make_room(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, gsize length, GError **error)
{
    MDB_val mdb_key = {key_length, (void *)key};
    MDB_val stored = {length + TRAILER_SIZE, NULL};
    int result = put_record(txn, table, 0, &mdb_key, &stored);
    if (result != 0) {
        txn_set_error(txn, error, result, "write", table);
        return NULL;
    }
    huge_pages_advise(stored.mv_data, stored.mv_size);
    return stored.mv_data;
}

gboolean store_put(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, GError **error)
{
    guint8 *room = make_room(txn, table, key, key_length, length, error);
    if (room)
        write_trailer(key, key_length, hash128_copy(room, data, length), room + length);
    return room != NULL;
}

gboolean store_put_hashed(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, Hash128 hash,
                          GError **error)
{
    guint8 *room = make_room(txn, table, key, key_length, length, error);
    if (!room)
        return FALSE;
    if (length)
        memcpy(room, data, length);
    write_trailer(key, key_length, hash, room + length);
    return TRUE;
}

gboolean store_put_new(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, const void *data, gsize length, StoreValue *present,
                       GError **error)
{
    MDB_val mdb_key = {key_length, (void *)key};
    MDB_val stored = {length + TRAILER_SIZE, NULL};
    *present = (StoreValue){0};
    int result = put_record(txn, table, MDB_NOOVERWRITE, &mdb_key, &stored);
    if (result == MDB_KEYEXIST)
        return check_record(txn, table, &(StoreValue){key, key_length}, &stored, TRUE, present, error);
    if (result != 0) {
        txn_set_error(txn, error, result, "write", table);
        return FALSE;
    }
    write_trailer(key, key_length, hash128_copy(stored.mv_data, data, length), (guint8 *)stored.mv_data + length);
    return TRUE;
}

gboolean store_delete(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, GError **error)
{
    MDB_val mdb_key = {key_length, (void *)key};
    int result = mdb_del(txn->txn, txn->store->tables[table], &mdb_key, NULL);
    if (result == 0 || result == MDB_NOTFOUND)
        return TRUE;
    txn_set_error(txn, error, result, "delete from", table);
    return FALSE;
}

gboolean store_clear(StoreTxn *txn, StoreTable table, GError **error)
{
    int result = mdb_drop(txn->txn, txn->store->tables[table], 0);
    if (result != 0)
        txn_set_error(txn, error, result, "clear", table);
    return result == 0;
}

guint64 store_count(StoreTxn *txn, StoreTable table)
{
    MDB_stat stats;
    return txn->store->tables[table] != NO_TABLE && mdb_stat(txn->txn, txn->store->tables[table], &stats) == 0 ? stats.ms_entries : 0;
}

/* ---- Counters ------------------------------------------------------------------------------------------------ */

static gboolean is_last_added(const StoreTxn *txn, StoreTable table, const void *key, gsize key_length)
{
    gsize length = 0;
    const guint8 *last = txn->last_added ? g_bytes_get_data(txn->last_added, &length) : NULL;
    return last && length == key_length + 1 && last[0] == (guint8)table && memcmp(last + 1, key, key_length) == 0;
}

static GBytes *counter_name(StoreTable table, const void *key, gsize key_length)
{
    GByteArray *name = g_byte_array_sized_new((guint)key_length + 1);
    g_byte_array_append(name, &(guint8){(guint8)table}, 1);
    g_byte_array_append(name, key, (guint)key_length);
    return g_byte_array_free_to_bytes(name);
}

/* Finds the sum of a counter, or begins one. */
static void find_added(StoreTxn *txn, GBytes *name)
{
    gpointer known, sum;
    if (!txn->added)
        txn->added = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_free);
    if (g_hash_table_lookup_extended(txn->added, name, &known, &sum)) {
        g_bytes_unref(name);
    } else {
        sum = g_new0(gint64, 1);
        g_hash_table_insert(txn->added, known = name, sum);
    }
    txn->last_added = known;
    txn->last_sum = sum;
}

void store_add(StoreTxn *txn, StoreTable table, const void *key, gsize key_length, gint64 amount)
{
    if (!is_last_added(txn, table, key, key_length))
        find_added(txn, counter_name(table, key, key_length));
    *txn->last_sum += amount;
}

gboolean store_counter(const StoreValue *value, gint64 *count)
{
    if (value->length != sizeof *count)
        return FALSE;
    memcpy(count, value->data, sizeof *count);
    *count = GINT64_FROM_LE(*count);
    return TRUE;
}

static gboolean write_counter(StoreTxn *txn, StoreTable table, const void *key, gsize length, gint64 amount, GError **error)
{
    GError *failure = NULL;
    StoreValue value;
    gint64 before = 0;
    if (store_get(txn, table, key, length, &value, &failure))
        store_counter(&value, &before);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    gint64 now = GINT64_TO_LE(before + amount);
    return now ? store_put(txn, table, key, length, &now, sizeof now, error) : store_delete(txn, table, key, length, error);
}

static gboolean write_counters(StoreTxn *txn, GError **error)
{
    GHashTableIter iterator;
    gpointer name, amount;
    if (!txn->added)
        return TRUE;
    g_hash_table_iter_init(&iterator, txn->added);
    while (g_hash_table_iter_next(&iterator, &name, &amount)) {
        gsize length;
        const guint8 *bytes = g_bytes_get_data(name, &length);
        if (*(gint64 *)amount != 0 && !write_counter(txn, (StoreTable)bytes[0], bytes + 1, length - 1, *(gint64 *)amount, error))
            return FALSE;
    }
    return TRUE;
}

void docno_write(Docno docno, guint8 key[8])
{
    guint64 big = GUINT64_TO_BE(docno);
    memcpy(key, &big, sizeof big);
}

Docno docno_read(const void *key)
{
    guint64 big;
    memcpy(&big, key, sizeof big);
    return GUINT64_FROM_BE(big);
}

gboolean store_get_docno(StoreTxn *txn, StoreTable table, Docno docno, StoreValue *value, GError **error)
{
    guint8 key[8];
    docno_write(docno, key);
    return store_get(txn, table, key, sizeof key, value, error);
}

gboolean store_put_docno(StoreTxn *txn, StoreTable table, Docno docno, const void *data, gsize length, GError **error)
{
    guint8 key[8];
    docno_write(docno, key);
    return store_put(txn, table, key, sizeof key, data, length, error);
}

/* ---- Cursors ------------------------------------------------------------------------------------------------- */

StoreCursor *store_cursor_new(StoreTxn *txn, StoreTable table, const void *from, gsize from_length, GError **error)
{
    g_return_val_if_fail(from_length <= KEY_LIMIT, NULL);
    MDB_cursor *mdb_cursor = NULL;
    int result = txn->store->tables[table] == NO_TABLE ? 0 : mdb_cursor_open(txn->txn, txn->store->tables[table], &mdb_cursor);
    if (result != 0) {
        txn_set_error(txn, error, result, "walk", table);
        return NULL;
    }
    StoreCursor *cursor = g_new0(StoreCursor, 1);
    cursor->txn = txn;
    cursor->table = table;
    cursor->cursor = mdb_cursor;
    cursor->from_length = from ? from_length : 0;
    if (cursor->from_length)
        memcpy(cursor->from, from, from_length);
    return cursor;
}

int store_cursor_step(StoreCursor *cursor, StoreRecord *record, GError **error)
{
    MDB_val mdb_key = {cursor->from_length, cursor->from}, stored;
    MDB_cursor_op operation = cursor->started ? MDB_NEXT : cursor->from_length ? MDB_SET_RANGE : MDB_FIRST;
    cursor->started = TRUE;
    if (!cursor->cursor)
        return 0;
    int result = mdb_cursor_get(cursor->cursor, &mdb_key, &stored, operation);
    if (result == MDB_NOTFOUND)
        return 0;
    if (result != 0) {
        txn_set_error(cursor->txn, error, result, "walk", cursor->table);
        return -1;
    }
    *record = (StoreRecord){{mdb_key.mv_data, mdb_key.mv_size}, {stored.mv_data, stored.mv_size}};
    return 1;
}

int store_cursor_next(StoreCursor *cursor, StoreValue *key, StoreValue *value, GError **error)
{
    StoreRecord record;
    int more = store_cursor_step(cursor, &record, error);
    if (more <= 0)
        return more;
    const MDB_val stored = {record.stored.length, (void *)record.stored.data};
    *key = record.key;
    return check_record(cursor->txn, cursor->table, key, &stored, !cursor->unchecked, value, error) ? 1 : -1;
}

void store_cursor_uncheck(StoreCursor *cursor)
{
    cursor->unchecked = TRUE;
}

static int compare_to_docno(const StoreValue *key, const guint8 wanted[8])
{
    int order = memcmp(key->data, wanted, MIN(key->length, 8));
    return order ? order : (key->length > 8) - (key->length < 8);
}

/* Of a shorter key 0, which is far from every document. */
static Docno docno_of(const StoreValue *key)
{
    return key->length >= 8 ? docno_read(key->data) : 0;
}

int store_cursor_find(StoreCursor *cursor, Docno docno, StoreValue *value, GError **error)
{
    guint8 wanted[8];
    docno_write(docno, wanted);
    if (!cursor->started)
        cursor->more = store_cursor_step(cursor, &cursor->here, error);
    for (unsigned steps = 0; cursor->more > 0 && compare_to_docno(&cursor->here.key, wanted) < 0; steps++) {
        if (steps == FIRST_STEPS && docno - docno_of(&cursor->here.key) > NEIGHBOURS) {
            memcpy(cursor->from, wanted, cursor->from_length = sizeof wanted);
            cursor->started = FALSE;
        }
        cursor->more = store_cursor_step(cursor, &cursor->here, error);
    }
    if (cursor->more <= 0 || compare_to_docno(&cursor->here.key, wanted) != 0)
        return MIN(cursor->more, 0);
    const MDB_val stored = {cursor->here.stored.length, (void *)cursor->here.stored.data};
    return !value || check_record(cursor->txn, cursor->table, &cursor->here.key, &stored, !cursor->unchecked, value, error) ? 1 : -1;
}

void store_cursor_free(StoreCursor *cursor)
{
    if (!cursor)
        return;
    if (cursor->cursor)
        mdb_cursor_close(cursor->cursor);
    g_free(cursor);
}

gboolean store_docno_end(StoreTxn *txn, StoreTable table, guint64 *end, GError **error)
{
    MDB_val key = {0}, stored;
    *end = 0;
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    if (!cursor)
        return FALSE;
    int result = cursor->cursor ? mdb_cursor_get(cursor->cursor, &key, &stored, MDB_LAST) : MDB_NOTFOUND;
    if (result != 0 && result != MDB_NOTFOUND) {
        txn_set_error(txn, error, result, "walk", table);
        return FALSE;
    }
    if (result == 0)
        *end = docno_read(key.mv_data) + 1;
    return TRUE;
}

/* ---- Meta ---------------------------------------------------------------------------------------------------- */

char *store_get_meta(StoreTxn *txn, const char *name, GError **error)
{
    StoreValue value;
    if (!store_get(txn, TABLE_META, name, strlen(name), &value, error))
        return NULL;
    return g_strndup(value.data, value.length);
}

gboolean store_put_meta(StoreTxn *txn, const char *name, const char *text, GError **error)
{
    return store_put(txn, TABLE_META, name, strlen(name), text, strlen(text), error);
}
