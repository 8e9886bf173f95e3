/* SPDX-License-Identifier: Apache-2.0
 * base/stream.h: compression by content, damaged files, members, lines. */
#include "base/stream.h"

#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

static char *directory;

static char *write_gzip(const char *name, const char *text, gsize length)
{
    char *path = g_build_filename(directory, name, NULL);
    gzFile file = gzopen(path, "wb");
    gzwrite(file, text, (unsigned)length);
    gzclose(file);
    return path;
}

static char *read_whole(InputStream *stream, gsize *length, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char chunk[777];
    gssize got;
    while ((got = input_stream_read(stream, chunk, sizeof chunk, error)) > 0)
        g_string_append_len(text, chunk, got);
    if (got < 0)
        return NULL;
    *length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_gzip_is_recognised_by_content(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = write_gzip("plain-name.txt", "hello\nworld\n", 12);
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, &error);
    g_assert_no_error(error);
    gsize length;
    g_autofree char *text = read_whole(stream, &length, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "hello\nworld\n");

    Sha256 digest, expected;
    g_autofree char *raw = NULL;
    gsize raw_length;
    g_assert_true(input_stream_digest(stream, &digest, &error));
    g_assert_true(g_file_get_contents(path, &raw, &raw_length, NULL));
    expected = sha256(raw, raw_length);
    g_assert_cmpmem(digest.bytes, 32, expected.bytes, 32);
}

static void test_a_truncated_gzip_gives_all_before_the_cut_then_an_error_that_names_the_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_malloc(100000);
    for (gsize i = 0; i < 100000; i++)
        text[i] = (char)(hash64(&i, sizeof i, 0) & 0x7f);
    g_autofree char *path = write_gzip("cut.gz", text, 100000);
    g_autofree char *raw = NULL;
    gsize raw_length;
    g_assert_true(g_file_get_contents(path, &raw, &raw_length, NULL));
    g_assert_true(g_file_set_contents(path, raw, (gssize)raw_length / 2, NULL));
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, &error);
    g_assert_no_error(error);
    char chunk[1000];
    gsize unpacked = 0;
    gssize got;
    while ((got = input_stream_read(stream, chunk, sizeof chunk, &error)) > 0) {
        g_assert_cmpmem(chunk, got, text + unpacked, got);
        unpacked += (gsize)got;
    }
    g_assert_cmpint(got, ==, -1);
    g_assert_cmpuint(unpacked, >, 40000);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "cut.gz"));
    g_assert_nonnull(strstr(error->message, "byte"));
}

static void test_a_line_over_the_cap_is_consumed_and_marked(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "lines", NULL);
    g_autoptr(GString) text = g_string_new("first\r\n");
    for (int i = 0; i < 3000000; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "\n\nlast");
    g_assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, &error);
    g_autoptr(LineReader) reader = line_reader_new(stream, 1000);
    Line line;
    g_assert_cmpint(line_reader_next(reader, &line, &error), ==, 1);
    g_assert_cmpmem(line.data, line.length, "first", 5);
    g_assert_cmpint(line_reader_next(reader, &line, &error), ==, 1);
    g_assert_true(line.too_long);
    g_assert_cmpuint(line.full_length, ==, 3000000);
    g_assert_cmpuint(line.length, ==, 1000);
    g_assert_cmpuint(line.offset, ==, 7);
    g_assert_cmpint(line_reader_next(reader, &line, &error), ==, 1);
    g_assert_cmpuint(line.length, ==, 0);
    g_assert_cmpint(line_reader_next(reader, &line, &error), ==, 1);
    g_assert_cmpmem(line.data, line.length, "last", 4);
    g_assert_cmpuint(line.offset, ==, 3000009);
    g_assert_cmpuint(line.number, ==, 4);
    g_assert_cmpint(line_reader_next(reader, &line, &error), ==, 0);
    g_assert_no_error(error);
}

static char *write_zstd(const char *name, const char *text, gsize length)
{
    char *path = g_build_filename(directory, name, NULL);
    g_autofree char *packed = g_malloc(ZSTD_compressBound(length));
    gsize size = ZSTD_compress(packed, ZSTD_compressBound(length), text, length, 3);
    g_assert_true(g_file_set_contents(path, packed, (gssize)size, NULL));
    return path;
}

static void test_whole_packed_files_of_any_size_end_without_an_error(void)
{
    g_autofree char *text = g_malloc(900000);
    for (gsize i = 0; i < 900000; i++)
        text[i] = (char)('a' + hash64(&i, sizeof i, 0) % 3);
    static const gsize sizes[] = {0, 1, 777, 27272, 131072, 900000};
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        gsize size = sizes[i / 2], length = 0;
        g_autofree char *path = i % 2 ? write_gzip("whole.gz", text, size) : write_zstd("whole.zst", text, size);
        g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, &error);
        g_assert_no_error(error);
        g_autofree char *got = read_whole(stream, &length, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(got, length, text, size);
    }
}

/* The frame's first block is good and the next one is not: zstd gives the good bytes and the fault in one answer. */
static void test_a_damaged_zstd_file_gives_what_came_before_then_an_error_for_good(void)
{
    static const guint8 bytes[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2f, 0xfd,
                                   0x80, 0xff, 0xff, 0xf8, 0x00, 0x58, 0x58, 0x58, 0x58, 0x58, 0x8b, 0x10, 0x00, 0x00, 0x27,
                                   0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x23, 0x00, 0x00, 0x58, 0x28, 0xb5, 0x2f, 0xfd};
    g_autofree char *path = g_build_filename(directory, "damaged.zst", NULL);
    g_assert_true(g_file_set_contents(path, (const char *)bytes, sizeof bytes, NULL));
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, NULL);
    g_autoptr(GError) error = NULL;
    char chunk[777];
    gssize got;
    gsize total = 0;
    while ((got = input_stream_read(stream, chunk, sizeof chunk, &error)) > 0 && total < 100000)
        total += (gsize)got;
    g_assert_cmpint(got, ==, -1);
    g_assert_cmpuint(total, ==, 545);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_true(strstr(error->message, "damaged after byte 545"));
    g_assert_cmpint(input_stream_read(stream, chunk, sizeof chunk, NULL), ==, -1);
}

static void test_an_empty_file_has_no_bytes_and_no_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "empty", NULL);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_autoptr(InputStream) stream = input_stream_open(path, INPUT_STREAM_PLAIN, &error);
    g_assert_no_error(error);
    char byte;
    g_assert_cmpint(input_stream_read(stream, &byte, 1, &error), ==, 0);
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-stream-XXXXXX", NULL);
    g_test_add_func("/stream/gzip is recognised by content", test_gzip_is_recognised_by_content);
    g_test_add_func("/stream/a truncated gzip gives all before the cut, then an error that names the file",
                    test_a_truncated_gzip_gives_all_before_the_cut_then_an_error_that_names_the_file);
    g_test_add_func("/stream/a damaged zstd file gives what came before, then an error for good",
                    test_a_damaged_zstd_file_gives_what_came_before_then_an_error_for_good);
    g_test_add_func("/stream/a line over the cap is consumed and marked", test_a_line_over_the_cap_is_consumed_and_marked);
    g_test_add_func("/stream/an empty file has no bytes and no error", test_an_empty_file_has_no_bytes_and_no_error);
    g_test_add_func("/stream/whole packed files of any size end without an error", test_whole_packed_files_of_any_size_end_without_an_error);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
