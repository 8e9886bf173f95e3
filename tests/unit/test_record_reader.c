/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/record_reader.c and the splitters: where records begin and end, and what damage costs. */
#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "scrapers/formats/formats.h"

static char *directory;

static char *write_file(const char *name, const char *bytes, gsize length)
{
    char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    return path;
}

/* Each string as a gzip member of its own, NULL-terminated. */
static char *write_members(const char *name, const char *const *members)
{
    char *path = g_build_filename(directory, name, NULL);
    g_unlink(path);
    for (; *members; members++) {
        gzFile file = gzopen(path, "ab");
        gzwrite(file, *members, (unsigned)strlen(*members));
        gzclose(file);
    }
    return path;
}

/* Reads all records and writes down "bytes" or "!rule" of each, separated by "|", and "ERROR" if reading failed. */
static char *summary(const Format *format, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RecordReader) reader = record_reader_open(format, path, &error);
    g_assert_no_error(error);
    g_autoptr(GString) all = g_string_new(NULL);
    int got = 0;
    do {
        g_auto(Record) record;
        got = record_reader_next(reader, &record, &error);
        if (got < 1)
            continue;
        g_assert_nonnull(record.origin);
        g_assert_nonnull(record.bytes);
        g_assert_cmpint(record.bytes[record.length], ==, '\0');
        if (record.rule)
            g_string_append_printf(all, "!%s|", record.rule);
        else
            g_string_append_printf(all, "%s|", record.bytes);
    } while (got > 0);
    if (got < 0) {
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, path));
        g_string_append(all, "ERROR");
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static void assert_summary(const Format *format, const char *bytes, const char *expected)
{
    g_autofree char *path = write_file("input", bytes, strlen(bytes));
    g_autofree char *found = summary(format, path);
    g_assert_cmpstr(found, ==, expected);
}

static void test_elements_are_cut_wherever_they_stand(void)
{
    assert_summary(&format_medline,
                   "<?xml version=\"1.0\"?><PubmedArticleSet><!-- <PubmedArticle>no</PubmedArticle> -->\n"
                   "<PubmedArticle a='>'>1</PubmedArticle ><PubmedArticle/><PubmedArticles/>"
                   "<PubmedBookArticle>2<![CDATA[</PubmedBookArticle>]]></PubmedBookArticle>"
                   "<DeleteCitation><PMID>3</PMID></DeleteCitation></PubmedArticleSet>",
                   "<PubmedArticle a='>'>1</PubmedArticle >|<PubmedArticle/>|"
                   "<PubmedBookArticle>2<![CDATA[</PubmedBookArticle>]]></PubmedBookArticle>|"
                   "<DeleteCitation><PMID>3</PMID></DeleteCitation>|");
}

static void test_an_element_left_open_costs_only_itself(void)
{
    assert_summary(&format_medline, "<PubmedArticle>1<PubmedArticle>2</PubmedArticle><PubmedArticle>3",
                   "!damaged-input|<PubmedArticle>2</PubmedArticle>|!damaged-input|");
}

static void test_a_comment_without_end_swallows_nothing(void)
{
    assert_summary(&format_medline,
                   "<PubmedArticle>1<!-- oops</PubmedArticle><PubmedArticle>2<![CDATA[</PubmedArticle><PubmedArticle>3"
                   "</PubmedArticle>",
                   "<PubmedArticle>1<!-- oops</PubmedArticle>|<PubmedArticle>2<![CDATA[</PubmedArticle>|"
                   "<PubmedArticle>3</PubmedArticle>|");
}

static void test_places_are_offsets_of_the_unpacked_bytes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new("<Set>");
    for (int i = 0; i < 2000; i++) {
        g_string_append_printf(text, "<PubmedArticle>%d", i);
        for (int j = 0; j < i % 50; j++)
            g_string_append(text, "<i>some text</i>");
        g_string_append(text, "</PubmedArticle>\n");
    }
    const char *members[] = {text->str, NULL};
    g_autofree char *path = write_members("many.xml.gz", members);
    g_autoptr(RecordReader) reader = record_reader_open(&format_medline, path, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 2000; i++) {
        g_auto(Record) record;
        g_assert_cmpint(record_reader_next(reader, &record, &error), ==, 1);
        const char *at = strrchr(record.origin, '@');
        gsize offset = (gsize)g_ascii_strtoull(at + 1, NULL, 10);
        g_assert_cmpmem(text->str + offset, record.length, record.bytes, record.length);
        g_assert_cmpint(atoi(record.bytes + strlen("<PubmedArticle>")), ==, i);
        g_assert_true(g_str_has_suffix(record.bytes, "</PubmedArticle>"));
    }
    Record none;
    g_assert_cmpint(record_reader_next(reader, &none, &error), ==, 0);
    Sha256 digest, expected;
    g_autofree char *raw = NULL;
    gsize length;
    g_assert_true(record_reader_digest(reader, &digest, &error));
    g_assert_true(g_file_get_contents(path, &raw, &length, NULL));
    expected = sha256(raw, length);
    g_assert_cmpmem(digest.bytes, 32, expected.bytes, 32);
    g_assert_cmpuint(record_reader_raw_position(reader), ==, length);
}

