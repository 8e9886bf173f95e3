/* SPDX-License-Identifier: Apache-2.0
 * HTTP responses as WARC files keep them; see http_body.h. */
#include "scrapers/formats/http_body.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buffer.h"

#define RATIO_LIMIT 1000 /* deflate cannot do better than 1032 on honest data */
#define RATIO_FREE ((gsize)1 << 20)

char *header_field(const char *block, gsize length, const char *name)
{
    const char *at = block, *end = block + length;
    gsize size = strlen(name);
    while (at < end) {
        const char *newline = memchr(at, '\n', (gsize)(end - at));
        const char *line_end = newline ? newline : end;
        if ((gsize)(line_end - at) > size && at[size] == ':' && g_ascii_strncasecmp(at, name, size) == 0)
            return g_strstrip(g_strndup(at + size + 1, (gsize)(line_end - at) - size - 1));
        at = newline ? newline + 1 : end;
    }
    return NULL;
}

static void record_fail(Record *record, const char *rule, const char *detail)
{
    record->rule = rule;
    g_free(record->detail);
    record->detail = g_strdup(detail);
}

/* The size of a chunk from its line; -1 if this is no such line. `*next` is set behind the line. */
static gint64 chunk_size(const char *at, const char *end, const char **next)
{
    const char *newline = memchr(at, '\n', (gsize)MIN(end - at, 256));
    if (!newline || !g_ascii_isxdigit(*at))
        return -1;
    gint64 size = 0;
    const char *digit = at;
    for (; g_ascii_isxdigit(*digit); digit++) {
        size = size * 16 + g_ascii_xdigit_value(*digit);
        if (size > (gint64)RECORD_LIMIT)
            return -1;
    }
    if (*digit != ';' && *digit != '\r' && *digit != '\n' && *digit != ' ')
        return -1;
    *next = newline + 1;
    return size;
}

/* Undoes chunked coding. FALSE with nothing in `out`: the body was not chunked; with something: it was, and breaks. */
static gboolean unchunk(const char *body, gsize length, Buffer *out)
{
    const char *at = body, *end = body + length;
    while (at < end) {
        gint64 size = chunk_size(at, end, &at);
        if (size < 0 || size > end - at)
            return FALSE;
        if (size == 0)
            return TRUE;
        buffer_append(out, at, (gsize)size);
        at += size;
        if (at < end && *at == '\r')
            at++;
        if (at < end && *at == '\n')
            at++;
    }
    return FALSE;
}

/* Inflates gzip, zlib or bare deflate data under the caps. NULL: done; else what is wrong. */
static const char *inflate_body(const char *body, gsize length, int window, Buffer *out)
{
    z_stream inflater = {0};
    char piece[65536];
    if (inflateInit2(&inflater, window) != Z_OK)
        return "no memory to decompress it";
    inflater.next_in = (Bytef *)body;
    inflater.avail_in = (unsigned)length;
    int result = Z_OK;
    const char *wrong = NULL;
    while (result == Z_OK && !wrong) {
        inflater.next_out = (Bytef *)piece;
        inflater.avail_out = sizeof piece;
        result = inflate(&inflater, Z_NO_FLUSH);
        buffer_append(out, piece, sizeof piece - inflater.avail_out);
        if (out->overflowed || (out->length > RATIO_FREE && out->length / RATIO_LIMIT > inflater.total_in))
            wrong = "it decompresses to far more than a page";
    }
    inflateEnd(&inflater);
    if (wrong)
        return wrong;
    return result == Z_STREAM_END ? NULL : "its compressed body is cut off or damaged";
}

/* Undoes one content coding in place. FALSE with rule and detail set on failure. */
static gboolean decode_content(const char *coding, Buffer *body, Record *record)
{
    const guint8 *bytes = (const guint8 *)body->data;
    gboolean gzip = body->length > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
    gboolean deflate = g_ascii_strcasecmp(coding, "deflate") == 0;
    if (g_ascii_strcasecmp(coding, "identity") == 0 || *coding == '\0')
        return TRUE;
    if (g_ascii_strcasecmp(coding, "gzip") != 0 && g_ascii_strcasecmp(coding, "x-gzip") != 0 && !deflate) {
        record_fail(record, RULE_NOT_A_DOCUMENT, "its content coding is none of gzip, deflate, identity");
        return FALSE;
    }
    if (!gzip && !deflate)
        return TRUE; /* undone by whoever captured it */
    if (deflate && body->length > 0 && (bytes[0] == '<' || g_ascii_isspace(bytes[0])))
        return TRUE;
    gboolean bare = deflate && body->length > 1 && (bytes[0] * 256 + bytes[1]) % 31 != 0;
    g_auto(Buffer) decoded;
    buffer_init(&decoded, RECORD_LIMIT);
    const char *wrong = inflate_body(body->data, body->length, bare ? -15 : 15 + 32, &decoded);
    if (wrong) {
        record_fail(record, decoded.overflowed ? RULE_TOO_LARGE : RULE_DAMAGED_INPUT, wrong);
        return FALSE;
    }
    Buffer swap = *body;
    *body = decoded;
    decoded = swap;
    return TRUE;
}

