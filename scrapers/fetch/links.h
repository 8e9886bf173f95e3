/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/links.h - the links of an HTML page, in page order.
 *
 * Links are the href of a and area, the src of frame and iframe, link rel=next, prev or canonical, and the target of
 * meta refresh, resolved against base href and normalised (url.h); what is no http(s) URL is left out. Links marked
 * rel=nofollow are left out, and a page whose meta robots says nofollow (or none) has no links. At most LINKS_MAX are
 * taken. In a page of another charset than UTF-8 the path of a link is converted and its query keeps its bytes, as
 * browsers do; pages in UTF-16 give no links.
 */
#ifndef SCRAPERS_FETCH_LINKS_H
#define SCRAPERS_FETCH_LINKS_H

#include <glib.h>

#define LINKS_MAX 20000

/* `url`: the normalised URL of the page. `charset`: from the Content-Type header; NULL: look in the page.
 * `product`: the crawler's name, for <meta name="PRODUCT" content="nofollow">. Strings are owned by the array. */
GPtrArray *links_find(const char *html, gsize length, const char *url, const char *charset, const char *product);

#endif
