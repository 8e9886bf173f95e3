/* SPDX-License-Identifier: Apache-2.0
 * store/shard.h - packed tokens, read in place, with the document behind each token.
 *
 * A split ("train", "valid" or "test") is one long row of token ids, cut into shards of `shard_tokens` tokens (the last may be
 * shorter, and so may those out of which documents were taken: store/repack.h). A shard is one LMDB value of u16 (vocabulary up to 65,536) or u32 ids, little-endian. Beside each shard
 * lies the array of its spans, in token order without gaps: which document each run of tokens belongs to. Packed by best-fit
 * (store/recipe.h) some are padding: of no document (DOCNO_NONE) and no source (SPAN_NO_SOURCE), EOS again and again.
 * Positions are token numbers from the start of the split, from 0.
 *
 * Sequence: r = shard_reader_open(store, "train", e); shard_reader_read(r, position, ids, n, e); shard_reader_free(r).
 * The reader holds a read transaction; pointers into shards stay valid until it is freed. Not for a process that
 * writes to the same store at the same time. A reader may be used by several threads at once.
 */
#ifndef STORE_SHARD_H
#define STORE_SHARD_H

#include "store/store.h"

/* On disk: little-endian, 32 bytes, in this order. */
typedef struct Span {
    guint64 docno;
    guint64 position; /* of its first token, in the split */
    guint32 length;   /* tokens, the EOS after the document included */
    guint32 offset;   /* of the first token within the document: above 0 when a shard's end cut the document */
    guint32 source;   /* index in the recipe's list of sources */
    guint32 repeat;   /* 0 for the first pass of the document */
} Span;

#define SPAN_NO_SOURCE G_MAXUINT32
static inline gboolean span_is_padding(const Span *span)
{
    return span->docno == DOCNO_NONE;
}

typedef struct ShardReader ShardReader;
ShardReader *shard_reader_open(Store *store, const char *split, GError **error);
void shard_reader_free(ShardReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShardReader, shard_reader_free)

guint64 shard_reader_tokens(const ShardReader *reader);   /* in the whole split; 0 for an empty split */
guint32 shard_reader_vocabulary(const ShardReader *reader); /* ids are below it */
unsigned shard_reader_shards(const ShardReader *reader);
/* The ids of one shard in place: `width` is 2 or 4 bytes. */
const void *shard_reader_shard(const ShardReader *reader, unsigned shard, guint64 *tokens, unsigned *width);
/* Reads the bytes of one shard and compares their SHA-256 with the record: a difference is an input error that names both. */
gboolean shard_reader_verify(const ShardReader *reader, unsigned shard, GError **error);
/* Widened ids [position, position + count), across shards. FALSE when that passes the end. */
gboolean shard_reader_read(const ShardReader *reader, guint64 position, gsize count, guint32 *ids, GError **error);
/* Appends the spans that overlap [position, position + count), clipped to it, to an array of Span. */
gboolean shard_reader_spans(const ShardReader *reader, guint64 position, gsize count, GArray *spans, GError **error);
/* Tags of the sources, by Span.source. */
const char *shard_reader_source(const ShardReader *reader, guint32 source);
unsigned shard_reader_sources(const ShardReader *reader);
/* SHA-256 over all shards' content: the name of this data in logs and checkpoints. */
const Sha256 *shard_reader_digest(const ShardReader *reader);

/* Where the tokens of a document went; TABLE_PLACEMENTS, key docno + repeat. */
typedef struct Placement {
    char split[8];
    guint64 position;
    guint64 length;
    guint32 repeat;
} Placement;
/* Appends every placement of the document to an array of Placement. */
gboolean shard_placements(StoreTxn *txn, Docno docno, GArray *placements, GError **error);

#endif
