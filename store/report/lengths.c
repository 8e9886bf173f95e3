/* SPDX-License-Identifier: Apache-2.0
 * Lengths of packed documents; see store/report/lengths.h. */
#include "store/report/lengths.h"

#include "store/shard.h"
#include "store/split.h"

static void count(Lengths *lengths, guint64 tokens)
{
    guint bin = 0;
    if (tokens == 0)
        return;
    while (bin + 1 < LENGTH_BINS && tokens >> (bin + 1))
        bin++;
    lengths->bins[bin]++;
    lengths->documents++;
}

static gboolean count_split(Store *store, const char *split, Lengths *lengths, GError **error)
{
    g_autoptr(ShardReader) reader = shard_reader_open(store, split, error);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    guint64 position = 0, tokens, open = 0; /* tokens of the document that goes on */
    unsigned width;
    for (unsigned shard = 0; reader && shard_reader_shard(reader, shard, &tokens, &width); shard++, position += tokens) {
        g_array_set_size(spans, 0);
        if (!shard_reader_spans(reader, position, tokens, spans, error))
            return FALSE;
        for (guint i = 0; i < spans->len; i++) {
            const Span *span = &g_array_index(spans, Span, i);
            if (span_is_padding(span))
                continue;
            if (span->offset == 0) {
                count(lengths, open);
                open = 0;
            }
            open += span->repeat == 0 ? span->length : 0;
        }
    }
    count(lengths, open);
    return reader != NULL;
}

gboolean lengths_count(Store *store, Lengths *lengths, GError **error)
{
    *lengths = (Lengths){0};
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        if (!count_split(store, split_names[i], lengths, error))
            return FALSE;
    return TRUE;
}
