/* SPDX-License-Identifier: Apache-2.0
 * store/forget_match.h - the documents that a person wants forgotten, by what is known of them.
 *
 * What is matched is a name, source and id: with it come all documents of that name, as the older versions of a citation. A
 * document is named by
 *   ids       its number, SOURCE/ID, or an id that only one source has;
 *   urls      its address, as it stands in the store;
 *   dois      any accepted form of its DOI (store/identity.h);
 *   patterns  a pattern of a shell ('*' and '?') that its id or its whole address fits;
 *   sources   the tag of its source.
 * With a document come the pages that are chapters of it (store/chapters.h), since their text is its own; a chapter that is named
 * goes alone, and the document is told that it lacks it.
 * Each of ids, urls and dois must name something, or something that was forgotten before; a pattern may match nothing.
 * Cost: two or three walks over the facts of all documents.
 */
#ifndef STORE_FORGET_MATCH_H
#define STORE_FORGET_MATCH_H

#include "store/forget.h"

typedef struct ForgetCriteria {
    char **ids, **urls, **dois, **patterns, **sources; /* NULL-terminated; NULL: none */
} ForgetCriteria;

/* An array of ForgetItem, rising, that may be empty. `already` gets how many of the ids named something that was forgotten before.
 * GALEN_ERROR_INPUT names an id, address, DOI or source that nothing has, or an id that several sources have. */
GArray *forget_match(StoreTxn *txn, const ForgetCriteria *criteria, guint *already, GError **error);

#endif
