/* SPDX-License-Identifier: Apache-2.0
 * tests/fuzz/fuzz_parse.h - one input through a format's parser, and what must hold of any outcome. */
#ifndef TESTS_FUZZ_FUZZ_PARSE_H
#define TESTS_FUZZ_FUZZ_PARSE_H

#include <string.h>

#include "base/json.h"
#include "scrapers/formats/formats.h"

static inline int fuzz_parse_as(const Format *format, const char *compat, const void *data, gsize size)
{
    g_autofree char *bytes = g_malloc(size + 1);
    if (size)
        memcpy(bytes, data, size);
    bytes[size] = '\0';
    RecipeSource source = {.tag = (char *)"fuzz", .format = (char *)format->name, .compat = (char *)compat};
    source.extract.tables = size % 2;
    g_autoptr(ParseOptions) options = parse_options_new(&source);
    g_auto(Document) document = {0};
    ParseFailure failure = {0};
    Record record = {.bytes = bytes, .length = size, .origin = (char *)"fuzz@0"};
    gboolean good = format->parse(&record, options, &document, &failure);
    g_assert_true(document.id && g_utf8_validate(document.id, -1, NULL));
    g_assert_true(good == (failure.rule == NULL));
    if (good) {
        g_assert_nonnull(document.kind);
        g_assert_true(g_utf8_validate(document.text, (gssize)document.text_length, NULL));
        g_assert_cmpuint(document.text_length, >, 0);
        if (document.meta) {
            g_autoptr(json_t) meta = json_loads(document.meta, 0, NULL);
            g_assert_true(json_is_object(meta));
        }
    } else {
        g_assert_true(g_utf8_validate(failure.detail, -1, NULL));
    }
    return 0;
}

static inline int fuzz_parse(const Format *format, const void *data, gsize size)
{
    return fuzz_parse_as(format, NULL, data, size);
}

#endif
