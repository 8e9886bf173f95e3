/* SPDX-License-Identifier: Apache-2.0
 * SPLIT_WARC: the pages in a WARC 1.0 or 1.1 file (ISO 28500); see split.h.
 *
 * `response` records of HTTP captures and `resource` records become records; robots.txt does not. A record is handed out when the check
 * sum of its gzip member has been read, so that a failed one is known in time. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/formats/http_body.h"
#include "scrapers/formats/split.h"
#include "scrapers/formats/warc_source.h"

#define CHUNK ((gsize)64 << 10)
#define HEADER_LIMIT ((gsize)64 << 10)

typedef struct WarcSplitter {
    WarcSource *source;
    char *path;
    Buffer window; /* bytes [base + start ..) of the unpacked file that are not used yet */
    gsize start;
    guint64 base;
    gboolean ended;
    GError *damage; /* what stopped reading; the place where it did is the end of the window */
    gboolean seen_any;
} WarcSplitter;

static gsize available(const WarcSplitter *splitter)
{
    return splitter->window.length - splitter->start;
}

static const char *unread(const WarcSplitter *splitter)
{
    return splitter->window.data ? splitter->window.data + splitter->start : "";
}

static guint64 offset_of(const WarcSplitter *splitter)
{
    return splitter->base + splitter->start;
}

static void consume(WarcSplitter *splitter, gsize length)
{
    splitter->start += length;
}

/* Reads one more chunk. FALSE: the end, or damage. */
static gboolean fill(WarcSplitter *splitter)
{
    if (splitter->ended || splitter->damage)
        return FALSE;
    Buffer *window = &splitter->window;
    if (splitter->start > 0 && splitter->start >= window->length / 2) {
        memmove(window->data, window->data + splitter->start, available(splitter));
        splitter->base += splitter->start;
        buffer_truncate(window, available(splitter));
        splitter->start = 0;
    }
    if (!buffer_reserve(window, CHUNK))
        return FALSE;
    gssize got = warc_source_read(splitter->source, window->data + window->length, CHUNK, &splitter->damage);
    if (got <= 0) {
        splitter->ended = got == 0;
        return FALSE;
    }
    window->length += (gsize)got;
    window->data[window->length] = '\0';
    return TRUE;
}

static gboolean need(WarcSplitter *splitter, gsize length)
{
    while (available(splitter) < length)
        if (!fill(splitter))
            return FALSE;
    return TRUE;
}

static void skip_newlines(WarcSplitter *splitter)
{
    while (need(splitter, 1) && (*unread(splitter) == '\r' || *unread(splitter) == '\n'))
        consume(splitter, 1);
}

/* Drops bytes until a line that begins a record, or until nothing more can be read. */
static void skip_to_record(WarcSplitter *splitter)
{
    for (;;) {
        const char *begin = unread(splitter);
        const char *found = memmem(begin, available(splitter), "\nWARC/1.", 8);
        if (found) {
            consume(splitter, (gsize)(found - begin) + 1);
            return;
        }
        gsize tail = MIN(available(splitter), 7);
        consume(splitter, available(splitter) - tail);
        if (!fill(splitter)) {
            consume(splitter, available(splitter));
            return;
        }
    }
}

/* The length of the header block at the start of the unread bytes, blank line included; 0 if there is none. */
static gsize find_header(WarcSplitter *splitter)
{
    if (!need(splitter, 7) || memcmp(unread(splitter), "WARC/1.", 7) != 0)
        return 0;
    for (;;) {
        gsize size = MIN(available(splitter), HEADER_LIMIT);
        const char *begin = unread(splitter);
        const char *crlf = memmem(begin, size, "\r\n\r\n", 4);
        const char *lf = memmem(begin, size, "\n\n", 2);
        if (crlf && (!lf || crlf < lf))
            return (gsize)(crlf - begin) + 4;
        if (lf)
            return (gsize)(lf - begin) + 2;
        if (available(splitter) >= HEADER_LIMIT || !fill(splitter))
            return 0;
    }
}