static void test_a_truncated_file_gives_its_whole_records_and_an_error(void)
{
    g_autoptr(GString) text = g_string_new("<Set>");
    for (int i = 0; i < 3000; i++)
        g_string_append_printf(text, "<PubmedArticle>%x</PubmedArticle>", g_str_hash("x") * (guint)(i * 7919));
    const char *members[] = {text->str, NULL};
    g_autofree char *path = write_members("cut.xml.gz", members);
    g_autofree char *raw = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &raw, &length, NULL));
    g_autofree char *cut = write_file("cut2.xml.gz", raw, length * 2 / 3);
    g_autofree char *found = summary(&format_medline, cut);
    g_assert_true(g_str_has_suffix(found, "</PubmedArticle>|ERROR"));
}

static void test_an_element_over_the_cap_is_too_large_and_the_next_is_read(void)
{
    gsize filler = RECORD_LIMIT + 1000;
    g_autoptr(GString) text = g_string_sized_new(filler + 200);
    g_string_append(text, "<PubmedArticle>");
    gsize start = text->len;
    g_string_set_size(text, start + filler);
    memset(text->str + start, 'x', filler);
    g_string_append(text, "</PubmedArticle><PubmedArticle>2</PubmedArticle>");
    const char *members[] = {text->str, NULL};
    g_autofree char *path = write_members("large.xml.gz", members);
    g_autofree char *found = summary(&format_medline, path);
    g_assert_cmpstr(found, ==, "!too-large|<PubmedArticle>2</PubmedArticle>|");
}

static void test_lines_are_records_and_empty_ones_are_not(void)
{
    assert_summary(&format_jsonl, "\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"b\":2}", "{\"a\":1}|{\"b\":2}|");
}

static void test_a_collection_is_cut_and_a_single_article_is_not(void)
{
    assert_summary(&format_jats, "<?xml version=\"1.0\"?><!DOCTYPE x><article><a/></article>",
                   "<?xml version=\"1.0\"?><!DOCTYPE x><article><a/></article>|");
    assert_summary(&format_jats, "<!-- c --><pmc-articleset><article>1</article>\n<article-x/><article>2</article>"
                                 "</pmc-articleset>",
                   "<article>1</article>|<article>2</article>|");
    assert_summary(&format_jats, "<pmc-articleset></pmc-articleset>", "!not-a-document|");
}

static void add_member(struct archive *archive, const char *name, const char *text)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (gint64)strlen(text));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(archive, entry);
    archive_write_data(archive, text, strlen(text));
    archive_entry_free(entry);
}

static void test_only_the_xml_of_a_package_is_a_record(void)
{
    g_autofree char *path = g_build_filename(directory, "package.tar.gz", NULL);
    struct archive *archive = archive_write_new();
    archive_write_add_filter_gzip(archive);
    archive_write_set_format_ustar(archive);
    g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
    add_member(archive, "PMC1/figure.jpg", "jpg");
    add_member(archive, "PMC1/main.nxml", "<article>1</article>");
    add_member(archive, "PMC1/._main.nxml", "resource fork");
    add_member(archive, "PMC2/SET.XML", "<pmc-articleset><article>2</article><article>3</article></pmc-articleset>");
    add_member(archive, "PMC2/license.txt", "text");
    archive_write_free(archive);
    g_autofree char *found = summary(&format_jats, path);
    g_assert_cmpstr(found, ==, "<article>1</article>|<article>2</article>|<article>3</article>|");
}

/* One WARC record with an HTTP response. */
static char *warc_response(const char *url, const char *http)
{
    return g_strdup_printf("WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nContent-Type: application/http; "
                           "msgtype=response\r\nContent-Length: %zu\r\n\r\n%s\r\n\r\n", url, strlen(http), http);
}

#define INFO "WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\nabcd\r\n\r\n"
#define HTTP(head, body) "HTTP/1.1 200 OK\r\n" head "\r\n\r\n" body

