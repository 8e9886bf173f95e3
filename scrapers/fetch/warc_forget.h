/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/warc_forget.h - a WARC file of our own without the captures of certain addresses.
 *
 * warc_forget copies the file's records, each a gzip member, byte for byte, but for those whose WARC-Target-URI `is_out` says is
 * to go; the copy takes the place of the file at once, and the .done file beside it (crawl_done.h) gets its size and digest.
 * A file in which nothing is to go is left alone. Addresses are compared as they stand in the file. What a kill leaves is a
 * file as it was or as it is to be, and a copy that the next run begins anew.
 * warc_forget_check changes nothing, and tells where such records still lie.
 * Errors: GALEN_ERROR_INPUT for damage, which leaves the file as it was.
 */
#ifndef SCRAPERS_FETCH_WARC_FORGET_H
#define SCRAPERS_FETCH_WARC_FORGET_H

#include <glib.h>

/* *records: how many went. */
gboolean warc_forget(const char *path, gboolean (*is_out)(gpointer user, const char *url), gpointer user, guint64 *records, GError **error);
/* Appends to `left`, of guint64, the byte in the file at which each record begins that is to go. */
gboolean warc_forget_check(const char *path, gboolean (*is_out)(gpointer user, const char *url), gpointer user, GArray *left, GError **error);

#endif