static int fill_damaged(WarcSplitter *splitter, Record *record, guint64 offset, const char *detail)
{
    record_clear(record);
    record->bytes = g_strdup("");
    record->origin = g_strdup_printf("%s@%" G_GUINT64_FORMAT, splitter->path, offset);
    record->rule = RULE_DAMAGED_INPUT;
    record->detail = g_strdup(detail);
    return 1;
}

/* What the header of a record says. */
typedef struct Capture {
    char *uri;          /* NULL: the record is no page */
    char *content_type; /* of the page itself, which stands there without HTTP; NULL: a response */
    guint64 offset, length;
} Capture;

static void capture_clear(Capture *capture)
{
    g_free(capture->uri);
    g_free(capture->content_type);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Capture, capture_clear)

/* The address without the angle brackets that some programs put around it; NULL if there is none. */
static char *target_uri(const char *header, gsize length)
{
    char *uri = header_field(header, length, "WARC-Target-URI");
    gsize size = uri ? strlen(uri) : 0;
    if (size > 1 && uri[0] == '<' && uri[size - 1] == '>') {
        memmove(uri, uri + 1, size - 2);
        uri[size - 2] = '\0';
    }
    return uri;
}

static gboolean is_robots(const char *uri)
{
    const char *authority = strstr(uri, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;
    return path && strcmp(path, "/robots.txt") == 0;
}

/* Programs keep their logs and settings in resource records with addresses of their own. */
static gboolean is_web_address(const char *uri)
{
    return g_ascii_strncasecmp(uri, "urn:", 4) != 0 && g_ascii_strncasecmp(uri, "metadata:", 9) != 0;
}

static void read_capture(const char *header, gsize length, Capture *capture)
{
    g_autofree char *type = header_field(header, length, "WARC-Type");
    g_autofree char *content = header_field(header, length, "Content-Type");
    g_autofree char *uri = target_uri(header, length);
    if (!type || !uri || is_robots(uri))
        return;
    gboolean resource = g_ascii_strcasecmp(type, "resource") == 0 && is_web_address(uri);
    gboolean response = g_ascii_strcasecmp(type, "response") == 0 &&
                        (!content || g_ascii_strncasecmp(content, "application/http", 16) == 0);
    if (resource)
        capture->content_type = content ? g_steal_pointer(&content) : g_strdup("");
    if (resource || response)
        capture->uri = g_steal_pointer(&uri);
}

static gboolean skip_block(WarcSplitter *splitter, guint64 length)
{
    while (length > 0) {
        if (available(splitter) == 0 && !fill(splitter))
            return FALSE;
        gsize step = (gsize)MIN(length, available(splitter));
        consume(splitter, step);
        length -= step;
    }
    return TRUE;
}

/* Goes to the end of the record: blank lines, and the check sum behind them. FALSE: it is wrong. */
static gboolean finish_record(WarcSplitter *splitter)
{
    for (;;) {
        while (available(splitter) > 0 && (*unread(splitter) == '\r' || *unread(splitter) == '\n'))
            consume(splitter, 1);
        if (available(splitter) > 0 || splitter->damage)
            return !splitter->damage;
        if (!warc_source_settle(splitter->source, &splitter->damage))
            return FALSE;
        if (!warc_source_in_member(splitter->source) || !fill(splitter))
            return !splitter->damage;
    }
}

/* Goes on with the next gzip member behind damage. FALSE: there is none. */
static gboolean recover(WarcSplitter *splitter)
{
    if (!splitter->damage || !warc_source_recover(splitter->source))
        return FALSE;
    g_clear_error(&splitter->damage);
    splitter->base += splitter->window.length;
    splitter->start = 0;
    buffer_reset(&splitter->window);
    return TRUE;
}

/* Takes the block of a page into the record. */
static void take_page(WarcSplitter *splitter, Record *record, const Capture *capture)
{
    guint64 length = capture->length;
    record->origin = g_strdup_printf("%s@%" G_GUINT64_FORMAT, splitter->path, capture->offset);
    record->url = g_utf8_make_valid(capture->uri, -1);
    gboolean complete;
    if (length > RECORD_LIMIT) {
        record->rule = RULE_TOO_LARGE;
        record->detail = g_strdup_printf("the capture has %" G_GUINT64_FORMAT " bytes", length);
        complete = skip_block(splitter, length);
    } else if ((complete = need(splitter, (gsize)length))) {
        if (capture->content_type)
            http_resource_take(unread(splitter), (gsize)length, capture->content_type, record);
        else
            http_response_decode(unread(splitter), (gsize)length, record);
        consume(splitter, (gsize)length);
    } else {
        consume(splitter, available(splitter));
    }
    if (!complete || !finish_record(splitter)) {
        g_clear_pointer(&record->bytes, g_free);
        g_clear_pointer(&record->detail, g_free);
        record->rule = RULE_DAMAGED_INPUT;
        record->detail = g_strdup("the capture is cut off or fails its checksum");
        recover(splitter);
    }
    if (!record->bytes) {
        record->bytes = g_strdup("");
        record->length = 0;
    }
}

/* What to do when no header stands where one should. 1: a damaged record, 0: go on or the end, -1. */
static int headerless(WarcSplitter *splitter, Record *record, guint64 offset, GError **error)
{
    if (!splitter->seen_any && available(splitter) > 0 && !splitter->damage) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: this is no WARC file: it does not begin with WARC/1.",
                    splitter->path);
        return -1;
    }
    gboolean garbage = available(splitter) > 0;
    if (garbage)
        skip_to_record(splitter);
    if (splitter->damage && available(splitter) == 0 && !garbage) {
        g_autofree char *detail = g_strdup(splitter->damage->message);
        if (!recover(splitter)) {
            g_propagate_error(error, g_steal_pointer(&splitter->damage));
            splitter->ended = TRUE;
            return -1;
        }
        return fill_damaged(splitter, record, offset, detail);
    }
    if (!garbage)
        return 0;
    if (available(splitter) == 0)
        recover(splitter);
    return fill_damaged(splitter, record, offset, "these bytes are no WARC record");
}