static void test_responses_are_records_with_address_and_type(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *robots = warc_response("http://a/robots.txt", HTTP("Content-Type: text/plain", "x"));
    g_autofree char *page = warc_response("<http://a/1>", HTTP("content-type: text/html; charset=x", "<p>1</p>"));
    const char *members[] = {INFO, robots, page, NULL};
    g_autofree char *path = write_members("pages.warc.gz", members);
    g_autoptr(RecordReader) reader = record_reader_open(&format_warc, path, &error);
    g_assert_no_error(error);
    g_auto(Record) record;
    g_assert_cmpint(record_reader_next(reader, &record, &error), ==, 1);
    g_assert_cmpstr(record.bytes, ==, "<p>1</p>");
    g_assert_cmpstr(record.url, ==, "http://a/1");
    g_assert_cmpstr(record.content_type, ==, "text/html; charset=x");
    Record none;
    g_assert_cmpint(record_reader_next(reader, &none, &error), ==, 0);
    g_assert_no_error(error);
}

static void test_chunks_are_joined_unless_they_are_none(void)
{
    g_autofree char *chunked = warc_response("http://a/1", HTTP("Transfer-Encoding: chunked", "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"));
    g_autofree char *plain = warc_response("http://a/2", HTTP("Transfer-Encoding: chunked", "<p>plain</p>"));
    g_autofree char *broken = warc_response("http://a/3", HTTP("Transfer-Encoding: chunked", "3\r\nabc\r\nff\r\nde"));
    g_autofree char *all = g_strconcat(chunked, plain, broken, NULL);
    assert_summary(&format_warc, all, "abcde|<p>plain</p>|!damaged-input|");
}

static void test_a_compressed_body_is_unpacked_within_bounds(void)
{
    static const guint8 gzip_of_hi[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0xc8, 4, 0, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0};
    g_autoptr(GString) warc = g_string_new(NULL);
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    g_string_append_printf(warc, "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/\r\nContent-Length: %zu\r\n\r\n%s",
                           strlen(head) + sizeof gzip_of_hi, head);
    g_string_append_len(warc, (const char *)gzip_of_hi, sizeof gzip_of_hi);
    g_string_append(warc, "\r\n\r\n");
    g_autofree char *path = write_file("packed.warc", warc->str, warc->len);
    g_autofree char *found = summary(&format_warc, path);
    g_assert_cmpstr(found, ==, "hi|");
}

static void test_errors_and_images_are_accounted_for(void)
{
    g_autofree char *missing = warc_response("http://a/1", "HTTP/1.1 404 Not Found\r\n\r\nno");
    g_autofree char *image = warc_response("http://a/2", HTTP("Content-Type: image/png", "png"));
    g_autofree char *nonsense = warc_response("http://a/3", "what is this");
    g_autofree char *all = g_strconcat(missing, image, nonsense, NULL);
    assert_summary(&format_warc, all, "!not-a-document|!not-a-document|!damaged-input|");
}

static void test_a_damaged_member_costs_only_itself(void)
{
    g_autofree char *one = warc_response("http://a/1", HTTP("A: b", "one"));
    g_autofree char *two = warc_response("http://a/2", HTTP("A: b", "two"));
    g_autofree char *three = warc_response("http://a/3", HTTP("A: b", "three"));
    const char *first[] = {one, NULL}, *second[] = {two, NULL}, *third[] = {three, NULL};
    g_autoptr(GString) bytes = g_string_new(NULL);
    const char *const *members[] = {first, second, third};
    for (int i = 0; i < 3; i++) {
        g_autofree char *path = write_members("member", members[i]), *raw = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &raw, &length, NULL));
        if (i == 1)
            raw[length - 6] ^= 0x55; /* its checksum */
        g_string_append_len(bytes, raw, (gssize)length);
    }
    g_autofree char *path = write_file("damaged.warc.gz", bytes->str, bytes->len);
    g_autofree char *found = summary(&format_warc, path);
    g_assert_cmpstr(found, ==, "one|!damaged-input|three|");
    g_autofree char *cut = write_file("cut.warc.gz", bytes->str, bytes->len - 5);
    g_autofree char *cut_found = summary(&format_warc, cut);
    g_assert_cmpstr(cut_found, ==, "one|!damaged-input|!damaged-input|ERROR");
}

static void test_garbage_between_records_is_skipped(void)
{
    g_autofree char *one = warc_response("http://a/1", HTTP("A: b", "one"));
    g_autofree char *two = warc_response("http://a/2", HTTP("A: b", "two"));
    g_autofree char *all = g_strconcat(one, "rubbish\r\nmore\r\n", two, "WARC/1.0\r\nContent-Length: x\r\n\r\n\r\n", one, NULL);
    assert_summary(&format_warc, all, "one|!damaged-input|two|!damaged-input|one|");
    assert_summary(&format_warc, "filedesc://x 0.0.0.0\n", "ERROR");
}

