/* SPDX-License-Identifier: Apache-2.0
 * The file that says a crawl is finished; see scrapers/fetch/crawl_done.h. */
#include "scrapers/fetch/crawl_done.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define DONE_VERSION 1
#define DONE_MAX_BYTES 65536

gboolean crawl_done_write(const char *warc_path, const CrawlSummary *summary, guint64 left, const char *fingerprint,
                          GError **error)
{
    char hex[SHA256_HEX_SIZE];
    Sha256 digest;
    guint64 bytes;
    if (!file_sha256(warc_path, NULL, &digest, &bytes, error))
        return FALSE;
    sha256_hex(&digest, hex);
    g_autoptr(json_t) object = json_object();
    json_object_set_new(object, "version", json_integer(DONE_VERSION));
    json_object_set_new(object, "fetched", json_integer((json_int_t)summary->fetched));
    json_object_set_new(object, "unchanged", json_integer((json_int_t)summary->unchanged));
    json_object_set_new(object, "failed", json_integer((json_int_t)summary->failed));
    json_object_set_new(object, "refused", json_integer((json_int_t)summary->refused));
    json_object_set_new(object, "left", json_integer((json_int_t)left));
    json_object_set_new(object, "settings", json_string(fingerprint));
    json_object_set_new(object, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(object, "sha256", json_string(hex));
    g_autofree char *text = json_pretty(object);
    g_autofree char *path = g_strconcat(warc_path, ".done", NULL);
    return file_replace(path, text, strlen(text), error);
}

static gboolean check(const json_t *object, const char *warc_path, const char *fingerprint, GError **error)
{
    struct stat status;
    const char *problem = NULL;
    if (json_integer_value(json_object_get(object, "version")) != DONE_VERSION)
        problem = "the .done file beside it is of another version of this program";
    else if (g_strcmp0(json_get_string(object, "settings"), fingerprint))
        problem = "it was crawled with other settings (start, follow, skip, pages, lists, limits or rules)";
    else if (stat(warc_path, &status) < 0)
        problem = "the .done file says that it is finished, but it is not there";
    else if (status.st_size != json_integer_value(json_object_get(object, "bytes")))
        problem = "its size is not the one in the .done file beside it";
    if (problem)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: %s; restore what changed, or crawl the site again with galen scrape --refetch",
                    warc_path, problem);
    return !problem;
}

gboolean crawl_done_read(const char *warc_path, const char *fingerprint, gboolean *done, CrawlSummary *summary,
                         GError **error)
{
    g_autofree char *path = g_strconcat(warc_path, ".done", NULL);
    g_autofree char *text = NULL;
    gsize length;
    *done = g_file_test(path, G_FILE_TEST_EXISTS);
    if (!*done)
        return TRUE;
    if (!file_read(path, DONE_MAX_BYTES, &text, &length, error))
        return FALSE;
    g_autoptr(json_t) object = json_parse(text, length, path, error);
    if (!object || !check(object, warc_path, fingerprint, error))
        return FALSE;
    summary->fetched = (guint64)json_integer_value(json_object_get(object, "fetched"));
    summary->unchanged = (guint64)json_integer_value(json_object_get(object, "unchanged"));
    summary->failed = (guint64)json_integer_value(json_object_get(object, "failed"));
    summary->refused = (guint64)json_integer_value(json_object_get(object, "refused"));
    return TRUE;
}
