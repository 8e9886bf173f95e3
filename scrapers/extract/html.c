/* SPDX-License-Identifier: Apache-2.0
 * One HTML page to a document; see html.h. */
#include "scrapers/extract/html.h"

#include <string.h>

#include "scrapers/extract/chapter_links.h"
#include "scrapers/extract/charset.h"
#include "scrapers/extract/compare.h"
#include "scrapers/extract/content.h"
#include "scrapers/extract/date.h"
#include "scrapers/extract/guard.h"
#include "scrapers/extract/noise.h"
#include "scrapers/extract/page_facts.h"
#include "scrapers/extract/probe.h"
#include "store/sections.h"
#include "scrapers/extract/serialise.h"

#define LEAST_WORDS 25u
#define SNIFF_BYTES 4096

static gboolean starts_with(const char *text, gsize length, const char *prefix)
{
    return length >= strlen(prefix) && g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static gboolean is_binary(const char *bytes, gsize length)
{
    static const char *const magics[] = {"%PDF-", "\x89PNG", "GIF8", "\xff\xd8\xff", "PK\x03\x04", "\x1f\x8b", "{\\rtf",
                                         "\xd0\xcf\x11\xe0"};
    for (gsize i = 0; i < G_N_ELEMENTS(magics); i++)
        if (length >= strlen(magics[i]) && memcmp(bytes, magics[i], strlen(magics[i])) == 0)
            return TRUE;
    gsize controls = 0, window = MIN(length, SNIFF_BYTES);
    gboolean wide = length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
    for (gsize i = 0; i < window && !wide; i++)
        controls += (guchar)bytes[i] < ' ' && !strchr("\t\n\f\r\x1b", bytes[i] ? bytes[i] : 1);
    return controls * 20 > window;
}

static gboolean has_html_tag(const char *text, gsize length)
{
    gsize window = MIN(length, SNIFF_BYTES);
    for (const char *at = text; (at = memchr(at, '<', window - (gsize)(at - text))) != NULL; at++)
        if (starts_with(at, window - (gsize)(at - text), "<html") ||
            starts_with(at, window - (gsize)(at - text), "<!doctype html"))
            return TRUE;
    return FALSE;
}

/* What the bytes are if they are no page, or NULL. Pages are served with wrong types, so bytes count more. */
static const char *other_kind(const char *text, gsize length)
{
    while (length && g_ascii_isspace(*text)) {
        text++;
        length--;
    }
    if (has_html_tag(text, length))
        return NULL;
    if (starts_with(text, length, "<?xml") || starts_with(text, length, "<rss") || starts_with(text, length, "<feed"))
        return "XML that is no XHTML";
    if (length && (*text == '{' || *text == '[') && memchr(text, '"', MIN(length, 64)))
        return "JSON";
    return NULL;
}

/* Text of a page that only a script would show: the article in its JSON-LD, paragraph by paragraph. */
static void use_linked_text(json_t *linked_data, Buffer *text)
{
    gsize index;
    json_t *object;
    json_array_foreach(linked_data, index, object) {
        const char *body = json_get_string(object, "articleBody");
        if (!body || text_words(body) < LEAST_WORDS)
            continue;
        buffer_reset(text);
        g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
        for (char **line = lines; *line; line++) {
            g_autofree char *tidy = text_tidy(*line);
            if (!tidy)
                continue;
            buffer_append_string(text, text->length ? "\n\n" : "");
            buffer_append_string(text, tidy);
        }
        return;
    }
}

static void use_date_rule(Page *page, const char *rule, Document *document)
{
    g_autofree char *text = content_text_by_rule(page, rule);
    char *date = date_find(text);
    if (!date) {
        document_set_meta(document, "date_rule", json_string("missed"));
        return;
    }
    g_free(document->date);
    document->date = date;
}

/* Notes the chapters that the page names and, where it calls itself by another address, where it was captured: by that
 * address the pages of a document know one another. */
static gboolean note_chapters(Page *page, const char *url, const ParseOptions *options, Document *document)
{
    if (!options->chapters || !options->chapters[0])
        return FALSE;
    json_t *chapters = chapter_links_find(page, url, document->url, options);
    if (url && g_strcmp0(url, document->url) != 0)
        document_set_meta(document, "captured", json_text(url));
    if (chapters)
        document_set_meta(document, "chapters", chapters);
    return chapters != NULL;
}

/* A page that names chapters may have no text of its own, as a table of contents. */
static gboolean extract_text(Page *page, json_t *linked_data, const ParseOptions *options, gboolean has_chapters, Document *document,
                             ParseFailure *failure)
{
    g_auto(Selection) selection = {0};
    g_auto(Buffer) text;
    buffer_init(&text, DOCUMENT_TEXT_LIMIT);
    noise_mark(page);
    content_remove(page, options->remove);
    if (!options->content || !options->content[0]) {
        content_by_density(page, &selection);
    } else if (!content_by_rule(page, options->content, &selection)) {
        content_by_density(page, &selection);
        document_set_meta(document, "content_rule", json_string("missed"));
    }
    serialise(&selection, document->title, options->tables, &text);
    if (!text.overflowed && text_words(text.data ? text.data : "") < LEAST_WORDS)
        use_linked_text(linked_data, &text);
    if (options->start_at && !sections_start(&text, options->start_at))
        document_set_meta(document, "start_rule", json_string("missed"));
    if (options->stop_at)
        sections_stop(&text, options->stop_at);
    guint words = text.data ? text_words(text.data) : 0;
    if (text.overflowed) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the text passes %" G_GSIZE_FORMAT " bytes", DOCUMENT_TEXT_LIMIT);
        return FALSE;
    }
    if (words < LEAST_WORDS && !has_chapters) {
        parse_failure_set(failure, RULE_NO_TEXT, "the main content has %u words, less than %u", words, LEAST_WORDS);
        return FALSE;
    }
    document->text = buffer_steal(&text, &document->text_length);
    if (options->content && options->content[0])
        extractors_compare(page, options, document);
    return TRUE;
}

static void set_string(char **field, const char *value)
{
    char *copy = g_strdup(value);
    g_free(*field);
    *field = copy;
}

gboolean html_extract(const char *bytes, gsize length, const char *content_type, const char *url,
                      const ParseOptions *options, Document *document, ParseFailure *failure)
{
    set_string(&document->kind, "page");
    if (url)
        set_string(&document->id, url);
    if (is_binary(bytes, length)) {
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "the bytes are no text");
        return FALSE;
    }
    gsize html_length = 0;
    g_autofree char *html = charset_decode(bytes, length, content_type, GUARD_BYTES, &html_length);
    if (!html) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the page passes %" G_GSIZE_FORMAT " bytes", GUARD_BYTES);
        return FALSE;
    }
    const char *other = other_kind(html, html_length);
    if (other) {
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "the page is %s", other);
        return FALSE;
    }
    if (!guard_check(html, html_length, failure))
        return FALSE;
    g_autoptr(Page) page = page_parse(html, html_length, failure);
    if (!page)
        return FALSE;
    g_autoptr(json_t) linked_data = page_linked_data(page);
    page_facts_fill(page, linked_data, url, options->title, document);
    if (options->date)
        use_date_rule(page, options->date, document);
    if (document->url)
        set_string(&document->id, document->url);
    gboolean has_chapters = note_chapters(page, url, options, document);
    gboolean good = extract_text(page, linked_data, options, has_chapters, document, failure);
    if (options->probe)
        probe_page(html, html_length, url ? url : document->url, options, document);
    return good;
}
