/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/list_template.h - URLs made of a value, as a recipe's `link` and `next_link` describe them.
 *
 * "{}" stands for the value, which is percent-encoded (everything but RFC 3986's unreserved characters). In a
 * `next_link` without `next` the value is a running number: "{}" counts in ones, "{+20}" in twenties, as offsets do.
 */
#ifndef SCRAPERS_FETCH_LIST_TEMPLATE_H
#define SCRAPERS_FETCH_LIST_TEMPLATE_H

#include <glib.h>

/* Whether the text has one placeholder. `counts`: "{+20}" is allowed as well. */
gboolean list_template_is_good(const char *template, gboolean counts);
/* The text with the value in its place. `title`: a MediaWiki title, where a blank is "_", and "/" and ":" stay. g_free. */
char *list_template_fill(const char *template, const char *value, gboolean title);
/* The URL that follows `url` in counting: its own number plus the step; "2" (or the step) when `url` holds none. The
 * result is normalised; NULL when it is no URL. g_free. */
char *list_template_count(const char *template, const char *url);

#endif
