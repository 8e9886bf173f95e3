/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/warc_writer.h and warc_reader.h: what is written is WARC 1.1 and is read back. */
#include "scrapers/fetch/warc_writer.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "scrapers/fetch/warc_forget.h"
#include "scrapers/fetch/warc_reader.h"

#define BODY_LIMIT 100000
#define DATE 1700000000 /* 2023-11-14T22:13:20Z */

static char *directory;

static HttpExchange *response(const char *url, const char *body)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
    HttpExchange *exchange = http_exchange_new(url, BODY_LIMIT);
    exchange->date = DATE;
    exchange->status = 200;
    exchange->address = g_strdup("192.0.2.7");
    buffer_append_string(&exchange->request, "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    buffer_append_string(&exchange->body, body);
    http_exchange_store_headers(exchange, head, strlen(head));
    return exchange;
}

static HttpExchange *refusal(const char *url)
{
    HttpExchange *exchange = http_exchange_new(url, 0);
    exchange->outcome = EXCHANGE_REFUSED;
    exchange->date = DATE;
    exchange->reason = g_strdup("robots.txt\r\nforbids: it");
    return exchange;
}

/* Two responses with a refusal between them, and a refusal behind. */
static char *write_file(const char *name)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(directory, name, NULL);
    g_autoptr(WarcWriter) writer = warc_writer_open(path, 0, &error);
    g_assert_no_error(error);
    g_assert_true(warc_writer_info(writer, "software: test\r\ncrawl-settings: s1\r\n", DATE, &error));
    g_autoptr(HttpExchange) first = response("http://example.org/", "<p>one</p>");
    g_autoptr(HttpExchange) second = refusal("http://example.org/no");
    g_autoptr(HttpExchange) third = response("http://example.org/two", "");
    g_autoptr(HttpExchange) fourth = refusal("http://example.org/never");
    g_assert_true(warc_writer_capture(writer, first, &error));
    g_assert_true(warc_writer_capture(writer, second, &error));
    g_assert_true(warc_writer_capture(writer, third, &error));
    g_assert_true(warc_writer_capture(writer, fourth, &error));
    g_assert_no_error(error);
    return path;
}

/* Inflates one gzip member; returns the bytes it takes. */
static gsize unpack_member(const char *bytes, gsize length, GString *out)
{
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)length};
    char chunk[4096];
    int status = Z_OK;
    g_assert_cmpint(inflateInit2(&stream, MAX_WBITS + 16), ==, Z_OK);
    g_string_truncate(out, 0);
    while (status == Z_OK) {
        stream.next_out = (Bytef *)chunk;
        stream.avail_out = sizeof chunk;
        status = inflate(&stream, Z_NO_FLUSH);
        g_string_append_len(out, chunk, (gssize)(sizeof chunk - stream.avail_out));
    }
    g_assert_cmpint(status, ==, Z_STREAM_END);
    gsize taken = stream.total_in;
    inflateEnd(&stream);
    return taken;
}

static char *header(const char *record, const char *name)
{
    g_autofree char *mark = g_strdup_printf("\r\n%s: ", name);
    const char *found = strstr(record, mark);
    return found && found < strstr(record, "\r\n\r\n")
               ? g_strndup(found + strlen(mark), strcspn(found + strlen(mark), "\r"))
               : NULL;
}

/* What ISO 28500 asks of any record. */
static void check_record(const GString *record, GHashTable *ids)
{
    g_assert_true(g_str_has_prefix(record->str, "WARC/1.1\r\n"));
    g_autofree char *id = header(record->str, "WARC-Record-ID"), *date = header(record->str, "WARC-Date");
    g_autofree char *length = header(record->str, "Content-Length"), *digest = header(record->str, "WARC-Block-Digest");
    g_assert_true(g_regex_match_simple(
        "^<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}>$", id, 0, 0));
    g_assert_cmpstr(date, ==, "2023-11-14T22:13:20Z");
    const char *block = strstr(record->str, "\r\n\r\n") + 4;
    gsize rest = record->len - (gsize)(block - record->str);
    g_assert_cmpuint(g_ascii_strtoull(length, NULL, 10) + 4, ==, rest);
    g_assert_cmpmem(block + rest - 4, 4, "\r\n\r\n", 4);
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)block, rest - 4);
    g_assert_true(g_str_has_prefix(digest, "sha256:"));
    g_assert_cmpstr(digest + 7, ==, sum);
    g_assert_true(g_hash_table_add(ids, g_steal_pointer(&id)));
}

