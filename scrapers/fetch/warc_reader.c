/* SPDX-License-Identifier: Apache-2.0
 * Read back one's own WARC file; see scrapers/fetch/warc_reader.h. */
#include "scrapers/fetch/warc_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "scrapers/fetch/warc_writer.h"

#define CHUNK 65536
#define HEADERS_ALLOWANCE (1024 * 1024) /* WARC and HTTP headers of one record, amply */

struct WarcReader {
    char *path;
    int descriptor;
    guint64 length;      /* of the part to read */
    guint64 fetched;     /* bytes read from the file into `in` so far */
    guint8 in[CHUNK];
    z_stream inflater;
    Buffer record;       /* the record under way, decompressed */
    Buffer request;      /* the block of the last request record, until its outcome has come */
    guint64 start;       /* of that record in the file */
    gsize body_limit;
};

typedef enum { MEMBER_WHOLE, MEMBER_NONE, MEMBER_BROKEN, MEMBER_ERROR } MemberResult;

typedef struct Record {
    const char *headers;
    gsize headers_length;
    const char *block;
    gsize block_length;
} Record;

WarcReader *warc_reader_open(const char *path, guint64 length, gsize body_limit, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        galen_error_set_errno(error, errno, "cannot open %s", path);
        return NULL;
    }
    WarcReader *reader = g_new0(WarcReader, 1);
    reader->path = g_strdup(path);
    reader->descriptor = descriptor;
    reader->length = length;
    reader->body_limit = body_limit;
    buffer_init(&reader->record, body_limit + HEADERS_ALLOWANCE);
    buffer_init(&reader->request, HEADERS_ALLOWANCE);
    if (inflateInit2(&reader->inflater, MAX_WBITS + 16) != Z_OK)
        g_error("out of memory");
    return reader;
}

void warc_reader_free(WarcReader *reader)
{
    inflateEnd(&reader->inflater);
    buffer_clear(&reader->record);
    buffer_clear(&reader->request);
    close(reader->descriptor);
    g_free(reader->path);
    g_free(reader);
}

guint64 warc_reader_position(const WarcReader *reader)
{
    return reader->fetched - reader->inflater.avail_in;
}

guint64 warc_reader_record_start(const WarcReader *reader)
{
    return reader->start;
}

gboolean warc_reader_seek(WarcReader *reader, guint64 start, GError **error)
{
    if (lseek(reader->descriptor, (off_t)start, SEEK_SET) < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", reader->path);
        return FALSE;
    }
    reader->fetched = start;
    reader->inflater.avail_in = 0;
    buffer_reset(&reader->request);
    return TRUE;
}

/* 1 when there are bytes to inflate, 0 at the end, -1 on error. */
static int refill(WarcReader *reader, GError **error)
{
    if (reader->inflater.avail_in)
        return 1;
    gsize wanted = (gsize)MIN((guint64)CHUNK, reader->length - reader->fetched);
    ssize_t got;
    do {
        got = wanted ? read(reader->descriptor, reader->in, wanted) : 0;
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", reader->path);
        return -1;
    }
    reader->fetched += (guint64)got;
    reader->inflater.next_in = reader->in;
    reader->inflater.avail_in = (uInt)got;
    return got > 0;
}

static MemberResult read_member(WarcReader *reader, GError **error)
{
    buffer_reset(&reader->record);
    inflateReset(&reader->inflater);
    int more = refill(reader, error);
    if (more <= 0)
        return more < 0 ? MEMBER_ERROR : MEMBER_NONE;
    guint8 out[CHUNK];
    for (;;) {
        reader->inflater.next_out = out;
        reader->inflater.avail_out = sizeof out;
        int status = inflate(&reader->inflater, Z_NO_FLUSH);
        buffer_append(&reader->record, out, sizeof out - reader->inflater.avail_out);
        if (reader->record.overflowed || (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR))
            return MEMBER_BROKEN;
        if (status == Z_STREAM_END)
            return MEMBER_WHOLE;
        more = refill(reader, error);
        if (more <= 0)
            return more < 0 ? MEMBER_ERROR : MEMBER_BROKEN;
    }
}

