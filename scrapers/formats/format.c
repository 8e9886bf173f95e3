/* SPDX-License-Identifier: Apache-2.0
 * The table of input formats and the small life cycles that all of them share; see format.h. */
#include "scrapers/formats/format.h"

#include <stdarg.h>
#include <string.h>

#include "scrapers/extract/selector.h"
#include "scrapers/formats/formats.h"

const Format *const format_table[] = {
    &format_medline, &format_jats, &format_s2orc, &format_jsonl, &format_html, &format_pdf, &format_warc, NULL,
};

const Format *format_find(const char *name)
{
    for (const Format *const *format = format_table; *format; format++)
        if (strcmp((*format)->name, name) == 0)
            return *format;
    return NULL;
}

void record_clear(Record *record)
{
    g_free(record->bytes);
    g_free(record->origin);
    g_free(record->url);
    g_free(record->content_type);
    g_free(record->redirect);
    g_free(record->detail);
    *record = (Record){0};
}

static char **copy_strings(const RecipeStrings *strings)
{
    if (strings->count == 0)
        return NULL;
    char **copy = g_new0(char *, strings->count + 1);
    for (unsigned i = 0; i < strings->count; i++)
        copy[i] = g_strdup(strings->items[i]);
    return copy;
}

/* One that cannot be used was refused before (selectors_check); it matches nothing. */
static char *copy_selector(const char *selector)
{
    char *xpath = selector ? selector_to_xpath(selector, NULL) : NULL;
    return xpath ? xpath : g_strdup(selector);
}

static char **copy_selectors(const RecipeStrings *strings)
{
    char **copy = g_new0(char *, strings->count + 1);
    for (unsigned i = 0; i < strings->count; i++)
        copy[i] = copy_selector(strings->items[i]);
    return copy;
}

/* What the crawl never follows is no chapter either. */
static char **chapter_skip(const RecipeSource *source)
{
    const RecipeStrings none = {NULL, 0};
    const RecipeStrings *own = &source->extract.chapters.skip, *crawl = source->crawl ? &source->crawl->skip : &none;
    char **skip = g_new0(char *, own->count + crawl->count + 1);
    for (unsigned i = 0; i < own->count + crawl->count; i++)
        skip[i] = g_strdup(i < own->count ? own->items[i] : crawl->items[i - own->count]);
    return skip;
}

ParseOptions *parse_options_new(const RecipeSource *source)
{
    ParseOptions *options = g_new0(ParseOptions, 1);
    options->source = g_strdup(source->tag);
    options->format = g_strdup(source->format);
    options->licence = g_strdup(source->licence);
    options->text_field = g_strdup(source->text_field ? source->text_field : "text");
    options->id_field = g_strdup(source->id_field ? source->id_field : "id");
    options->compat = g_strdup(source->compat);
    options->content = copy_selectors(&source->extract.content);
    options->remove = copy_selectors(&source->extract.remove);
    options->title = copy_selector(source->extract.title);
    options->date = copy_selector(source->extract.date);
    options->start_at = copy_strings(&source->extract.start_at);
    options->stop_at = copy_strings(&source->extract.stop_at);
    options->tables = source->extract.tables;
    options->abstracts = copy_strings(&source->abstracts);
    options->labels_in_line = source->labels_in_line;
    if (source->extract.chapters.links.count) {
        options->chapters = copy_selectors(&source->extract.chapters.links);
        options->chapter_pages = copy_strings(&source->extract.chapters.pages);
        options->chapter_skip = chapter_skip(source);
    }
    return options;
}

void parse_options_free(ParseOptions *options)
{
    if (!options)
        return;
    g_free(options->source);
    g_free(options->format);
    g_free(options->licence);
    g_free(options->text_field);
    g_free(options->id_field);
    g_free(options->compat);
    g_strfreev(options->content);
    g_strfreev(options->remove);
    g_strfreev(options->start_at);
    g_strfreev(options->stop_at);
    g_strfreev(options->abstracts);
    g_strfreev(options->chapters);
    g_strfreev(options->chapter_pages);
    g_strfreev(options->chapter_skip);
    g_free(options->date);
    g_free(options->title);
    g_free(options);
}

/* Bytes of `text` up to `limit` that do not cut a character in two. */
static gsize utf8_prefix(const char *text, gsize limit)
{
    while (limit > 0 && ((guchar)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

void parse_failure_set(ParseFailure *failure, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *raw = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *detail = g_utf8_make_valid(raw, -1);
    g_strdelimit(detail, "\r\n\t", ' ');
    gsize length = strlen(detail);
    if (length >= sizeof failure->detail)
        length = utf8_prefix(detail, sizeof failure->detail - 1);
    failure->rule = rule;
    memcpy(failure->detail, detail, length);
    failure->detail[length] = '\0';
}
