/* SPDX-License-Identifier: Apache-2.0
 * dedup/sketch.h - all that deduplication needs to know of a document, small enough to scan by the million.
 *
 * A record of TABLE_SIGNATURES: little-endian numbers, then the source's tag, then the MinHash signature (0 numbers
 * when the recipe asks for no near-duplicates, or when the text has no words). Made once for each document by the stage
 * "sign"; read by "dedup" once for each rule and band.
 *
 * sketch_parse borrows: the tag and the signature lie in the value it was given.
 */
#ifndef DEDUP_SKETCH_H
#define DEDUP_SKETCH_H

#include "base/buffer.h"
#include "dedup/licence.h"
#include "dedup/preference.h"
#include "store/identity.h"

typedef struct SketchIdentifier {
    IdentifierScheme scheme;
    Hash128 hash; /* of Identifier.text */
} SketchIdentifier;

typedef struct Sketch {
    DocumentKind kind;
    LicenceOpenness openness;
    guint64 length;       /* bytes of clean text */
    Hash128 exact;        /* dedup/exact.h */
    Hash128 words;        /* shingler_words; zero when the text has no words */
    Hash128 title;        /* dedup/title.h */
    Hash128 url;          /* of dedup/canonical_url.h; zero without one */
    guint32 title_length; /* characters of the normalised title */
    unsigned identifier_count;
    SketchIdentifier identifiers[IDENTITY_MAX];
    const char *source; /* borrowed, not NUL-terminated */
    gsize source_length;
    const char *signature; /* borrowed: `permutations` little-endian 32-bit numbers, unaligned */
    gsize permutations;
} Sketch;

/* `signature` is in host order here. */
void sketch_encode(const Sketch *sketch, const guint32 *signature, Buffer *buffer);
gboolean sketch_parse(const StoreValue *value, Sketch *sketch, GError **error);
gboolean sketch_shares_identifier(const Sketch *a, const Sketch *b);
/* Both have an identifier of one scheme, and none in common: their publishers call them different works. */
gboolean sketch_identifiers_differ(const Sketch *a, const Sketch *b);

gboolean hash128_is_zero(Hash128 hash);

#endif