static void test_formats_are_found_by_name(void)
{
    g_assert_true(format_find("jats") == &format_jats);
    g_assert_null(format_find("jat"));
    ParseFailure failure = {0};
    g_autoptr(GString) long_detail = g_string_new("a");
    for (int i = 0; i < 200; i++)
        g_string_append(long_detail, "\xc3\xa9");
    parse_failure_set(&failure, RULE_NO_TEXT, "%s\n\xff", long_detail->str);
    g_assert_true(g_utf8_validate(failure.detail, -1, NULL));
    g_assert_cmpuint(strlen(failure.detail), ==, 255);
}

static void remove_directory(void)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
}

/* One WARC record of the type resource: the page itself, without HTTP. */
#define RESOURCE(uri, type, length, body)                                                                              \
    "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Target-URI: " uri "\r\nContent-Type: " type "\r\nContent-Length: " length      \
    "\r\n\r\n" body "\r\n\r\n"

static void test_resources_are_pages_too(void)
{
    static const char warc[] = INFO RESOURCE("http://a/1", "text/html; charset=utf-8", "8", "<p>1</p>")
        RESOURCE("urn:log", "text/plain", "3", "log") RESOURCE("file:///a b.png", "image/png", "3", "png");
    g_autoptr(GError) error = NULL;
    assert_summary(&format_warc, warc, "<p>1</p>|!not-a-document|");
    g_autofree char *path = write_file("resource.warc", warc, strlen(warc));
    g_autoptr(RecordReader) reader = record_reader_open(&format_warc, path, &error);
    g_auto(Record) record;
    g_assert_cmpint(record_reader_next(reader, &record, &error), ==, 1);
    g_assert_cmpstr(record.url, ==, "http://a/1");
    g_assert_cmpstr(record.content_type, ==, "text/html; charset=utf-8");
}

static void test_a_warc_file_without_pages_is_sound(void)
{
    static const char *const nothing[] = {"", NULL};
    assert_summary(&format_warc, INFO INFO, "");
    assert_summary(&format_warc, "\r\n\r\n", "ERROR");
    g_autofree char *path = write_members("nothing.warc.gz", nothing);
    g_autofree char *found = summary(&format_warc, path);
    g_assert_cmpstr(found, ==, "ERROR");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-records-XXXXXX", NULL);
    g_test_add_func("/elements/are cut wherever they stand", test_elements_are_cut_wherever_they_stand);
    g_test_add_func("/elements/one left open costs only itself", test_an_element_left_open_costs_only_itself);
    g_test_add_func("/elements/a comment without end swallows nothing", test_a_comment_without_end_swallows_nothing);
    g_test_add_func("/elements/places are offsets of the unpacked bytes", test_places_are_offsets_of_the_unpacked_bytes);
    g_test_add_func("/elements/a truncated file gives its whole records and an error",
                    test_a_truncated_file_gives_its_whole_records_and_an_error);
    g_test_add_func("/elements/one over the cap is too large and the next is read",
                    test_an_element_over_the_cap_is_too_large_and_the_next_is_read);
    g_test_add_func("/lines/are records and empty ones are not", test_lines_are_records_and_empty_ones_are_not);
    g_test_add_func("/files/a collection is cut and a single article is not",
                    test_a_collection_is_cut_and_a_single_article_is_not);
    g_test_add_func("/files/only the XML of a package is a record", test_only_the_xml_of_a_package_is_a_record);
    g_test_add_func("/warc/responses are records with address and type", test_responses_are_records_with_address_and_type);
    g_test_add_func("/warc/chunks are joined unless they are none", test_chunks_are_joined_unless_they_are_none);
    g_test_add_func("/warc/a compressed body is unpacked within bounds", test_a_compressed_body_is_unpacked_within_bounds);
    g_test_add_func("/warc/errors and images are accounted for", test_errors_and_images_are_accounted_for);
    g_test_add_func("/warc/a damaged member costs only itself", test_a_damaged_member_costs_only_itself);
    g_test_add_func("/warc/resources are pages too", test_resources_are_pages_too);
    g_test_add_func("/warc/a file without pages is sound", test_a_warc_file_without_pages_is_sound);
    g_test_add_func("/warc/garbage between records is skipped", test_garbage_between_records_is_skipped);
    g_test_add_func("/formats/are found by name", test_formats_are_found_by_name);
    int result = g_test_run();
    remove_directory();
    return result;
}
