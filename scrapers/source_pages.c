/* SPDX-License-Identifier: Apache-2.0
 * Where the bench's pages come from; see source_pages.h. */
#include "scrapers/source_pages.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "scrapers/fetch/crawl.h"
#include "scrapers/fetch/url.h"
#include "scrapers/fetch/warc_reader.h"

/* ---- Saved pages ------------------------------------------------------------------------------------------------ */

/* The part of a URL that names a file, and its host. FALSE: it is no URL of a page. */
static gboolean split_url(const char *url, char **host, char **name)
{
    g_autofree char *normal = url_normalise(url);
    if (!normal)
        return FALSE;
    *host = url_host(normal);
    const char *target = url_target(normal);
    *name = g_uri_unescape_string(target + (*target == '/'), NULL);
    if (*name && !strstr(*name, ".."))
        return TRUE;
    g_clear_pointer(host, g_free);
    g_clear_pointer(name, g_free);
    return FALSE;
}

static void add_names(GPtrArray *paths, const char *folder, const char *below, const char *name)
{
    if (!*name || g_str_has_suffix(name, "/")) {
        g_ptr_array_add(paths, g_build_filename(folder, below, name, "index.html", NULL));
        return;
    }
    g_autofree char *html = g_strconcat(name, ".html", NULL);
    g_ptr_array_add(paths, g_build_filename(folder, below, name, NULL));
    g_ptr_array_add(paths, g_build_filename(folder, below, html, NULL));
    g_ptr_array_add(paths, g_build_filename(folder, below, name, "index.html", NULL));
}

/* The name that the folder's `routes` gives for a path and query: lines of "PATH?QUERY FILE". */
static void add_route(GPtrArray *paths, const char *folder, const char *url)
{
    g_autofree char *normal = url_normalise(url), *routes = g_build_filename(folder, "routes", NULL), *text = NULL;
    if (!g_file_test(routes, G_FILE_TEST_EXISTS) || !file_read(routes, 1 << 20, &text, NULL, NULL))
        return;
    const char *target = url_target(normal);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 2);
        if (g_strv_length(words) == 2 && strcmp(words[0], target) == 0 && !strstr(words[1], ".."))
            g_ptr_array_add(paths, g_build_filename(folder, g_strstrip(words[1]), NULL));
    }
}

static const char *type_of_name(const char *path)
{
    return g_str_has_suffix(path, ".pdf") ? "application/pdf" : g_str_has_suffix(path, ".json") ? "application/json" : NULL;
}

gboolean saved_page_read(const char *folder, const char *url, Record *page, GError **error)
{
    g_autofree char *host = NULL, *name = NULL;
    *page = (Record){0};
    if (!split_url(url, &host, &name)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "'%s' is not the URL of a page", url);
        return FALSE;
    }
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) tried = g_string_new(NULL);
    const char *const below[] = {"", "site", host};
    add_route(paths, folder, url);
    for (gsize i = 0; i < G_N_ELEMENTS(below); i++)
        add_names(paths, folder, below[i], name);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = paths->pdata[i];
        g_string_append_printf(tried, "\n  %s", path);
        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
            continue;
        if (!file_read(path, RECORD_LIMIT, &page->bytes, &page->length, error))
            return FALSE;
        page->url = url_normalise(url);
        page->origin = g_strdup(path);
        page->content_type = g_strdup(type_of_name(path));
        return TRUE;
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "there is no saved page for %s; looked for%s", url, tried->str);
    return FALSE;
}

gboolean saved_page_write(const char *folder, const char *url, const Record *page, GError **error)
{
    g_autofree char *host = NULL, *name = NULL;
    if (!split_url(url, &host, &name)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "'%s' is not the URL of a page", url);
        return FALSE;
    }
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    add_names(paths, folder, "", name);
    g_autofree char *parent = g_path_get_dirname(paths->pdata[0]);
    return directory_make(parent, error) && file_replace(paths->pdata[0], page->bytes, page->length, error);
}

/* ---- Captured pages --------------------------------------------------------------------------------------------- */

static void page_free(gpointer data)
{
    record_clear(data);
    g_free(data);
}

GPtrArray *captured_pages_read(const char *path, GHashTable *wanted, GError **error)
{
    g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(page_free);
    g_autoptr(RecordReader) reader = record_reader_open(format_find("warc"), path, error);
    Record record = {0};
    int more = -1;
    while (reader && (more = record_reader_next(reader, &record, error)) > 0) {
        if (!record.rule && record.url && (!wanted || g_hash_table_contains(wanted, record.url))) {
            g_ptr_array_add(pages, g_memdup2(&record, sizeof record));
            record = (Record){0};
        }
        record_clear(&record);
    }
    return more == 0 ? g_steal_pointer(&pages) : NULL;
}

