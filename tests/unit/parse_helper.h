/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/parse_helper.h - parse a string with a format, as the tests of the formats do over and over. */
#ifndef TESTS_UNIT_PARSE_HELPER_H
#define TESTS_UNIT_PARSE_HELPER_H

#include <string.h>

#include "base/json.h"
#include "scrapers/formats/formats.h"

typedef struct Parsed {
    Document document;
    ParseFailure failure;
    gboolean good;
} Parsed;

static inline Parsed parse_bytes(const Format *format, const char *bytes, gsize length, gboolean tables)
{
    Parsed parsed = {0};
    RecipeSource source = {.tag = (char *)"test", .format = (char *)format->name};
    source.extract.tables = tables;
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    Record record = {.bytes = (char *)bytes, .length = length, .origin = (char *)"file@0"};
    parsed.good = format->parse(&record, options, &parsed.document, &parsed.failure);
    return parsed;
}

static inline Parsed parse(const Format *format, const char *text)
{
    return parse_bytes(format, text, strlen(text), FALSE);
}

static inline void parsed_clear(Parsed *parsed)
{
    document_clear(&parsed->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parsed, parsed_clear)

static inline void assert_text(const Format *format, const char *input, const char *expected)
{
    g_auto(Parsed) parsed = parse(format, input);
    g_assert_cmpstr(parsed.failure.detail, ==, "");
    g_assert_true(parsed.good);
    g_assert_cmpstr(parsed.document.text, ==, expected);
    g_assert_cmpuint(parsed.document.text_length, ==, strlen(expected));
    g_assert_nonnull(parsed.document.id);
    g_assert_nonnull(parsed.document.kind);
}

static inline void assert_failure(const Format *format, const char *input, const char *rule, const char *detail)
{
    g_auto(Parsed) parsed = parse(format, input);
    g_assert_false(parsed.good);
    g_assert_cmpstr(parsed.failure.rule, ==, rule);
    if (!strstr(parsed.failure.detail, detail))
        g_error("'%s' does not contain '%s'", parsed.failure.detail, detail);
    g_assert_nonnull(parsed.document.id);
}

static inline void assert_meta(const Document *document, const char *expected)
{
    g_assert_cmpstr(document->meta, ==, expected);
}

#endif
