/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/guard.h - is this page fit to be parsed?
 *
 * Gumbo follows the HTML standard's tree construction literally: its time is the number of tags times the depth of
 * open elements, and more where formatting elements are left open, misnested, or text stands loose in tables.
 * guard_check reads the tags once, in linear time, follows the open elements as the parser will, and refuses a page
 * whose depth or estimated work passes fixed counts. The memory of the parser is capped by tree.c.
 */
#ifndef SCRAPERS_EXTRACT_GUARD_H
#define SCRAPERS_EXTRACT_GUARD_H

#include "scrapers/formats/format.h"

#define GUARD_BYTES ((gsize)12 << 20) /* of one page */
#define GUARD_DEPTH 512u              /* open elements */
#define GUARD_FORMATTING 256u         /* open <b>, <font> ... */
#define GUARD_ATTRIBUTES 256u         /* of one tag */
#define GUARD_WORK ((guint64)20000000)

gboolean guard_check(const char *html, gsize length, ParseFailure *failure);

#endif
