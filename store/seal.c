/* SPDX-License-Identifier: Apache-2.0
 * The seal of a store; see store/seal.h. */
#include "store/seal.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/pipeline.h"
#include "store/manifest_parts.h"
#include "store/tokenizer_store.h"

#define SEAL_VERSION 1
#define SEAL_LIMIT ((gsize)1 << 30)

/* ---- Files ------------------------------------------------------------------------------------------------------ */

typedef struct SealedFile {
    char *path; /* below the store's directory */
    guint64 bytes;
    Sha256 digest;
    GError *failure;
} SealedFile;

typedef struct FilePass {
    StageContext *context;
    GPtrArray *paths;
    guint next;
    json_t *list;
} FilePass;

static void file_free(gpointer data)
{
    SealedFile *file = data;
    g_clear_error(&file->failure);
    g_free(file->path);
    g_free(file);
}

static gpointer next_file(gpointer user, GError **error)
{
    FilePass *pass = user;
    if (pass->next == pass->paths->len)
        return NULL;
    SealedFile *file = g_new0(SealedFile, 1);
    file->path = g_strdup(pass->paths->pdata[pass->next++]);
    return file;
}

static gboolean hash_file(gpointer user, gpointer worker, gpointer item, GError **error)
{
    const FilePass *pass = user;
    SealedFile *file = item;
    g_autofree char *path = g_build_filename(store_directory(pass->context->store), file->path, NULL);
    file_sha256(path, pass->context->progress, &file->digest, &file->bytes, &file->failure);
    return TRUE;
}

static gboolean take_file(gpointer user, gpointer item, GError **error)
{
    FilePass *pass = user;
    const SealedFile *file = item;
    json_t *object = json_object();
    json_object_set_new(object, "path", json_text(file->path));
    if (file->failure) {
        json_object_set_new(object, "error", json_text(file->failure->message));
    } else {
        json_object_set_new(object, "bytes", json_integer((json_int_t)file->bytes));
        json_object_set_new(object, "sha256", sha256_json(&file->digest));
    }
    json_array_append_new(pass->list, object);
    return TRUE;
}

