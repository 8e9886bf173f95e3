/* SPDX-License-Identifier: Apache-2.0
 * dedup/canonical_url.h - one form for the many addresses of one page.
 *
 * What a server does not look at, or answers alike, goes or is made one: http and https; "www." before the host, its case
 * and a default port; "." and ".." in the path, a slash at its end and index.html or index.php behind that; the case of
 * percent escapes, and escapes of characters that need none (RFC 3986, section 6.2.2); parameters of the query that
 * count visitors (utm_*, gclid, fbclid and their like), and the order of the others; the fragment, but for one that begins
 * with "!" or "/", by which JavaScript applications name their pages.
 */
#ifndef DEDUP_CANONICAL_URL_H
#define DEDUP_CANONICAL_URL_H

#include <glib.h>

/* "example.org/path?a=1&b=2"; NULL for what is no address of the web. g_free. */
char *canonical_url(const char *url);

#endif