/* A file without a single WARC record is none, however sound its compression is. */
static int end_of_file(const WarcSplitter *splitter, GError **error)
{
    if (splitter->seen_any || warc_source_raw_position(splitter->source) == 0)
        return 0;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: this is no WARC file: it holds nothing", splitter->path);
    return -1;
}

static int warc_splitter_next(gpointer state, Record *record, GError **error)
{
    WarcSplitter *splitter = state;
    for (;;) {
        skip_newlines(splitter);
        guint64 offset = offset_of(splitter);
        gsize header = find_header(splitter);
        if (header == 0) {
            if (available(splitter) == 0 && !splitter->damage)
                return end_of_file(splitter, error);
            return headerless(splitter, record, offset, error);
        }
        splitter->seen_any = TRUE;
        g_autofree char *length_text = header_field(unread(splitter), header, "Content-Length");
        g_auto(Capture) capture = {.offset = offset};
        read_capture(unread(splitter), header, &capture);
        if (!length_text || !g_ascii_string_to_unsigned(length_text, 10, 0, G_MAXINT64, &capture.length, NULL)) {
            consume(splitter, header);
            skip_to_record(splitter);
            return fill_damaged(splitter, record, offset, "the WARC record does not say its length");
        }
        consume(splitter, header);
        if (!capture.uri) {
            skip_block(splitter, capture.length);
            continue;
        }
        take_page(splitter, record, &capture);
        return 1;
    }
}

static void warc_splitter_free(gpointer state)
{
    WarcSplitter *splitter = state;
    buffer_clear(&splitter->window);
    g_clear_error(&splitter->damage);
    g_free(splitter->path);
    g_free(splitter);
}

Splitter split_warc_new(WarcSource *source, const char *path)
{
    WarcSplitter *splitter = g_new0(WarcSplitter, 1);
    splitter->source = source;
    splitter->path = g_strdup(path);
    buffer_init(&splitter->window, 2 * RECORD_LIMIT + 4 * CHUNK);
    return (Splitter){splitter, warc_splitter_next, warc_splitter_free};
}
