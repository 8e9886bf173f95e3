/* SPDX-License-Identifier: Apache-2.0
 * Append captures to a WARC file; see scrapers/fetch/warc_writer.h. */
#include "scrapers/fetch/warc_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/hash.h"

#define RECORD_ID_SIZE 48
#define OUT_CHUNK 65536

struct WarcWriter {
    char *path;
    int descriptor;
    guint64 offset;     /* the end of the last whole batch */
    GByteArray *batch;  /* compressed records that belong together */
    z_stream deflater;
};

typedef struct RecordBlock {
    const Buffer *head, *payload; /* either may be NULL; the block is one after the other */
} RecordBlock;

WarcWriter *warc_writer_open(const char *path, guint64 length, GError **error)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        galen_error_set_errno(error, errno, "cannot open %s", path);
        return NULL;
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) < 0 || ftruncate(descriptor, (off_t)length) < 0 ||
        lseek(descriptor, (off_t)length, SEEK_SET) < 0) {
        int saved = errno;
        if (saved == EWOULDBLOCK)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: another process is writing to it", path);
        else
            galen_error_set_errno(error, saved, "cannot go on writing %s", path);
        close(descriptor);
        return NULL;
    }
    WarcWriter *writer = g_new0(WarcWriter, 1);
    writer->path = g_strdup(path);
    writer->descriptor = descriptor;
    writer->offset = length;
    writer->batch = g_byte_array_new();
    /* 16 more window bits make gzip members; their time stamp stays 0. */
    if (deflateInit2(&writer->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        g_error("out of memory");
    return writer;
}

void warc_writer_free(WarcWriter *writer)
{
    deflateEnd(&writer->deflater);
    g_byte_array_unref(writer->batch);
    close(writer->descriptor);
    g_free(writer->path);
    g_free(writer);
}

/* Bodies may be larger than zlib's 32-bit counts only in theory: a Buffer's limit is far below. */
static void compress_bytes(WarcWriter *writer, const void *data, gsize length, int flush)
{
    z_stream *stream = &writer->deflater;
    guint8 out[OUT_CHUNK];
    stream->next_in = (Bytef *)data;
    stream->avail_in = (uInt)length;
    do {
        stream->next_out = out;
        stream->avail_out = sizeof out;
        deflate(stream, flush);
        g_byte_array_append(writer->batch, out, (guint)(sizeof out - stream->avail_out));
    } while (stream->avail_out == 0);
}

static void compress_record(WarcWriter *writer, const GString *header, const RecordBlock *block)
{
    deflateReset(&writer->deflater);
    compress_bytes(writer, header->str, header->len, Z_NO_FLUSH);
    if (block->head && block->head->length)
        compress_bytes(writer, block->head->data, block->head->length, Z_NO_FLUSH);
    if (block->payload && block->payload->length)
        compress_bytes(writer, block->payload->data, block->payload->length, Z_NO_FLUSH);
    compress_bytes(writer, "\r\n\r\n", 4, Z_FINISH);
}

static char *date_text(gint64 date)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(date);
    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

/* A UUID of version 8 (RFC 9562, section 5.8): our own bits, from what makes the record itself. */
static void record_id(const WarcWriter *writer, const char *type, const char *url, const char *date,
                      char id[RECORD_ID_SIZE])
{
    g_autofree char *facts = g_strdup_printf("%" G_GUINT64_FORMAT "+%u\n%s\n%s\n%s", writer->offset,
                                             writer->batch->len, type, date, url);
    guint8 b[16];
    hash128_write(hash128(facts, strlen(facts)), b);
    b[6] = (b[6] & 0x0f) | 0x80;
    b[8] = (b[8] & 0x3f) | 0x80;
    g_snprintf(id, RECORD_ID_SIZE, "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
               b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void append_digest(GString *header, const char *name, const Buffer *first, const Buffer *second)
{
    g_autoptr(Sha256Context) context = sha256_new();
    if (first && first->length)
        sha256_update(context, first->data, first->length);
    if (second && second->length)
        sha256_update(context, second->data, second->length);
    Sha256 digest = sha256_finish(context);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(&digest, hex);
    g_string_append_printf(header, "%s: sha256:%s\r\n", name, hex);
}

static GString *record_header(const WarcWriter *writer, const char *type, const char *url, gint64 date,
                              char id[RECORD_ID_SIZE])
{
    g_autofree char *when = date_text(date);
    record_id(writer, type, url, when, id);
    GString *header = g_string_new("WARC/1.1\r\n");
    g_string_append_printf(header, "WARC-Type: %s\r\nWARC-Record-ID: <%s>\r\nWARC-Date: %s\r\n", type, id, when);
    return header;
}

static void add_record(WarcWriter *writer, GString *header, const char *content_type, const RecordBlock *block)
{
    gsize length = (block->head ? block->head->length : 0) + (block->payload ? block->payload->length : 0);
    append_digest(header, "WARC-Block-Digest", block->head, block->payload);
    g_string_append_printf(header, "Content-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                           content_type, length);
    compress_record(writer, header, block);
    g_string_free(header, TRUE);
}

static gboolean write_batch(WarcWriter *writer, GError **error)
{
    const guint8 *data = writer->batch->data;
    gsize left = writer->batch->len;
    while (left) {
        ssize_t written = write(writer->descriptor, data, left);
        if (written < 0 && errno != EINTR)
            break;
        if (written > 0) {
            data += written;
            left -= (gsize)written;
        }
    }
    if (left || fdatasync(writer->descriptor) < 0) {
        galen_error_set_errno(error, errno, "cannot write %s", writer->path);
        /* Best effort: the next run cuts a half-written batch as well. */
        if (ftruncate(writer->descriptor, (off_t)writer->offset) == 0)
            lseek(writer->descriptor, (off_t)writer->offset, SEEK_SET);
        return FALSE;
    }
    writer->offset += writer->batch->len;
    g_byte_array_set_size(writer->batch, 0);
    return TRUE;
}

gboolean warc_writer_info(WarcWriter *writer, const char *fields, gint64 date, GError **error)
{
    char id[RECORD_ID_SIZE];
    g_autofree char *name = g_path_get_basename(writer->path);
    GString *header = record_header(writer, "warcinfo", "", date, id);
    g_string_append_printf(header, "WARC-Filename: %s\r\n", name);
    g_auto(Buffer) block = {0};
    buffer_init(&block, strlen(fields));
    buffer_append_string(&block, fields);
    add_record(writer, header, "application/warc-fields", &(RecordBlock){.head = &block});
    return write_batch(writer, error);
}

/* When the request was sent. */
static gint64 asked(const HttpExchange *exchange)
{
    return exchange->checked ? exchange->checked : exchange->date;
}

static void add_request(WarcWriter *writer, const HttpExchange *exchange, char id[RECORD_ID_SIZE])
{
    GString *header = record_header(writer, "request", exchange->url, asked(exchange), id);
    g_string_append_printf(header, "WARC-Target-URI: %s\r\n", exchange->url);
    add_record(writer, header, "application/http; msgtype=request", &(RecordBlock){.head = &exchange->request});
}

static void add_response(WarcWriter *writer, GString *header, const HttpExchange *exchange)
{
    if (exchange->truncated)
        g_string_append(header, "WARC-Truncated: length\r\n");
    append_digest(header, "WARC-Payload-Digest", &exchange->body, NULL);
    add_record(writer, header, "application/http; msgtype=response",
               &(RecordBlock){.head = &exchange->headers, .payload = &exchange->body});
}

static void add_facts(GString *header, const HttpExchange *exchange, const char *request_id)
{
    g_string_append_printf(header, "WARC-Target-URI: %s\r\n", exchange->url);
    if (*request_id)
        g_string_append_printf(header, "WARC-Concurrent-To: <%s>\r\n", request_id);
    if (exchange->address)
        g_string_append_printf(header, "WARC-IP-Address: %s\r\n", exchange->address);
}

static void add_revisit(WarcWriter *writer, const HttpExchange *exchange, const char *request_id)
{
    char id[RECORD_ID_SIZE];
    g_autofree char *date = date_text(exchange->date);
    GString *header = record_header(writer, "revisit", exchange->url, exchange->checked, id);
    add_facts(header, exchange, request_id);
    g_string_append_printf(header, "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified\r\n"
                           "WARC-Refers-To-Target-URI: %s\r\nWARC-Refers-To-Date: %s\r\n", exchange->url, date);
    add_record(writer, header, "application/http; msgtype=response", &(RecordBlock){.head = &exchange->revisit});
}

static void add_reason(WarcWriter *writer, GString *header, const HttpExchange *exchange)
{
    g_autofree char *reason = g_strdup(exchange->reason);
    g_strdelimit(reason, "\r\n", ' ');
    g_autofree char *fields = g_strdup_printf("fetchOutcome: %s\r\nfetchReason: %s\r\n",
                                              exchange->outcome == EXCHANGE_REFUSED ? "refused" : "failed", reason);
    g_auto(Buffer) block = {0};
    buffer_init(&block, strlen(fields));
    buffer_append_string(&block, fields);
    add_record(writer, header, "application/warc-fields", &(RecordBlock){.head = &block});
}

gboolean warc_writer_capture(WarcWriter *writer, const HttpExchange *exchange, GError **error)
{
    char request_id[RECORD_ID_SIZE] = "", id[RECORD_ID_SIZE];
    gboolean response = exchange->outcome == EXCHANGE_RESPONSE;
    if (exchange->request.length)
        add_request(writer, exchange, request_id);
    if (exchange->checked)
        add_revisit(writer, exchange, request_id);
    GString *header = record_header(writer, response ? "response" : "metadata", exchange->url, exchange->date, id);
    add_facts(header, exchange, exchange->checked ? "" : request_id);
    if (exchange->checked) {
        g_autofree char *date = date_text(exchange->checked);
        g_string_append_printf(header, WARC_CARRIED ": %s\r\n", date);
    }
    if (response)
        add_response(writer, header, exchange);
    else
        add_reason(writer, header, exchange);
    return write_batch(writer, error);
}

guint64 warc_writer_position(const WarcWriter *writer)
{
    return writer->offset;
}

static gboolean read_fully(int descriptor, guint8 *data, gsize length, guint64 start)
{
    while (length) {
        ssize_t got = pread(descriptor, data, length, (off_t)start);
        if (got == 0)
            errno = EIO; /* it ends too soon */
        if (got == 0 || (got < 0 && errno != EINTR))
            return FALSE;
        if (got > 0) {
            data += got;
            start += (guint64)got;
            length -= (gsize)got;
        }
    }
    return TRUE;
}

gboolean warc_writer_copy(WarcWriter *writer, const char *path, guint64 start, gsize length, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    g_byte_array_set_size(writer->batch, (guint)length);
    gboolean good = descriptor >= 0 && read_fully(descriptor, writer->batch->data, length, start);
    if (!good)
        galen_error_set_errno(error, errno, "cannot read %s", path);
    if (descriptor >= 0)
        close(descriptor);
    if (!good)
        g_byte_array_set_size(writer->batch, 0);
    return good && write_batch(writer, error);
}