static gboolean is_file(const Store *store, const char *name)
{
    g_autofree char *path = g_build_filename(store_directory(store), name, NULL);
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

/* The captures, but for what a kill left half written; what lies beside LMDB's file of Galen's own. */
static GPtrArray *list_paths(const Store *store, GError **error)
{
    static const char *const own[] = {STORE_PREVIOUS_MANIFEST, TOKENIZER_FILE};
    g_autoptr(GPtrArray) captures = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = g_build_filename(store_directory(store), STORE_CAPTURES, NULL);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR) && !file_tree(folder, captures, error))
        return NULL;
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < captures->len; i++)
        if (!strstr(captures->pdata[i], ".tmp."))
            g_ptr_array_add(paths, g_strconcat(STORE_CAPTURES, (const char *)captures->pdata[i] + strlen(folder), NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
        if (is_file(store, own[i]))
            g_ptr_array_add(paths, g_strdup(own[i]));
    return paths;
}

static guint64 file_bytes(const Store *store, const char *path, GError **error)
{
    g_autofree char *full = g_build_filename(store_directory(store), path, NULL);
    struct stat status;
    return file_examine(full, &status, error) ? (guint64)status.st_size : 0;
}

static guint64 total_bytes(const FilePass *pass)
{
    guint64 total = 0;
    for (guint i = 0; i < pass->paths->len; i++)
        total += file_bytes(pass->context->store, pass->paths->pdata[i], NULL);
    return total;
}

static gboolean hash_files(FilePass *pass, GError **error)
{
    Pipeline pipeline = {.user = pass, .next = next_file, .work = hash_file, .sink = take_file, .item_free = file_free};
    unsigned jobs = MAX(pass->context->jobs, 1);
    progress_begin(pass->context->progress, "hash files", "bytes", total_bytes(pass));
    gboolean good = pipeline_run(&pipeline, jobs, jobs * 2, error);
    progress_end(pass->context->progress);
    return good;
}

json_t *seal_files(StageContext *context, gboolean hashes, GError **error)
{
    g_autoptr(GPtrArray) paths = list_paths(context->store, error);
    if (!paths)
        return NULL;
    g_autoptr(json_t) list = json_array();
    FilePass pass = {.context = context, .paths = paths, .list = list};
    if (hashes)
        return hash_files(&pass, error) ? g_steal_pointer(&list) : NULL;
    for (guint i = 0; i < paths->len; i++)
        json_array_append_new(list, json_pack("{s:o, s:I}", "path", json_text(paths->pdata[i]), "bytes",
                                              (json_int_t)file_bytes(context->store, paths->pdata[i], NULL)));
    return g_steal_pointer(&list);
}

/* ---- Tables ----------------------------------------------------------------------------------------------------- */

json_t *table_digest_json(const TableDigest *digest)
{
    json_t *object = json_object();
    json_object_set_new(object, "records", json_integer((json_int_t)digest->records));
    json_object_set_new(object, "sha256", sha256_json(&digest->digest));
    return object;
}

static void stop_at_damage(gpointer user, StoreTable table, const StoreValue *key, const char *what)
{
    GError **error = user;
    if (!*error)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a record of table '%s': %s; run 'galen audit'", store_table_name(table), what);
}

/* The digest of a table whose records are sound. */
static json_t *sound_table(StageContext *context, StoreTable table, GError **error)
{
    TableDigest digest;
    GError *damage = NULL;
    gboolean good = table_digest(context, table, stop_at_damage, &damage, &digest, error);
    if (good && !damage)
        return table_digest_json(&digest);
    if (good)
        g_propagate_error(error, damage);
    else
        g_clear_error(&damage);
    return NULL;
}

static guint64 count_records(StageContext *context)
{
    g_autoptr(StoreTxn) txn = store_read_begin(context->store, NULL);
    guint64 total = 0;
    for (int table = 0; txn && table < TABLE_COUNT; table++)
        total += store_count(txn, table);
    return total;
}

static json_t *seal_tables(StageContext *context, GError **error)
{
    g_autoptr(json_t) tables = json_object();
    gboolean good = TRUE;
    progress_begin(context->progress, "seal records", "records", count_records(context));
    for (int table = 0; good && table < TABLE_COUNT; table++) {
        json_t *digest = sound_table(context, table, error);
        good = digest != NULL;
        if (good)
            json_object_set_new(tables, store_table_name(table), digest);
    }
    progress_end(context->progress);
    return good ? g_steal_pointer(&tables) : NULL;
}

/* ---- The seal --------------------------------------------------------------------------------------------------- */

void seal_close(json_t *seal)
{
    json_object_del(seal, "seal");
    g_autofree char *canonical = json_write(seal);
    Sha256 digest = sha256(canonical, strlen(canonical));
    json_object_set_new(seal, "seal", sha256_json(&digest));
}

static json_t *text_file(const char *path, const char *text)
{
    Sha256 digest = sha256(text, strlen(text));
    json_t *object = json_object();
    json_object_set_new(object, "path", json_text(path));
    json_object_set_new(object, "bytes", json_integer((json_int_t)strlen(text)));
    json_object_set_new(object, "sha256", sha256_json(&digest));
    return object;
}

static gboolean all_were_read(const json_t *files, GError **error)
{
    gsize index;
    json_t *file;
    json_array_foreach((json_t *)files, index, file) {
        const char *failure = json_get_string(file, "error");
        if (failure) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s", failure);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean seal_write(StageContext *context, const char *manifest_text, const char *root, GError **error)
{
    g_autoptr(json_t) tables = seal_tables(context, error);
    g_autoptr(json_t) files = tables ? seal_files(context, TRUE, error) : NULL;
    if (!files || !all_were_read(files, error)) {
        g_prefix_error(error, "while sealing the store: ");
        return FALSE;
    }
    json_array_insert_new(files, 0, text_file(STORE_MANIFEST, manifest_text));
    g_autoptr(json_t) seal = json_object();
    json_object_set_new(seal, "version", json_integer(SEAL_VERSION));
    json_object_set_new(seal, "root", json_string(root));
    json_object_set(seal, "tables", tables);
    json_object_set(seal, "files", files);
    seal_close(seal);
    g_autofree char *text = json_pretty(seal);
    g_autofree char *path = g_build_filename(store_directory(context->store), STORE_SEAL, NULL);
    return file_replace(path, text, strlen(text), error);
}

json_t *seal_read(const Store *store, GError **error)
{
    g_autofree char *path = g_build_filename(store_directory(store), STORE_SEAL, NULL);
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return NULL;
    if (!file_read(path, SEAL_LIMIT, &text, &length, error))
        return NULL;
    return json_parse(text, length, path, error);
}

/* Names and sizes alone: a build does not read the captures again to be sure that nobody changed them. */
static gboolean same_files(const json_t *sealed, const json_t *present)
{
    gsize count = json_array_size(present);
    if (json_array_size(sealed) != count + 1)
        return FALSE;
    for (gsize i = 0; i < count; i++) {
        const json_t *before = json_array_get(sealed, i + 1), *now = json_array_get(present, i);
        if (g_strcmp0(json_get_string(before, "path"), json_get_string(now, "path")) != 0 ||
            json_integer_value(json_object_get(before, "bytes")) != json_integer_value(json_object_get(now, "bytes")))
            return FALSE;
    }
    return TRUE;
}

gboolean seal_is_current(StageContext *context, gboolean *current, GError **error)
{
    static const StoreTable changing[] = {TABLE_META, TABLE_RUNS};
    g_autoptr(json_t) seal = seal_read(context->store, NULL); /* an unreadable one is written anew */
    g_autoptr(json_t) present = seal_files(context, FALSE, error);
    if (!present)
        return FALSE;
    *current = same_files(json_object_get(seal, "files"), present);
    for (gsize i = 0; *current && i < G_N_ELEMENTS(changing); i++) {
        g_autoptr(json_t) now = sound_table(context, changing[i], error);
        if (!now)
            return FALSE;
        json_t *before = json_object_get(json_object_get(seal, "tables"), store_table_name(changing[i]));
        *current = json_equal(before, now);
    }
    return TRUE;
}
