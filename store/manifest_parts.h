/* SPDX-License-Identifier: Apache-2.0
 * store/manifest_parts.h - the two passes that the manifest is made of, also used by status and audit.
 *
 * documents_tally goes over all documents (on context->jobs threads) and counts, per source, what became of them;
 * with TALLY_HASHES it also reads every text and chains its hashes. shards_tally goes over spans and, with
 * TALLY_HASHES, over the tokens of every shard. Memory does not grow with the corpus: a few counters per source, rule
 * and licence, and two hashes per shard. What is hashed, and how, docs/manifest.md says byte by byte.
 */
#ifndef STORE_MANIFEST_PARTS_H
#define STORE_MANIFEST_PARTS_H

#include "base/json.h"
#include "store/shard_record.h"
#include "store/stage.h"

/* What of each document is chained, in docno order, to a digest of the source. */
typedef enum { DIGEST_CAPTURES, DIGEST_EXTRACTED, DIGEST_CLEAN, DIGEST_VERDICTS, DIGEST_NOTES, DIGEST_COUNT } DigestKind;
extern const char *const digest_names[DIGEST_COUNT];

typedef struct SourceTally {
    char *tag;
    json_t *facts; /* as ingest wrote them: name, group, licence, redistributable, repeat, valid */
    guint64 entered, kept, dropped, merged, undecided;
    GHashTable *dropped_by; /* "stage/rule" -> guint64 * */
    GHashTable *merged_by;
    GHashTable *licences;   /* of kept documents, "" for none -> guint64 * */
    guint64 seen, seen_bytes, drawn_bytes; /* of a sampled source: records that the sample was drawn of, and their bytes */
    guint64 tokens[SPLIT_COUNT];
    guint64 upsampled;           /* documents whose passes were drawn (store/upsample.h) */
    guint64 asked, drawn;        /* passes of these: in billionths, and whole */
    guint64 packed;              /* passes of all training documents that begin in the shards */
    Sha256Context *chains[DIGEST_COUNT];
    Sha256 digests[DIGEST_COUNT];
} SourceTally;

typedef struct ShardTally {
    guint64 tokens, padding; /* the latter among the former */
    Sha256 digest, spans;
} ShardTally;

typedef struct Tally {
    GPtrArray *sources;         /* of SourceTally, by Span.source */
    GArray *shards[SPLIT_COUNT]; /* of ShardTally, by shard number */
    GHashTable *by_tag;         /* tag -> SourceTally, borrowed */
} Tally;

typedef enum { TALLY_COUNTS = 0, TALLY_HASHES = 1 } TallyDepth;

/* With the sources of the store, all counts 0. */
Tally *tally_new(Store *store, GError **error);
void tally_free(Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

gboolean documents_tally(StageContext *context, Tally *tally, TallyDepth depth, GError **error);
gboolean shards_tally(StageContext *context, Tally *tally, TallyDepth depth, GError **error);

/* What stages say about the whole corpus (meta records "passages", "contamination" and "mix"), by name, where they do. */
json_t *searches_json(StoreTxn *txn, GError **error);

guint64 tally_sum(const Tally *tally, gsize member_offset); /* of a guint64 member of SourceTally */
void manifest_seal(json_t *manifest); /* sets "root" from everything else in it */
json_t *sha256_json(const Sha256 *digest);
json_t *tally_source_json(const SourceTally *source, TallyDepth depth);

#endif