static void test_each_record_is_a_gzip_member_of_the_standards_form(void)
{
    static const char *const types[] = {"warcinfo", "request",  "response", "metadata",
                                        "request",  "response", "metadata"};
    g_autofree char *path = write_file("form.warc.gz");
    g_autofree char *bytes = NULL;
    gsize length, offset = 0, number = 0;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GString) record = g_string_new(NULL);
    g_autofree char *request_id = NULL;
    while (offset < length) {
        offset += unpack_member(bytes + offset, length - offset, record);
        check_record(record, ids);
        g_assert_cmpuint(number, <, G_N_ELEMENTS(types));
        g_autofree char *type = header(record->str, "WARC-Type"), *peer = header(record->str, "WARC-Concurrent-To");
        g_assert_cmpstr(type, ==, types[number]);
        if (number == 1)
            request_id = header(record->str, "WARC-Record-ID");
        if (number == 2) {
            g_autofree char *payload = header(record->str, "WARC-Payload-Digest"),
                            *ip = header(record->str, "WARC-IP-Address");
            g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "<p>one</p>", -1);
            g_assert_cmpstr(peer, ==, request_id);
            g_assert_cmpstr(payload + 7, ==, sum);
            g_assert_cmpstr(ip, ==, "192.0.2.7");
            g_assert_nonnull(
                strstr(record->str,
                       "\r\nX-Crawl-Transfer-Encoding: chunked\r\nContent-Length: 10\r\n\r\n<p>one</p>"));
        }
        number++;
    }
    g_assert_cmpuint(number, ==, G_N_ELEMENTS(types));
}

static void test_the_same_captures_give_the_same_bytes(void)
{
    g_autofree char *one = write_file("same.warc.gz");
    g_autofree char *a = NULL, *b = NULL;
    gsize a_length, b_length;
    g_assert_true(g_file_get_contents(one, &a, &a_length, NULL));
    g_autofree char *two = write_file("same.warc.gz");
    g_assert_true(g_file_get_contents(two, &b, &b_length, NULL));
    g_assert_cmpmem(a, a_length, b, b_length);
}

