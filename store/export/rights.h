/* SPDX-License-Identifier: Apache-2.0
 * store/export/rights.h - whether a text may be passed on under its licence, and what others call that licence.
 *
 * Licences are known by their SPDX identifiers (spdx.org/licenses, list 3.24): all of Creative Commons, ported versions
 * and -IGO included, and those under which texts and data are published. Passing on means: unchanged in words, but cleaned
 * and put together with others, for any purpose that the licence allows to whoever receives it. So licences that forbid
 * commercial use grant it; licences that forbid changed copies (ND) deny it, as a cleaned text is one.
 *
 * A document's own licence decides where it is known. Where it says nothing that is known, or only repeats what the recipe
 * says of the whole source, the recipe's `redistributable` decides: someone has read the terms.
 */
#ifndef STORE_EXPORT_RIGHTS_H
#define STORE_EXPORT_RIGHTS_H

#include <glib.h>

typedef enum { RIGHTS_UNKNOWN, RIGHTS_GRANTED, RIGHTS_DENIED } Rights;

Rights rights_of(const char *licence); /* NULL: unknown */
gboolean rights_allow(const char *licence, const char *source_licence, gboolean redistributable);

/* The licence's page at spdx.org, or NULL for what is no identifier known here; g_free. */
char *licence_page(const char *licence);
/* Hugging Face's name of it, as in a dataset card; NULL: it has none. g_free. */
char *licence_hub_name(const char *licence);

#endif