/* The value of a WARC header or warc-fields line; NULL if there is none. */
static char *field(const char *text, gsize length, const char *name)
{
    gsize name_length = strlen(name);
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (gsize)(end - text));
        const char *stop = newline ? newline : end;
        if ((gsize)(stop - text) > name_length && text[name_length] == ':' &&
            !g_ascii_strncasecmp(text, name, name_length))
            return g_strstrip(g_strndup(text + name_length + 1, (gsize)(stop - text) - name_length - 1));
        text = newline ? newline + 1 : end;
    }
    return NULL;
}

static gboolean split_record(const Buffer *buffer, Record *record)
{
    const char *blank = buffer->length ? memmem(buffer->data, buffer->length, "\r\n\r\n", 4) : NULL;
    if (!blank || !g_str_has_prefix(buffer->data, "WARC/1."))
        return FALSE;
    record->headers = buffer->data;
    record->headers_length = (gsize)(blank - buffer->data) + 2;
    record->block = blank + 4;
    gsize rest = buffer->length - record->headers_length - 2;
    g_autofree char *length = field(record->headers, record->headers_length, "Content-Length");
    guint64 value;
    if (!length || !g_ascii_string_to_unsigned(length, 10, 0, rest, &value, NULL) || value + 4 != rest)
        return FALSE;
    record->block_length = (gsize)value;
    return TRUE;
}

static gboolean type_is(const Record *record, const char *type)
{
    g_autofree char *found = field(record->headers, record->headers_length, "WARC-Type");
    return !g_strcmp0(found, type);
}

static gint64 record_date(const Record *record, const char *name)
{
    g_autofree char *text = field(record->headers, record->headers_length, name);
    g_autoptr(GDateTime) date = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
    return date ? g_date_time_to_unix(date) : 0;
}

static gboolean fill_response(HttpExchange *exchange, const Record *record)
{
    const char *blank = memmem(record->block, record->block_length, "\r\n\r\n", 4);
    if (!blank || record->block_length < 12 || !g_str_has_prefix(record->block, "HTTP/"))
        return FALSE;
    gsize head = (gsize)(blank - record->block) + 4;
    const char *status = memchr(record->block, ' ', head);
    if (!status)
        return FALSE;
    g_autofree char *truncated = field(record->headers, record->headers_length, "WARC-Truncated");
    exchange->outcome = EXCHANGE_RESPONSE;
    exchange->status = (int)g_ascii_strtoll(status + 1, NULL, 10);
    exchange->truncated = truncated != NULL;
    buffer_append(&exchange->headers, record->block, head);
    buffer_append(&exchange->body, record->block + head, record->block_length - head);
    return !exchange->headers.overflowed && !exchange->body.overflowed;
}

static gboolean fill_reason(HttpExchange *exchange, const Record *record)
{
    g_autofree char *outcome = field(record->block, record->block_length, "fetchOutcome");
    exchange->outcome = !g_strcmp0(outcome, "refused") ? EXCHANGE_REFUSED : EXCHANGE_FAILED;
    exchange->reason = field(record->block, record->block_length, "fetchReason");
    return outcome && exchange->reason;
}

/* NULL: the record is not one that the crawler writes. */
static HttpExchange *exchange_of(WarcReader *reader, const Record *record)
{
    g_autofree char *url = field(record->headers, record->headers_length, "WARC-Target-URI");
    if (!url)
        return NULL;
    g_autoptr(HttpExchange) exchange = http_exchange_new(url, reader->body_limit);
    exchange->date = record_date(record, "WARC-Date");
    exchange->checked = record_date(record, WARC_CARRIED);
    exchange->address = field(record->headers, record->headers_length, "WARC-IP-Address");
    buffer_append(&exchange->request, reader->request.data, reader->request.length);
    buffer_reset(&reader->request);
    gboolean good = type_is(record, "response") ? fill_response(exchange, record) : fill_reason(exchange, record);
    return good ? g_steal_pointer(&exchange) : NULL;
}

