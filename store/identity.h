/* SPDX-License-Identifier: Apache-2.0
 * store/identity.h - the identifiers by which a publication is known in every source: PMID, PMCID, DOI.
 *
 * Taken from the keys "pmid", "pmcid" and "doi" of Document.meta (strings, or for the first two integers) and from
 * Document.id in the forms "PMID:123" and "PMC123". Normalised before comparison:
 *   PMID   digits, without leading zeros, with or without "PMID:" in any case;
 *   PMCID  as PMID, behind "PMC" in any case (optional in meta), without a version suffix ".2";
 *   DOI    lower case (DOIs are case-insensitive), without "doi:" or a resolver's URL before it, without white space
 *          around it; it must begin with "10." and have something on both sides of its first slash.
 * Whatever does not have its form is no identifier.
 */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "store/document.h"

typedef enum { SCHEME_PMID = 1, SCHEME_PMCID, SCHEME_DOI } IdentifierScheme;

typedef struct Identifier {
    IdentifierScheme scheme;
    char *text; /* as normalised: "PMID 123", "PMCID 123", "DOI 10.1/x" */
} Identifier;

/* One for each key of meta, one from the id unless meta has the same, and one joined for each key. */
#define IDENTITY_MAX 7

typedef struct Identity {
    unsigned count;
    Identifier identifiers[IDENTITY_MAX];
} Identity;

/* "PMID 123" and so on from any accepted form; NULL: it has none. g_free. */
char *identifier_normalise(IdentifierScheme scheme, const char *raw);

void identity_read(Identity *identity, const Document *document);
/* Adds an identifier that is known from elsewhere (store/metadata.h), in any accepted form. */
void identity_add(Identity *identity, IdentifierScheme scheme, const char *raw);
void identity_clear(Identity *identity);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Identity, identity_clear)
/* The first identifier that both have, borrowed from `a`, or NULL. */
const char *identity_shared(const Identity *a, const Identity *b);

#endif
