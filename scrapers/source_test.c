/* SPDX-License-Identifier: Apache-2.0
 * A page, the source's rules, and what must come of it; see source_test.h. */
#include "scrapers/source_test.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/extract/selector.h"
#include "scrapers/extract/tree.h"
#include "scrapers/fetch/url.h"
#include "scrapers/source_pages.h"

#define QUOTE_LIMIT 120 /* bytes of a text that a fault quotes */

static void add_fault(json_t *faults, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add_fault(json_t *faults, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    json_array_append_new(faults, json_text(text));
}

/* The beginning of a text, for a message; g_free. */
static char *quote(const char *text)
{
    if (strlen(text) <= QUOTE_LIMIT)
        return g_strdup(text);
    g_autofree char *cut = g_strndup(text, QUOTE_LIMIT), *valid = g_utf8_make_valid(cut, -1);
    return g_strconcat(valid, "...", NULL);
}

static gboolean holds(const char *tidy_text, const char *wanted)
{
    g_autofree char *tidy = text_tidy(wanted);
    return !tidy || strstr(tidy_text, tidy) != NULL;
}

/* The chapters that the page names, in their order. */
static void compare_chapters(const SourceTest *test, const Document *document, json_t *faults)
{
    g_autoptr(json_t) meta = json_loads(document->meta ? document->meta : "{}", 0, NULL);
    const json_t *chapters = json_object_get(meta, "chapters");
    gsize named = json_array_size(chapters);
    if (test->chapters.count && named != test->chapters.count)
        add_fault(faults, "the page names %" G_GSIZE_FORMAT " chapters, not %u", named, test->chapters.count);
    for (gsize i = 0; i < MIN(named, test->chapters.count); i++) {
        const char *url = json_get_string(json_array_get(chapters, i), "url");
        g_autofree char *wanted = url_normalise(test->chapters.items[i]);
        if (g_strcmp0(url, wanted) != 0)
            add_fault(faults, "chapter %" G_GSIZE_FORMAT " is %s, not %s", i + 1, url, test->chapters.items[i]);
    }
}

static void compare(const SourceTest *test, const Document *document, json_t *faults)
{
    g_autofree char *text = text_tidy(document->text), *title = text_tidy(document->title), *wanted = text_tidy(test->title);
    if (wanted && g_strcmp0(title, wanted) != 0)
        add_fault(faults, "the title is \"%s\", not \"%s\"", title ? title : "", wanted);
    for (unsigned i = 0; i < test->contains.count; i++)
        if (!holds(text ? text : "", test->contains.items[i]))
            add_fault(faults, "the text lacks \"%s\"", test->contains.items[i]);
    for (unsigned i = 0; i < test->lacks.count; i++)
        if (holds(text ? text : "", test->lacks.items[i]))
            add_fault(faults, "the text holds \"%s\"", test->lacks.items[i]);
    compare_chapters(test, document, faults);
    if (json_array_size(faults) > 0) {
        g_autofree char *beginning = quote(text ? text : "");
        add_fault(faults, "the text begins \"%s\"", beginning);
    }
}

static gboolean run_test(Parser *parser, const SourceTest *test, const Record *page, json_t *faults, GError **error)
{
    ParsedRecord parsed = {0};
    if (!parser_parse(parser, page, 1, &parsed, error))
        return FALSE;
    if (parsed.failure.rule)
        add_fault(faults, "the page gives no document: %s (%s)", parsed.failure.detail, parsed.failure.rule);
    else
        compare(test, &parsed.document, faults);
    parsed_record_clear(&parsed);
    return TRUE;
}

static gboolean add_warning(const char *setting, const char *selector, gpointer user)
{
    g_autofree char *lint = selector_lint(selector);
    if (lint)
        add_fault(user, "%s: %s", setting, lint);
    return TRUE;
}

/* The pages of the WARC file that tests name; NULL without error: pages are in a folder. */
static GPtrArray *captured_for(const SourceFile *file, const char *warc, GError **error)
{
    if (!warc)
        return NULL;
    g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < file->tests_count; i++) {
        char *url = url_normalise(file->tests[i].page);
        if (url)
            g_hash_table_add(wanted, url);
    }
    return captured_pages_read(warc, wanted, error);
}

static const Record *find_captured(const GPtrArray *captured, const char *page)
{
    g_autofree char *url = url_normalise(page);
    for (guint i = 0; i < captured->len; i++)
        if (g_strcmp0(((const Record *)captured->pdata[i])->url, url) == 0)
            return captured->pdata[i];
    return NULL;
}

/* Runs the test on its page, from wherever that comes. */
static gboolean find_and_run(Parser *parser, const SourceTest *test, const char *folder, const GPtrArray *captured, json_t *faults,
                             GError **error)
{
    g_auto(Record) saved = {0};
    g_autoptr(GError) missing = NULL;
    const Record *page = NULL;
    if (captured)
        page = find_captured(captured, test->page);
    else if (saved_page_read(folder, test->page, &saved, &missing))
        page = &saved;
    if (page)
        return run_test(parser, test, page, faults, error);
    add_fault(faults, "%s", missing ? missing->message : "the store's captures do not hold this page");
    return TRUE;
}

json_t *source_test_run(const SourceFile *file, const char *folder, const char *warc, const char *program, GError **error)
{
    g_auto(PageParser) parser = {0};
    GError *failure = NULL;
    g_autoptr(GPtrArray) captured = selectors_check(&file->source, &failure) ? captured_for(file, warc, &failure) : NULL;
    if (failure || !page_parser_open(&parser, &file->source, program, FALSE, &failure)) {
        g_propagate_error(error, failure);
        return NULL;
    }
    json_t *tests = json_array(), *warnings = json_array();
    json_int_t failed = 0;
    selectors_each(&file->source, add_warning, warnings);
    for (unsigned i = 0; i < file->tests_count && !failure; i++) {
        json_t *faults = json_array();
        find_and_run(parser.parser, &file->tests[i], folder, captured, faults, &failure);
        gboolean passed = json_array_size(faults) == 0;
        failed += !passed;
        json_array_append_new(tests, json_pack("{s:s, s:b, s:o}", "page", file->tests[i].page, "passed", passed, "faults", faults));
    }
    json_t *result = json_pack("{s:s, s:I, s:I, s:o, s:o}", "tag", file->source.tag, "passed", (json_int_t)file->tests_count - failed,
                               "failed", failed, "tests", tests, "warnings", warnings);
    if (!failure)
        return result;
    json_decref(result);
    g_propagate_error(error, failure);
    return NULL;
}
