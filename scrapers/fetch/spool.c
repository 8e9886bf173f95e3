/* SPDX-License-Identifier: Apache-2.0
 * Answers that came before their turn; see scrapers/fetch/spool.h. */
#include "scrapers/fetch/spool.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "scrapers/fetch/warc_reader.h"

/* Small enough that one answer that waits long keeps little else on disk. */
#define FILE_BYTES ((guint64)4 << 20)
#define SUFFIX ".warc.gz"

typedef struct SpoolFile {
    char *path;
    guint64 bytes;
    guint answers; /* that still wait */
} SpoolFile;

struct Spool {
    char *folder;
    gsize body_limit;
    GHashTable *entries;  /* URL -> SpoolEntry */
    GPtrArray *files;     /* of SpoolFile */
    WarcWriter *writer;   /* of the last file; NULL: the next answer begins a new one */
    guint64 bytes;        /* of all files */
    guint64 last_file, last_answer; /* numbers */
};

static void file_free(gpointer data)
{
    SpoolFile *file = data;
    g_free(file->path);
    g_free(file);
}

static void entry_free(gpointer data)
{
    SpoolEntry *entry = data;
    g_free(entry->location);
    g_free(entry->cookies);
    g_free(entry);
}

void spool_free(Spool *spool)
{
    g_clear_pointer(&spool->writer, warc_writer_free);
    g_hash_table_unref(spool->entries);
    g_ptr_array_unref(spool->files);
    g_free(spool->folder);
    g_free(spool);
}

gboolean spool_is_empty(const Spool *spool)
{
    return g_hash_table_size(spool->entries) == 0;
}

gboolean spool_is_full(const Spool *spool)
{
    return spool->bytes >= SPOOL_MAX_BYTES || g_hash_table_size(spool->entries) >= SPOOL_MAX_ANSWERS;
}

const SpoolEntry *spool_find(const Spool *spool, const char *url)
{
    return g_hash_table_lookup(spool->entries, url);
}

/* A file goes with its last answer, unless answers are still added to it. */
static void let_go(Spool *spool, SpoolFile *file)
{
    gboolean open = spool->writer && spool->files->pdata[spool->files->len - 1] == file;
    if (file->answers || open)
        return;
    unlink(file->path);
    spool->bytes -= file->bytes;
    g_ptr_array_remove(spool->files, file);
}

void spool_drop(Spool *spool, const char *url)
{
    SpoolEntry *entry = g_hash_table_lookup(spool->entries, url);
    if (!entry)
        return;
    SpoolFile *file = entry->file;
    file->answers--;
    g_hash_table_remove(spool->entries, url);
    let_go(spool, file);
}

static char *sent_cookies(const HttpExchange *answer)
{
    static const char mark[] = "\r\nCookie: ";
    const char *line = answer->request.length ? strstr(answer->request.data, mark) : NULL;
    return line ? g_strndup(line + strlen(mark), strcspn(line + strlen(mark), "\r\n")) : NULL;
}

static void enter(Spool *spool, SpoolFile *file, const HttpExchange *answer, guint64 start, gsize length)
{
    SpoolEntry *entry = g_new0(SpoolEntry, 1);
    g_autofree char *cookie = http_exchange_header(answer, "Set-Cookie");
    spool_drop(spool, answer->url);
    *entry = (SpoolEntry){.file = file, .start = start, .length = length, .number = ++spool->last_answer};
    entry->sets_cookies = cookie != NULL;
    entry->cookies = sent_cookies(answer);
    if (http_exchange_is_redirect(answer))
        entry->location = http_exchange_header(answer, "Location");
    file->answers++;
    g_hash_table_insert(spool->entries, g_strdup(answer->url), entry);
}

static SpoolFile *file_new(Spool *spool, const char *path)
{
    SpoolFile *file = g_new0(SpoolFile, 1);
    file->path = g_strdup(path);
    g_ptr_array_add(spool->files, file);
    return file;
}