/* ---- Fetched pages ---------------------------------------------------------------------------------------------- */

static guint64 read_left(const char *done_path)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!file_read(done_path, 1 << 20, &text, &length, NULL))
        return 0;
    g_autoptr(json_t) done = json_parse(text, length, done_path, NULL);
    return (guint64)json_integer_value(json_object_get(done, "left"));
}

void few_pages_clear(FewPages *few)
{
    g_clear_pointer(&few->answers, g_ptr_array_unref);
    g_clear_pointer(&few->pages, g_ptr_array_unref);
}

static gboolean is_whole_answer(const HttpExchange *exchange)
{
    return exchange->outcome == EXCHANGE_RESPONSE && exchange->status >= 200 && exchange->status < 300 && !exchange->truncated &&
           strcmp(url_target(exchange->url), "/robots.txt") != 0;
}

static void add_answer(FewPages *few, HttpExchange *exchange)
{
    Record *page = g_new0(Record, 1);
    page->bytes = g_memdup2(exchange->body.data ? exchange->body.data : "", exchange->body.length + 1);
    page->length = exchange->body.length;
    page->url = g_strdup(exchange->url);
    page->origin = g_strdup(exchange->url);
    page->content_type = http_exchange_header(exchange, "Content-Type");
    g_ptr_array_add(few->answers, exchange);
    g_ptr_array_add(few->pages, page);
}

static gboolean read_answers(const char *warc, gsize body_limit, FewPages *few, GError **error)
{
    WarcRecovery recovery = {0};
    if (!warc_reader_recover(warc, body_limit, &recovery, error))
        return FALSE;
    g_free(recovery.settings);
    few->answers = g_ptr_array_new_with_free_func((GDestroyNotify)http_exchange_free);
    few->pages = g_ptr_array_new_with_free_func(page_free);
    if (recovery.length == 0)
        return TRUE;
    g_autoptr(WarcReader) reader = warc_reader_open(warc, recovery.length, body_limit, error);
    HttpExchange *exchange = NULL;
    int more = -1;
    while (reader && (more = warc_reader_next(reader, &exchange, error)) > 0) {
        if (is_whole_answer(exchange))
            add_answer(few, exchange);
        else
            http_exchange_free(exchange);
        exchange = NULL;
    }
    return more == 0;
}

static gboolean fetch_into(const RecipeSource *source, const char *folder, Progress *progress, GString *notices, FewPages *few,
                           GError **error)
{
    g_autofree char *warc = g_build_filename(folder, "pages.warc.gz", NULL), *done = g_strconcat(warc, ".done", NULL);
    gboolean good = crawl_run(source, warc, progress, notices, NULL, error) && read_answers(warc, source->crawl->max_bytes, few, error);
    few->left = good ? read_left(done) : 0;
    g_unlink(warc);
    g_unlink(done);
    return good;
}

gboolean few_pages_fetch(const RecipeSource *source, const char *const *starts, guint64 limit, guint64 depth, Progress *progress,
                         GString *notices, FewPages *few, GError **error)
{
    RecipeCrawl crawl = *source->crawl;
    RecipeSource copy = *source;
    copy.crawl = &crawl;
    crawl.max_pages = limit;
    crawl.max_depth = MIN(depth, crawl.max_depth);
    if (depth == 0)
        crawl.lists_count = crawl.chapters.links.count = 0; /* else they would be reported as empty */
    if (starts)
        crawl.start = (RecipeStrings){(char **)starts, g_strv_length((char **)starts)};
    *few = (FewPages){0};
    g_autofree char *folder = g_dir_make_tmp("galen-check-XXXXXX", error);
    if (!folder)
        return FALSE;
    gboolean good = fetch_into(&copy, folder, progress, notices, few, error);
    g_rmdir(folder);
    return good;
}

/* ---- Parsing ---------------------------------------------------------------------------------------------------- */

gboolean page_parser_open(PageParser *parser, const RecipeSource *source, const char *program, gboolean probe, GError **error)
{
    parser->options = parse_options_new(source);
    parser->options->probe = probe;
    if (source->crawl) {
        g_free(parser->options->format);
        parser->options->format = g_strdup("warc");
    }
    parser->parser = parser_new(program, parser->options, error);
    return parser->parser != NULL;
}

void page_parser_close(PageParser *parser)
{
    parser_free(parser->parser);
    parse_options_free(parser->options);
    *parser = (PageParser){0};
}
