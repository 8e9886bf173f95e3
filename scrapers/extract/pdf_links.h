/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf_links.h - the addresses that a PDF links to, for sources that list their documents in one.
 *
 * Link annotations count, as pdftohtml reports them; addresses that are only printed do not. Only http and https, each
 * once, in the order of the file, with entities decoded and nothing else changed.
 */
#ifndef SCRAPERS_EXTRACT_PDF_LINKS_H
#define SCRAPERS_EXTRACT_PDF_LINKS_H

#include <glib.h>

#define PDF_LINKS_LIMIT 100000

/* Runs pdftohtml in a jail. NULL with `error` set: GALEN_ERROR_INPUT when the PDF cannot be read (encrypted, broken),
 * GALEN_ERROR_SYSTEM when pdftohtml is missing. Free with g_strfreev. */
char **pdf_links(const char *pdf, gsize length, GError **error);

/* The same from pdftohtml's XML. */
char **pdf_links_of_xml(const char *xml, gsize length);

#endif
