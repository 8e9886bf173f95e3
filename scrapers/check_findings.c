/* SPDX-License-Identifier: Apache-2.0
 * Drift, from one measure and the last good one; see check_findings.h. */
#include "scrapers/check_findings.h"

#include <string.h>

static json_int_t number(const json_t *measure, const char *key)
{
    return json_integer_value(json_object_get(measure, key));
}

static void add_finding(json_t *findings, const char *id, const char *selector, const char *format, ...) G_GNUC_PRINTF(4, 5);

static void add_finding(json_t *findings, const char *id, const char *selector, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    json_t *finding = json_object();
    json_object_set_new(finding, "id", json_string(id));
    json_object_set_new(finding, "selector", json_text(selector));
    json_object_set_new(finding, "message", json_text(message));
    json_array_append_new(findings, finding);
}

/* ---- Selectors -------------------------------------------------------------------------------------------------- */

static const json_t *find_selector(const json_t *measure, const json_t *wanted)
{
    gsize index;
    json_t *entry;
    json_array_foreach(json_object_get(measure, "selectors"), index, entry)
        if (g_strcmp0(json_get_string(entry, "setting"), json_get_string(wanted, "setting")) == 0 &&
            g_strcmp0(json_get_string(entry, "selector"), json_get_string(wanted, "selector")) == 0)
            return entry;
    return NULL;
}

/* Of a list some may be for a few pages only: without a measure of before, it misses only when all of it misses. */
static gboolean setting_hits(const json_t *measure, const char *setting)
{
    gsize index;
    json_t *entry;
    json_array_foreach(json_object_get(measure, "selectors"), index, entry)
        if (g_strcmp0(json_get_string(entry, "setting"), setting) == 0 && number(entry, "hits") > 0)
            return TRUE;
    return FALSE;
}

/* What every page must have; the others may be for some pages alone. Chapters are tried on the pages that chapters.pages
 * names, which must have some; where it names none, any page may do without. */
static gboolean setting_is_needed(const SourceFile *file, const char *setting)
{
    if (strcmp(setting, "chapters.links") == 0)
        return file->source.extract.chapters.pages.count > 0;
    return strcmp(setting, "content") == 0 || strcmp(setting, "title") == 0 || strcmp(setting, "date") == 0 ||
           g_str_has_suffix(setting, ".links");
}

static void judge_selector(const SourceFile *file, const json_t *measure, const json_t *entry, const json_t *last, json_t *findings)
{
    const char *setting = json_get_string(entry, "setting"), *selector = json_get_string(entry, "selector");
    json_int_t hits = number(entry, "hits"), pages = number(entry, "pages");
    const json_t *before = find_selector(last, entry);
    json_int_t hits_before = number(before, "hits"), pages_before = number(before, "pages");
    if (pages == 0)
        return;
    if (pages_before > 0 && hits * pages_before * 2 < hits_before * pages)
        add_finding(findings, "selector-missed", selector,
                    "%s: the selector \"%s\" matches %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " pages; at the last good check it "
                    "matched %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT, setting, selector, hits, pages, hits_before, pages_before);
    else if (hits == 0 && pages_before == 0 && setting_is_needed(file, setting) && !setting_hits(measure, setting))
        add_finding(findings, "selector-missed", selector, "%s: the selector \"%s\" matches none of %" JSON_INTEGER_FORMAT " pages", setting,
                    selector, pages);
}

/* ---- Counts ----------------------------------------------------------------------------------------------------- */

static void judge_listing(const SourceFile *file, const json_t *measure, const json_t *last, json_t *findings)
{
    json_int_t listed = number(measure, "listed"), before = number(last, "listed");
    json_int_t expected = (json_int_t)file->expected.documents;
    if (listed == 0)
        add_finding(findings, "no-links", NULL,
                    "%" JSON_INTEGER_FORMAT " pages were read and list no document; do crawl.start, follow and pages still fit the site's addresses?",
                    number(measure, "fetched"));
    else if (last && listed * 2 < before)
        add_finding(findings, "fewer-documents", NULL,
                    "%" JSON_INTEGER_FORMAT " documents are listed; at the last good check there were %" JSON_INTEGER_FORMAT, listed, before);
    else if (json_is_true(json_object_get(measure, "complete")) && listed * 2 < expected)
        add_finding(findings, "fewer-documents", NULL, "the site lists %" JSON_INTEGER_FORMAT " documents; %" JSON_INTEGER_FORMAT " are expected",
                    listed, expected);
}

static void judge_texts(const json_t *measure, const json_t *last, json_t *findings)
{
    json_int_t documents = number(measure, "documents"), failed = number(measure, "failed"), flagged = number(measure, "flagged");
    json_int_t words = number(measure, "words"), before = number(last, "words");
    if (documents == 0)
        return;
    gboolean more_failed = !last || failed * number(last, "documents") > number(last, "failed") * documents;
    if (failed * 2 > documents && more_failed)
        add_finding(findings, "shorter-text", NULL, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " documents give no text", failed, documents);
    else if (last && words * 2 < before)
        add_finding(findings, "shorter-text", NULL,
                    "the median document has %" JSON_INTEGER_FORMAT " words; at the last good check it had %" JSON_INTEGER_FORMAT, words, before);
    if (flagged * 2 > documents && (!last || number(last, "flagged") * documents * 2 < flagged * number(last, "documents")))
        add_finding(findings, "extractors-disagree", NULL,
                    "on %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " pages the file's rules and the generic extractor find very different texts",
                    flagged, documents);
}

json_t *check_findings(const SourceFile *file, const json_t *measure, const json_t *last)
{
    json_t *findings = json_array();
    gsize index;
    json_t *entry;
    json_array_foreach(json_object_get(measure, "selectors"), index, entry)
        judge_selector(file, measure, entry, last, findings);
    judge_listing(file, measure, last, findings);
    judge_texts(measure, last, findings);
    return findings;
}