static gboolean type_is_any(const char *content_type, const char *const *types)
{
    for (; *types; types++)
        if (g_ascii_strncasecmp(content_type, *types, strlen(*types)) == 0)
            return TRUE;
    return FALSE;
}

static gboolean content_is_page(const char *content_type)
{
    static const char *const types[] = {"text/html", "application/xhtml+xml", "text/plain", "application/pdf", "application/x-pdf", NULL};
    return !content_type || *content_type == '\0' || type_is_any(content_type, types);
}

/* Types that say nothing; servers give them to PDFs that are meant to be saved. */
static gboolean content_is_unknown(const char *content_type)
{
    static const char *const types[] = {"application/octet-stream", "binary/octet-stream", "application/force-download",
                                        "application/download", NULL};
    return content_type && type_is_any(content_type, types);
}

static gboolean body_is_pdf(const Buffer *body)
{
    return body->length > 4 && memcmp(body->data, "%PDF-", 5) == 0;
}

static void fail_type(Record *record)
{
    record_fail(record, RULE_NOT_A_DOCUMENT, NULL);
    record->detail = g_strdup_printf("its content type is '%.100s'", record->content_type);
}

/* The end of the header block: the index behind its blank line, or 0. */
static gsize header_end(const char *message, gsize length)
{
    for (const char *at = message; (at = memchr(at, '\n', length - (gsize)(at - message))); at++) {
        gsize next = (gsize)(at - message) + 1;
        if (next < length && message[next] == '\n')
            return next + 1;
        if (next + 1 < length && message[next] == '\r' && message[next + 1] == '\n')
            return next + 2;
    }
    return 0;
}

static int status_code(const char *message, gsize length)
{
    const char *space = length > 12 ? memchr(message, ' ', 12) : NULL;
    if (!space || memcmp(message, "HTTP/", 5) != 0)
        return 0;
    return atoi(space + 1);
}

void http_resource_take(const char *body, gsize length, const char *content_type, Record *record)
{
    record->content_type = g_strdup(content_type);
    if (!content_is_page(record->content_type)) {
        fail_type(record);
        return;
    }
    record->bytes = g_malloc(length + 1);
    memcpy(record->bytes, body, length);
    record->bytes[length] = '\0';
    record->length = length;
}

void http_response_decode(const char *message, gsize length, Record *record)
{
    gsize head = header_end(message, length);
    int status = head ? status_code(message, head) : 0;
    if (status == 0) {
        record_fail(record, RULE_DAMAGED_INPUT, "the capture is no HTTP response");
        return;
    }
    record->content_type = header_field(message, head, "Content-Type");
    if (status < 200 || status > 299) {
        record_fail(record, RULE_NOT_A_DOCUMENT, NULL);
        record->redirect = status / 100 == 3 ? header_field(message, head, "Location") : NULL;
        record->detail = g_strdup_printf("the server answered with status %d", status);
        return;
    }
    gboolean unknown = content_is_unknown(record->content_type);
    if (!unknown && !content_is_page(record->content_type)) {
        fail_type(record);
        return;
    }
    g_autofree char *transfer = header_field(message, head, "Transfer-Encoding");
    g_autofree char *coding = header_field(message, head, "Content-Encoding");
    g_auto(Buffer) body;
    buffer_init(&body, RECORD_LIMIT);
    gboolean chunked = transfer && g_ascii_strcasecmp(transfer, "chunked") == 0;
    gboolean unchunked = chunked && unchunk(message + head, length - head, &body);
    if (chunked && !unchunked && body.length > 0) {
        record_fail(record, RULE_DAMAGED_INPUT, "its chunked body is cut off or damaged");
        return;
    }
    if (!unchunked)
        buffer_append(&body, message + head, length - head);
    if (coding && !decode_content(coding, &body, record))
        return;
    if (unknown && !body_is_pdf(&body)) {
        fail_type(record);
        return;
    }
    record->bytes = buffer_steal(&body, &record->length);
}
