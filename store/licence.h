/* SPDX-License-Identifier: Apache-2.0
 * store/licence.h - the identifier of a licence, whatever a publisher calls it, and what others call that identifier.
 *
 * Identifiers are SPDX's (spdx.org/licenses, list 3.24): all of Creative Commons, ported versions and -IGO included, and
 * those under which texts and data are published. What has none there gets one by SPDX's rule for licences that are not on
 * the list: a Creative Commons licence of which nobody says the version is "LicenseRef-CC-BY-NC" and so on, and a text that
 * is in the public domain "LicenseRef-Public-Domain".
 *
 * licence_identifier knows identifiers in any case, S2ORC's and Unpaywall's ("CCBY", "cc-by-nc-nd"), names in words
 * ("CC BY 4.0", "Creative Commons Attribution 4.0 International"), and addresses (creativecommons.org, opensource.org,
 * opendatacommons.org, spdx.org and others), as they stand in PMC's articles. It judges the whole string: a sentence that
 * names a licence among other things is no name of it. Documents keep their publisher's words.
 *
 * Strings that are returned are freed with g_free.
 */
#ifndef STORE_LICENCE_H
#define STORE_LICENCE_H

#include <glib.h>

#define LICENCE_PUBLIC_DOMAIN "LicenseRef-Public-Domain"

char *licence_identifier(const char *words); /* NULL: it is the name of no licence known here */
/* The identifier of the first Creative Commons address that occurs anywhere in a text; NULL: there is none. Of the ported
 * versions only that for intergovernmental organisations (WHO's) is told apart. */
char *licence_in_text(const char *text);

/* These take any name. Whether changed copies may be made; FALSE for what is not known too. */
gboolean licence_forbids_changes(const char *licence);
char *licence_page(const char *licence);     /* at spdx.org; NULL: it has none */
char *licence_hub_name(const char *licence); /* Hugging Face's, as in a dataset card; NULL: it has none */

#endif
