/* SPDX-License-Identifier: Apache-2.0
 * The entropy of token frequencies; see train/unigram.h. */
#include "train/unigram.h"

#include <math.h>

#include "base/error.h"

static gboolean count_shard(const ShardReader *reader, unsigned shard, guint64 *counts, GError **error)
{
    guint64 tokens;
    unsigned width;
    guint32 vocabulary = shard_reader_vocabulary(reader);
    const void *data = shard_reader_shard(reader, shard, &tokens, &width);
    for (guint64 i = 0; i < tokens; i++) {
        guint32 id =
            width == 2 ? GUINT16_FROM_LE(((const guint16 *)data)[i]) : GUINT32_FROM_LE(((const guint32 *)data)[i]);
        if (id >= vocabulary) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "shard %u has the id %u at token %" G_GUINT64_FORMAT
                        ", but the vocabulary ends at %u; run galen audit",
                        shard, id, i, vocabulary);
            return FALSE;
        }
        counts[id]++;
    }
    return TRUE;
}

gboolean unigram_entropy(const ShardReader *reader, double *nats, GError **error)
{
    guint32 vocabulary = shard_reader_vocabulary(reader);
    g_autofree guint64 *counts = g_new0(guint64, vocabulary);
    for (unsigned shard = 0; shard < shard_reader_shards(reader); shard++)
        if (!count_shard(reader, shard, counts, error))
            return FALSE;
    double total = (double)shard_reader_tokens(reader);
    *nats = 0;
    for (guint32 id = 0; id < vocabulary; id++)
        if (counts[id])
            *nats -= (double)counts[id] / total * log((double)counts[id] / total);
    return TRUE;
}
