/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/charset.h: which encoding a page has, and its bytes as UTF-8. */
#include "scrapers/extract/charset.h"

#include <string.h>

static void assert_sniff(const char *bytes, const char *content_type, const char *expected)
{
    g_assert_cmpstr(charset_sniff(bytes, strlen(bytes), content_type), ==, expected);
}

static void assert_decode(const char *bytes, gsize length, const char *content_type, const char *expected)
{
    gsize decoded_length;
    g_autofree char *text = charset_decode(bytes, length, content_type, 1000, &decoded_length);
    g_assert_nonnull(text);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(decoded_length, ==, strlen(expected));
    g_assert_true(g_utf8_validate(text, (gssize)decoded_length, NULL));
}

static void test_labels_are_those_of_the_encoding_standard(void)
{
    g_assert_cmpstr(charset_from_label("latin1", 6), ==, "windows-1252");
    g_assert_cmpstr(charset_from_label(" ISO-8859-1 ", 12), ==, "windows-1252");
    g_assert_cmpstr(charset_from_label("GB2312", 6), ==, "gb18030");
    g_assert_cmpstr(charset_from_label("x-sjis", 6), ==, "Shift_JIS");
    g_assert_null(charset_from_label("utf", 3));
    g_assert_null(charset_from_label("utf-8 utf8", 10));
    g_assert_null(charset_from_label("", 0));
}

static void test_a_byte_order_mark_wins_over_everything(void)
{
    assert_sniff("\xef\xbb\xbf<meta charset=gbk>", "text/html; charset=big5", "UTF-8");
    assert_decode("\xff\xfe" "a\0\xe9\0", 6, "text/html; charset=utf-8", "aé");
    assert_decode("\xef\xbb\xbf" "a", 4, NULL, "a");
}

static void test_the_server_wins_over_the_page(void)
{
    assert_sniff("<meta charset=gbk>", "text/html; charset=\"koi8-r\"", "KOI8-R");
    assert_sniff("<meta charset=gbk>", "text/html; CharSet = big5", "Big5");
    assert_sniff("<meta charset=gbk>", "text/html; charset=nonsense", "gb18030");
}

static void test_a_meta_element_is_found_where_the_standard_finds_it(void)
{
    assert_sniff("<meta charset=iso8859-2>", NULL, "ISO-8859-2");
    assert_sniff("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso8859-2\">", NULL, "ISO-8859-2");
    assert_sniff("<meta content=\"text/html; charset=iso8859-2\">", NULL, "windows-1252");
    assert_sniff("<!-- <meta charset=iso8859-2> --><meta charset=gbk>", NULL, "gb18030");
    assert_sniff("<a title=\"<meta charset=iso8859-2>\">", NULL, "windows-1252");
    assert_sniff("<metacharset=iso8859-2>", NULL, "windows-1252");
    assert_sniff("<meta charset=utf-16>", NULL, "UTF-8");
    g_autofree char *late = g_strnfill(33000, ' ');
    g_autofree char *page = g_strconcat(late, "<meta charset=gbk>", NULL);
    assert_sniff(page, NULL, "windows-1252");
}

static void test_bytes_overrule_labels_that_can_not_be_true(void)
{
    assert_sniff("<meta charset=iso-8859-1>caf\xc3\xa9", NULL, "UTF-8");
    assert_sniff("<meta charset=utf-8>caf\xe9 noir", NULL, "windows-1252");
    assert_sniff("caf\xc3\xa9", NULL, "UTF-8");
    assert_sniff("caf\xe9 noir", NULL, "windows-1252");
    assert_sniff("<meta charset=utf-8>caf\xc3\xa9 \xe9", NULL, "UTF-8");
}

static void test_every_byte_becomes_valid_text(void)
{
    assert_decode("caf\xe9 \x93q\x94", 8, NULL, "café “q”");
    assert_decode("<meta charset=utf-8>\xc3\xa9\xff!", 24, NULL, "<meta charset=utf-8>é\xef\xbf\xbd!");
    assert_decode("a\0b", 3, NULL, "a b");
    assert_decode("\xd6\xd0\xce\xc4", 4, "text/html;charset=gb2312", "中文");
    assert_decode("\x93\xfa\x96\x7b", 4, "text/html;charset=Shift_JIS", "日本");
    assert_decode("", 0, NULL, "");
}

static void test_the_limit_holds_for_the_decoded_bytes(void)
{
    gsize length;
    g_assert_null(charset_decode("\xe9\xe9\xe9", 3, NULL, 5, &length));
    g_autofree char *text = charset_decode("\xe9\xe9\xe9", 3, NULL, 6, &length);
    g_assert_cmpstr(text, ==, "ééé");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/labels are those of the encoding standard", test_labels_are_those_of_the_encoding_standard);
    g_test_add_func("/charset/a byte order mark wins over everything", test_a_byte_order_mark_wins_over_everything);
    g_test_add_func("/charset/the server wins over the page", test_the_server_wins_over_the_page);
    g_test_add_func("/charset/a meta element is found where the standard finds it",
                    test_a_meta_element_is_found_where_the_standard_finds_it);
    g_test_add_func("/charset/bytes overrule labels that can not be true", test_bytes_overrule_labels_that_can_not_be_true);
    g_test_add_func("/charset/every byte becomes valid text", test_every_byte_becomes_valid_text);
    g_test_add_func("/charset/the limit holds for the decoded bytes", test_the_limit_holds_for_the_decoded_bytes);
    return g_test_run();
}
