/* SPDX-License-Identifier: Apache-2.0
 * One request and what came of it; see scrapers/fetch/exchange.h. */
#include "scrapers/fetch/exchange.h"

#include <string.h>

#define HEAD_LIMIT (256 * 1024)

HttpExchange *http_exchange_new(const char *url, gsize body_limit)
{
    HttpExchange *exchange = g_new0(HttpExchange, 1);
    exchange->url = g_strdup(url);
    buffer_init(&exchange->request, HEAD_LIMIT);
    buffer_init(&exchange->headers, HEAD_LIMIT);
    buffer_init(&exchange->revisit, HEAD_LIMIT);
    buffer_init(&exchange->body, body_limit);
    return exchange;
}

void http_exchange_free(HttpExchange *exchange)
{
    g_free(exchange->url);
    g_free(exchange->reason);
    g_free(exchange->address);
    buffer_clear(&exchange->request);
    buffer_clear(&exchange->headers);
    buffer_clear(&exchange->revisit);
    buffer_clear(&exchange->body);
    g_free(exchange);
}

/* The next line of a head, without its line end. FALSE at the end. */
static gboolean next_line(const char **position, const char *end, const char **line, gsize *length)
{
    if (*position >= end)
        return FALSE;
    const char *newline = memchr(*position, '\n', (gsize)(end - *position));
    const char *stop = newline ? newline : end;
    *line = *position;
    *position = newline ? newline + 1 : end;
    *length = (gsize)(stop - *line);
    while (*length && (*line)[*length - 1] == '\r')
        (*length)--;
    return TRUE;
}

static gboolean line_is(const char *line, gsize length, const char *name)
{
    gsize name_length = strlen(name);
    return length > name_length && line[name_length] == ':' && !g_ascii_strncasecmp(line, name, name_length);
}

static GPtrArray *find_headers(const HttpExchange *exchange, const char *name, guint limit)
{
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    const char *position = exchange->headers.data ? exchange->headers.data : "", *line;
    const char *end = position + exchange->headers.length;
    gsize length, skip = strlen(name) + 1;
    while (values->len < limit && next_line(&position, end, &line, &length))
        if (line_is(line, length, name))
            g_ptr_array_add(values, g_strstrip(g_strndup(line + skip, length - skip)));
    return values;
}

GPtrArray *http_exchange_headers(const HttpExchange *exchange, const char *name)
{
    return find_headers(exchange, name, G_MAXUINT);
}

char *http_exchange_header(const HttpExchange *exchange, const char *name)
{
    g_autoptr(GPtrArray) values = find_headers(exchange, name, 1);
    return values->len ? g_ptr_array_steal_index(values, 0) : NULL;
}

/* "HTTP/2 200 " becomes "HTTP/1.1 200 ": readers of WARC files know no other. */
static void append_status_line(Buffer *out, const char *line, gsize length)
{
    const char *blank = memchr(line, ' ', length);
    static const char old_form[] = "HTTP/1.";
    gboolean old = length >= strlen(old_form) && !memcmp(line, old_form, strlen(old_form));
    if (!old && blank) {
        buffer_append_string(out, "HTTP/1.1");
        length -= (gsize)(blank - line);
        line = blank;
    }
    buffer_append(out, line, length);
    buffer_append_string(out, "\r\n");
}

void http_exchange_store_headers(HttpExchange *exchange, const char *raw, gsize length)
{
    static const char *const renamed[] = {"Content-Length", "Content-Encoding", "Transfer-Encoding"};
    const char *position = raw ? raw : "", *end = position + length, *line;
    gsize line_length;
    if (next_line(&position, end, &line, &line_length))
        append_status_line(&exchange->headers, line, line_length);
    while (next_line(&position, end, &line, &line_length)) {
        if (line_length == 0)
            continue;
        for (gsize i = 0; i < G_N_ELEMENTS(renamed); i++)
            if (line_is(line, line_length, renamed[i]))
                buffer_append_string(&exchange->headers, "X-Crawl-");
        buffer_append(&exchange->headers, line, line_length);
        buffer_append_string(&exchange->headers, "\r\n");
    }
    g_autofree char *ours = g_strdup_printf("Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", exchange->body.length);
    buffer_append_string(&exchange->headers, ours);
}

gboolean http_exchange_is_redirect(const HttpExchange *exchange)
{
    int status = exchange->status;
    return exchange->outcome == EXCHANGE_RESPONSE &&
           (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

gboolean http_exchange_is_trouble(const HttpExchange *exchange)
{
    return exchange->outcome == EXCHANGE_RESPONSE && (exchange->status == 429 || exchange->status >= 500);
}

static char *charset_parameter(const char *content_type)
{
    g_autofree char *lower = g_ascii_strdown(content_type, -1);
    const char *found = strstr(lower, "charset=");
    if (!found)
        return NULL;
    found += strlen("charset=");
    found += *found == '"' || *found == '\'';
    return g_strndup(found, strcspn(found, "\"'; \t,"));
}

gboolean http_exchange_is_html(const HttpExchange *exchange, char **charset)
{
    *charset = NULL;
    g_autofree char *type = http_exchange_header(exchange, "Content-Type");
    if (!type || !*type)
        return exchange->body.length && memchr(exchange->body.data, '<', MIN(exchange->body.length, 512)) != NULL;
    if (g_ascii_strncasecmp(type, "text/html", 9) && g_ascii_strncasecmp(type, "application/xhtml+xml", 21))
        return FALSE;
    *charset = charset_parameter(type);
    return TRUE;
}