static gboolean set_damaged(const WarcReader *reader, guint64 start, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s: the record at byte %" G_GUINT64_FORMAT " is damaged or was not written by this crawler; "
                "move the file away to crawl the site again",
                reader->path, start);
    return FALSE;
}

/* What stands beside outcomes. Of these only the request is of use to the crawl. */
static gboolean take_companion(WarcReader *reader, const Record *record)
{
    if (type_is(record, "request")) {
        buffer_reset(&reader->request);
        buffer_append(&reader->request, record->block, record->block_length);
        return TRUE;
    }
    return type_is(record, "warcinfo") || type_is(record, "revisit");
}

int warc_reader_next(WarcReader *reader, HttpExchange **exchange, GError **error)
{
    for (;;) {
        reader->start = warc_reader_position(reader);
        Record record;
        MemberResult result = read_member(reader, error);
        if (result == MEMBER_NONE)
            return 0;
        if (result == MEMBER_ERROR)
            return -1;
        gboolean good = result == MEMBER_WHOLE && split_record(&reader->record, &record);
        if (good && take_companion(reader, &record))
            continue;
        *exchange = good ? exchange_of(reader, &record) : NULL;
        if (*exchange)
            return 1;
        set_damaged(reader, reader->start, error);
        return -1;
    }
}

/* Whether the server itself was at fault, as http_exchange_is_trouble has it. */
static gboolean is_trouble(const Record *record)
{
    const char *status = record->block + strlen("HTTP/1.1 ");
    return record->block_length >= strlen("HTTP/1.1 429") && (*status == '5' || !memcmp(status, "429", 3));
}

/* Takes one whole record into account. FALSE: it is none of ours. */
static gboolean recover_record(WarcReader *reader, WarcRecovery *recovery)
{
    Record record;
    if (!split_record(&reader->record, &record))
        return FALSE;
    if (!recovery->settings) {
        if (!type_is(&record, "warcinfo"))
            return FALSE;
        recovery->settings = field(record.block, record.block_length, "crawl-settings");
        recovery->length = warc_reader_position(reader);
        return recovery->settings != NULL;
    }
    if (type_is(&record, "response") && !is_trouble(&record))
        recovery->length = warc_reader_position(reader);
    return TRUE;
}

static gboolean recover(WarcReader *reader, WarcRecovery *recovery, GError **error)
{
    for (;;) {
        guint64 start = warc_reader_position(reader);
        MemberResult result = read_member(reader, error);
        if (result == MEMBER_NONE)
            return TRUE;
        if (result == MEMBER_ERROR)
            return FALSE;
        if (result == MEMBER_WHOLE && recover_record(reader, recovery))
            continue;
        /* Only the end can be half-written, and no batch is longer than its records may be. */
        gboolean near_end = reader->length - start <= reader->body_limit + HEADERS_ALLOWANCE;
        return (result == MEMBER_BROKEN && near_end) || set_damaged(reader, start, error);
    }
}

/* A file that does not begin like gzip is somebody else's and must not be cut. */
static gboolean begins_like_gzip(const char *path, guint64 length)
{
    static const guint8 magic[2] = {0x1f, 0x8b};
    guint8 first[2] = {0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = descriptor < 0 ? 0 : read(descriptor, first, sizeof first);
    if (descriptor >= 0)
        close(descriptor);
    return length == 0 || (got >= 0 && !memcmp(first, magic, (gsize)got));
}

gboolean warc_reader_recover(const char *path, gsize body_limit, WarcRecovery *recovery, GError **error)
{
    *recovery = (WarcRecovery){0};
    struct stat status;
    if (stat(path, &status) < 0) {
        if (errno == ENOENT)
            return TRUE;
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return FALSE;
    }
    g_autoptr(WarcReader) reader = warc_reader_open(path, (guint64)status.st_size, body_limit, error);
    if (!reader)
        return FALSE;
    if (!begins_like_gzip(path, reader->length))
        return set_damaged(reader, 0, error);
    gboolean good = recover(reader, recovery, error);
    recovery->cut = reader->length - recovery->length;
    return good;
}
