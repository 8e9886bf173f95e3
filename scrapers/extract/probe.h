/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/probe.h - what a source's selectors find on a page, and which selectors would do: for the bench.
 *
 * Runs where pages are parsed, in the sandbox, when ParseOptions.probe is set; its answer travels in document->meta as
 * "probe": {"content": [matches of each selector], "remove": [...], "title": matches, "date": matches (-1: no selector),
 * "start_at": [...], "stop_at": [...] (1: some heading matches), "chapters": [matches; null on pages without], "generic": {"words", "headings"},
 * "suggest": {"content": CSS selector of what the generic extractor takes, "title": CSS selector,
 * "chapters": CSS selector of what holds links to pages below this one; each or null}}.
 */
#ifndef SCRAPERS_EXTRACT_PROBE_H
#define SCRAPERS_EXTRACT_PROBE_H

#include "scrapers/extract/tree.h"

/* `html`: the page as UTF-8, fit to be parsed (guard.h); it is parsed again, into a tree of the probe's own. `url`: where
 * it is from, or NULL. */
void probe_page(const char *html, gsize length, const char *url, const ParseOptions *options, Document *document);

#endif