/* What a crash has left half-written ends the file. */
static void recover_file(Spool *spool, const char *path)
{
    struct stat status;
    g_autoptr(WarcReader) reader = warc_reader_open(path, G_MAXUINT64, spool->body_limit, NULL);
    SpoolFile *file = file_new(spool, path);
    guint64 start = 0;
    HttpExchange *answer;
    while (reader && warc_reader_next(reader, &answer, NULL) > 0) {
        guint64 end = warc_reader_position(reader);
        if (answer->outcome == EXCHANGE_RESPONSE && !http_exchange_is_trouble(answer))
            enter(spool, file, answer, start, (gsize)(end - start));
        http_exchange_free(answer);
        start = end;
    }
    file->bytes = stat(path, &status) == 0 ? (guint64)status.st_size : 0;
    spool->bytes += file->bytes;
    let_go(spool, file);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *list_files(const Spool *spool)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *folder = g_dir_open(spool->folder, 0, NULL);
    const char *name;
    while (folder && (name = g_dir_read_name(folder)))
        if (g_str_has_suffix(name, SUFFIX))
            g_ptr_array_add(names, g_strdup(name));
    if (folder)
        g_dir_close(folder);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static void recover(Spool *spool, gboolean keep)
{
    g_autoptr(GPtrArray) names = list_files(spool);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(spool->folder, names->pdata[i], NULL);
        spool->last_file = MAX(spool->last_file, g_ascii_strtoull(names->pdata[i], NULL, 10));
        if (keep)
            recover_file(spool, path);
        else
            unlink(path);
    }
}

Spool *spool_open(const char *warc_path, gboolean keep, gsize body_limit)
{
    Spool *spool = g_new0(Spool, 1);
    spool->folder = g_strconcat(warc_path, ".ahead", NULL);
    spool->body_limit = body_limit;
    spool->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    spool->files = g_ptr_array_new_with_free_func(file_free);
    recover(spool, keep);
    return spool;
}

static SpoolFile *begin_file(Spool *spool, GError **error)
{
    g_autofree char *name = g_strdup_printf("%08" G_GUINT64_FORMAT SUFFIX, ++spool->last_file);
    g_autofree char *path = g_build_filename(spool->folder, name, NULL);
    if (!directory_make(spool->folder, error) || !(spool->writer = warc_writer_open(path, 0, error)))
        return NULL;
    return file_new(spool, path);
}

static void end_file(Spool *spool, SpoolFile *file)
{
    g_clear_pointer(&spool->writer, warc_writer_free);
    let_go(spool, file);
}

gboolean spool_add(Spool *spool, const HttpExchange *answer, GError **error)
{
    SpoolFile *file = spool->writer ? spool->files->pdata[spool->files->len - 1] : begin_file(spool, error);
    if (!file || !warc_writer_capture(spool->writer, answer, error))
        return FALSE;
    guint64 end = warc_writer_position(spool->writer);
    enter(spool, file, answer, file->bytes, (gsize)(end - file->bytes));
    spool->bytes += end - file->bytes;
    file->bytes = end;
    if (file->bytes >= FILE_BYTES)
        end_file(spool, file);
    return TRUE;
}

HttpExchange *spool_read(const Spool *spool, const SpoolEntry *entry, GError **error)
{
    HttpExchange *answer = NULL;
    const char *path = entry->file->path;
    g_autoptr(WarcReader) reader = warc_reader_open(path, G_MAXUINT64, spool->body_limit, error);
    if (!reader || !warc_reader_seek(reader, entry->start, error))
        return NULL;
    if (warc_reader_next(reader, &answer, error) == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: it was cut while the crawl was running", path);
    return answer;
}

gboolean spool_move(Spool *spool, const char *url, WarcWriter *writer, GError **error)
{
    const SpoolEntry *entry = spool_find(spool, url);
    if (!warc_writer_copy(writer, entry->file->path, entry->start, entry->length, error))
        return FALSE;
    spool_drop(spool, url);
    return TRUE;
}

static int compare_numbers(gconstpointer a, gconstpointer b, gpointer spool)
{
    const SpoolEntry *one = spool_find(spool, *(char *const *)a), *two = spool_find(spool, *(char *const *)b);
    return one->number < two->number ? -1 : one->number > two->number;
}

GPtrArray *spool_urls(const Spool *spool)
{
    GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iterator;
    gpointer url;
    g_hash_table_iter_init(&iterator, spool->entries);
    while (g_hash_table_iter_next(&iterator, &url, NULL))
        g_ptr_array_add(urls, g_strdup(url));
    g_ptr_array_sort_with_data(urls, compare_numbers, (gpointer)spool);
    return urls;
}

void spool_remove(Spool *spool)
{
    g_clear_pointer(&spool->writer, warc_writer_free);
    g_hash_table_remove_all(spool->entries);
    for (guint i = 0; i < spool->files->len; i++)
        unlink(((const SpoolFile *)spool->files->pdata[i])->path);
    g_ptr_array_set_size(spool->files, 0);
    spool->bytes = 0;
    rmdir(spool->folder); /* it stays when somebody else has put something into it */
}