static void test_captures_are_read_back_up_to_the_last_response(void)
{
    g_autofree char *path = write_file("back.warc.gz");
    g_autoptr(GError) error = NULL;
    WarcRecovery recovery;
    g_assert_true(warc_reader_recover(path, BODY_LIMIT, &recovery, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(recovery.settings, ==, "s1");
    g_assert_cmpuint(recovery.cut, >, 0);
    g_free(recovery.settings);
    g_autoptr(WarcReader) reader = warc_reader_open(path, recovery.length, BODY_LIMIT, &error);
    g_autoptr(HttpExchange) first = NULL, second = NULL, third = NULL, none = NULL;
    g_assert_cmpint(warc_reader_next(reader, &first, &error), ==, 1);
    g_assert_cmpstr(first->url, ==, "http://example.org/");
    g_assert_cmpint(first->status, ==, 200);
    g_assert_cmpint(first->date, ==, DATE);
    g_assert_cmpstr(first->body.data, ==, "<p>one</p>");
    g_autofree char *type = http_exchange_header(first, "content-type");
    g_assert_cmpstr(type, ==, "text/html");
    g_assert_cmpint(warc_reader_next(reader, &second, &error), ==, 1);
    g_assert_cmpint(second->outcome, ==, EXCHANGE_REFUSED);
    g_assert_cmpstr(second->reason, ==, "robots.txt  forbids: it");
    g_assert_cmpint(warc_reader_next(reader, &third, &error), ==, 1);
    g_assert_cmpuint(third->body.length, ==, 0);
    g_assert_cmpint(warc_reader_next(reader, &none, &error), ==, 0);
}

static void test_a_half_written_end_is_found_at_every_byte(void)
{
    g_autofree char *path = write_file("half.warc.gz");
    g_autofree char *bytes = NULL;
    gsize length;
    guint64 last = G_MAXUINT64, distinct = 0;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (gsize left = length + 1; left-- > 0;) {
        g_autoptr(GError) error = NULL;
        WarcRecovery recovery;
        g_assert_cmpint(truncate(path, (off_t)left), ==, 0);
        g_assert_true(warc_reader_recover(path, BODY_LIMIT, &recovery, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(recovery.length + recovery.cut, ==, left);
        g_assert_cmpuint(recovery.length, <=, last);
        distinct += recovery.length != last;
        last = recovery.length;
        g_free(recovery.settings);
    }
    /* Behind the second response, the first, the warcinfo record, and nothing. */
    g_assert_cmpuint(distinct, ==, 4);
}

static void test_files_that_are_not_ours_are_left_alone(void)
{
    g_autoptr(GError) error = NULL;
    WarcRecovery recovery;
    g_autofree char *path = g_build_filename(directory, "notes.txt", NULL);
    g_assert_true(g_file_set_contents(path, "my notes", -1, NULL));
    g_assert_false(warc_reader_recover(path, BODY_LIMIT, &recovery, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "notes.txt"));
    g_clear_error(&error);
    gzFile file = gzopen(path, "wb");
    gzputs(file, "my notes");
    gzclose(file);
    g_assert_false(warc_reader_recover(path, BODY_LIMIT, &recovery, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);
    g_unlink(path);
    g_assert_true(warc_reader_recover(path, BODY_LIMIT, &recovery, &error));
    g_assert_cmpuint(recovery.length, ==, 0);
}

static void test_two_crawlers_do_not_share_a_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "shared.warc.gz", NULL);
    g_autoptr(WarcWriter) first = warc_writer_open(path, 0, &error);
    g_assert_nonnull(first);
    g_assert_no_error(error);
    g_assert_null(warc_writer_open(path, 0, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
}

static void test_a_full_disk_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WarcWriter) writer = warc_writer_open("/dev/full", 0, &error);
    if (!writer) {
        g_test_skip("/dev/full cannot be opened like a file here");
        return;
    }
    g_assert_false(warc_writer_info(writer, "software: test\r\n", DATE, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
}

static void remove_directory(void)
{
    GDir *listing = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_dir_close(listing);
    g_rmdir(directory);
    g_free(directory);
}

/* ---- Forgetting ------------------------------------------------------------------------------------------------ */

static gboolean is_named(gpointer user, const char *url)
{
    return strcmp(user, url) == 0;
}

/* The addresses that are in a file, each behind a space. */
static char *addresses(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_autoptr(WarcReader) reader = warc_reader_open(path, length, BODY_LIMIT, &error);
    GString *text = g_string_new(NULL);
    HttpExchange *exchange;
    int more;
    while ((more = warc_reader_next(reader, &exchange, &error)) > 0) {
        g_string_append_printf(text, " %s", exchange->url);
        http_exchange_free(exchange);
    }
    g_assert_no_error(error);
    g_assert_cmpint(more, ==, 0);
    return g_string_free(text, FALSE);
}

static void test_a_file_loses_all_records_of_an_address_and_no_other(void)
{
    static const struct {
        const char *url, *left;
        guint64 records;
    } cases[] = {
        {"http://example.org/", " http://example.org/no http://example.org/two http://example.org/never", 2},
        {"http://example.org/two", " http://example.org/ http://example.org/no http://example.org/never", 2},
        {"http://example.org/no", " http://example.org/ http://example.org/two http://example.org/never", 1},
        {"http://example.org/tw", " http://example.org/ http://example.org/no http://example.org/two http://example.org/never", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = write_file("forget.warc.gz");
        guint64 records;
        g_assert_true(warc_forget(path, is_named, (gpointer)cases[i].url, &records, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(records, ==, cases[i].records);
        g_autofree char *left = addresses(path);
        g_assert_cmpstr(left, ==, cases[i].left);
        WarcRecovery recovery;
        g_assert_true(warc_reader_recover(path, BODY_LIMIT, &recovery, &error)); /* the record of the crawl itself is still first */
        g_assert_cmpstr(recovery.settings, ==, "s1");
        g_free(recovery.settings);
    }
}

static void test_a_damaged_file_is_left_as_it_was(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = write_file("forget-damaged.warc.gz"), *before = NULL, *after = NULL;
    gsize length, now;
    guint64 records;
    g_assert_true(g_file_get_contents(path, &before, &length, NULL));
    before[length - 30] ^= 0x55;
    g_assert_true(g_file_set_contents(path, before, (gssize)length, NULL));
    g_assert_false(warc_forget(path, is_named, (gpointer)"http://example.org/", &records, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_true(g_file_get_contents(path, &after, &now, NULL));
    g_assert_cmpmem(before, length, after, now);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-warc-XXXXXX", NULL);
    g_test_add_func("/warc/each record is a gzip member of the standard's form",
                    test_each_record_is_a_gzip_member_of_the_standards_form);
    g_test_add_func("/warc/the same captures give the same bytes", test_the_same_captures_give_the_same_bytes);
    g_test_add_func("/warc/captures are read back up to the last response",
                    test_captures_are_read_back_up_to_the_last_response);
    g_test_add_func("/warc/a half-written end is found at every byte", test_a_half_written_end_is_found_at_every_byte);
    g_test_add_func("/warc/files that are not ours are left alone", test_files_that_are_not_ours_are_left_alone);
    g_test_add_func("/warc/two crawlers do not share a file", test_two_crawlers_do_not_share_a_file);
    g_test_add_func("/warc/a file loses all records of an address and no other", test_a_file_loses_all_records_of_an_address_and_no_other);
    g_test_add_func("/warc/a damaged file is left as it was", test_a_damaged_file_is_left_as_it_was);
    g_test_add_func("/warc/a full disk is an error", test_a_full_disk_is_an_error);
    int status = g_test_run();
    remove_directory();
    return status;
}
