/* SPDX-License-Identifier: Apache-2.0
 * The format `html`: saved pages, handed to scrapers/extract. */
#include "scrapers/extract/html.h"

#include "scrapers/formats/formats.h"

static const char *const html_suffixes[] = {".html", ".htm", ".xhtml", NULL};

gboolean html_parse(const Record *record, const ParseOptions *options, Document *document,
                    ParseFailure *failure)
{
    document->id = g_strdup(record->url ? record->url : record->origin);
    document->url = g_strdup(record->url);
    document->kind = g_strdup("page");
    if (!html_extract(record->bytes, record->length, record->content_type, record->url, options, document, failure))
        return FALSE;
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    return TRUE;
}

const Format format_html = {
    .name = "html",
    .summary = "saved HTML pages, one a file, also inside tar and zip archives",
    .split = SPLIT_FILE,
    .suffixes = html_suffixes,
    .sandboxed = TRUE,
    .web = TRUE,
    .parse = html_parse,
};
