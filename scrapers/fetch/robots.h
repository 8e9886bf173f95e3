/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/robots.h - robots.txt as RFC 9309 has it.
 *
 * robots_parse keeps the rules of every group that names `product` (any case), or, when none does, of the groups for
 * "*". robots_allows takes the path and query of a normalised URL: the rule with the longest pattern decides, `allow`
 * wins ties, no rule means allowed, and /robots.txt itself is always allowed. "*" stands for any bytes, "$" at the end
 * anchors, escapes are compared after url.h's normalisation. Crawl-delay and Sitemap, which the RFC leaves out, are read too.
 * Parsing never fails: lines that make no sense are skipped. Time is linear in the file, and for each question in the
 * rules kept plus the URL's length for each rule with a "*".
 */
#ifndef SCRAPERS_FETCH_ROBOTS_H
#define SCRAPERS_FETCH_ROBOTS_H

#include <glib.h>

/* The RFC asks for 500 KiB at least; what is longer is cut at a line. */
#define ROBOTS_MAX_BYTES (512 * 1024)
#define ROBOTS_SITEMAPS_MAX 100

typedef struct Robots Robots;

/* `cut`: the file was longer than `length`; its last line is then not whole and is ignored. */
Robots *robots_parse(const char *text, gsize length, gboolean cut, const char *product);
gboolean robots_allows(const Robots *robots, const char *target);
double robots_delay(const Robots *robots); /* seconds; 0 when not given */
/* The values of Sitemap lines, as written, at most ROBOTS_SITEMAPS_MAX. */
const GPtrArray *robots_sitemaps(const Robots *robots);
void robots_free(Robots *robots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Robots, robots_free)

#endif
