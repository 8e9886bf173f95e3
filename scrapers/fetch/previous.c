/* SPDX-License-Identifier: Apache-2.0
 * The answers of the crawl before this one; see scrapers/fetch/previous.h. */
#include "scrapers/fetch/previous.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/fetch/url.h"
#include "scrapers/fetch/warc_reader.h"

#define BODY_MAX ((gsize)1 << 30)

struct Previous {
    char *path;
    WarcReader *reader;
    GHashTable *answers; /* URL -> PreviousAnswer */
};

static void answer_free(gpointer data)
{
    PreviousAnswer *answer = data;
    g_free(answer->etag);
    g_free(answer->last_modified);
    g_free(answer);
}

void previous_free(Previous *previous)
{
    g_clear_pointer(&previous->reader, warc_reader_free);
    g_hash_table_unref(previous->answers);
    g_free(previous->path);
    g_free(previous);
}

/* robots.txt is always asked for anew: its date decides how long it holds. */
static void remember(Previous *previous, const HttpExchange *exchange, guint64 offset)
{
    if (exchange->outcome != EXCHANGE_RESPONSE || exchange->status != 200 || exchange->truncated ||
        !strcmp(url_target(exchange->url), "/robots.txt"))
        return;
    PreviousAnswer *answer = g_new0(PreviousAnswer, 1);
    answer->etag = http_exchange_header(exchange, "ETag");
    answer->last_modified = http_exchange_header(exchange, "Last-Modified");
    answer->offset = offset;
    answer->length = exchange->body.length;
    if (answer->etag || answer->last_modified)
        g_hash_table_insert(previous->answers, g_strdup(exchange->url), answer);
    else
        answer_free(answer);
}

Previous *previous_open(const char *path, GError **error)
{
    g_autoptr(Previous) previous = g_new0(Previous, 1);
    previous->path = g_strdup(path);
    previous->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
    previous->reader = warc_reader_open(path, G_MAXUINT64, BODY_MAX, error);
    if (!previous->reader)
        return NULL;
    for (;;) {
        g_autoptr(HttpExchange) exchange = NULL;
        int more = warc_reader_next(previous->reader, &exchange, error);
        if (more <= 0)
            return more < 0 ? NULL : g_steal_pointer(&previous);
        remember(previous, exchange, warc_reader_record_start(previous->reader));
    }
}

const PreviousAnswer *previous_find(const Previous *previous, const char *url)
{
    return g_hash_table_lookup(previous->answers, url);
}

HttpExchange *previous_load(Previous *previous, const PreviousAnswer *answer, GError **error)
{
    HttpExchange *exchange = NULL;
    if (!warc_reader_seek(previous->reader, answer->offset, error))
        return NULL;
    int got = warc_reader_next(previous->reader, &exchange, error);
    if (got == 0)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: it was changed while it was read", previous->path);
    return exchange;
}
