/* SPDX-License-Identifier: Apache-2.0
 * Batches as pure functions of their step; see train/batch.h. */
#include "train/batch.h"

#include <string.h>

#include "base/error.h"
#include "base/permutation.h"

BatchPlan *batch_plan_new(const ShardReader *reader, const char *split, gsize context, gsize sequences, guint64 seed,
                          GError **error)
{
    guint64 tokens = shard_reader_tokens(reader);
    if (tokens < context + 1) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "the split \"%s\" of the store has %" G_GUINT64_FORMAT
                    " tokens, but one sequence needs %" G_GSIZE_FORMAT
                    "; add documents or make model.context smaller%s",
                    split, tokens, context + 1, g_str_equal(split, "valid") ? ", or set eval.every to 0" : "");
        return NULL;
    }
    BatchPlan *plan = g_new(BatchPlan, 1);
    *plan = (BatchPlan){
        .reader = reader,
        .context = context,
        .sequences = sequences,
        .windows = (tokens - 1) / context,
        .seed = hash64(shard_reader_digest(reader), sizeof(Sha256), seed),
    };
    return plan;
}

void batch_plan_free(BatchPlan *plan)
{
    g_free(plan);
}

static void batch_prepare(const BatchPlan *plan, Batch *batch)
{
    if (batch->ids && batch->context == plan->context && batch->sequences == plan->sequences) {
        g_array_set_size(batch->spans, 0);
        return;
    }
    batch_clear(batch);
    batch->context = plan->context;
    batch->sequences = plan->sequences;
    batch->ids = g_new(guint32, plan->sequences * (plan->context + 1));
    batch->spans = g_array_new(FALSE, FALSE, sizeof(Span));
    batch->first_span = g_new0(gsize, plan->sequences + 1);
    batch->windows = g_new(guint64, plan->sequences);
}

static void hash_ids(Batch *batch)
{
    gsize count = batch->sequences * (batch->context + 1);
    g_autofree guint32 *little = g_new(guint32, count);
    for (gsize i = 0; i < count; i++)
        little[i] = GUINT32_TO_LE(batch->ids[i]);
    hash128_hex(hash128(little, count * sizeof *little), batch->hash);
}

static void leave_out(Batch *batch, gsize target)
{
    if (!batch->left_out)
        batch->left_out = g_new0(guint8, batch->sequences * batch->context);
    batch->left_out_count += !batch->left_out[target];
    batch->left_out[target] = 1;
}

/* The targets that are padding, and those behind it. */
static void leave_padding_out(Batch *batch, gsize sequence, const Span *span)
{
    gsize first = sequence * batch->context, from = (gsize)(span->position - batch->windows[sequence] * batch->context);
    if (!span_is_padding(span))
        return;
    for (gsize at = from; at < from + span->length; at++) {
        if (at > 0)
            leave_out(batch, first + at - 1);
        if (at < batch->context)
            leave_out(batch, first + at);
    }
}

static void mark_padding(Batch *batch)
{
    g_clear_pointer(&batch->left_out, g_free);
    batch->left_out_count = 0;
    for (gsize s = 0; s < batch->sequences; s++)
        for (gsize i = batch->first_span[s]; i < batch->first_span[s + 1]; i++)
            leave_padding_out(batch, s, &g_array_index(batch->spans, Span, i));
}

/* Reads the windows already chosen in batch->windows. */
static gboolean read_windows(const BatchPlan *plan, Batch *batch, GError **error)
{
    guint32 vocabulary = shard_reader_vocabulary(plan->reader);
    for (gsize s = 0; s < batch->sequences; s++) {
        guint64 position = batch->windows[s] * plan->context;
        guint32 *ids = batch->ids + s * (plan->context + 1);
        batch->first_span[s] = batch->spans->len;
        if (!shard_reader_read(plan->reader, position, plan->context + 1, ids, error) ||
            !shard_reader_spans(plan->reader, position, plan->context + 1, batch->spans, error))
            return FALSE;
        for (gsize i = 0; i <= plan->context; i++)
            if (ids[i] >= vocabulary) {
                g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                            "token %" G_GUINT64_FORMAT
                            " of the store has id %u, but the vocabulary ends at %u; run galen audit",
                            position + i, ids[i], vocabulary);
                return FALSE;
            }
    }
    batch->first_span[batch->sequences] = batch->spans->len;
    mark_padding(batch);
    hash_ids(batch);
    return TRUE;
}

static Permutation permutation_of(const BatchPlan *plan, guint64 epoch)
{
    Permutation permutation;
    permutation_init(&permutation, plan->windows, random_at(plan->seed, "epoch", epoch));
    return permutation;
}

gboolean batch_read(const BatchPlan *plan, guint64 step, Batch *batch, GError **error)
{
    batch_prepare(plan, batch);
    Permutation permutation = {0};
    guint64 drawn_epoch = G_MAXUINT64;
    for (gsize s = 0; s < plan->sequences; s++) {
        guint64 number = step * plan->sequences + s, epoch = number / plan->windows;
        if (epoch != drawn_epoch)
            permutation = permutation_of(plan, epoch);
        drawn_epoch = epoch;
        batch->windows[s] = permutation_at(&permutation, number % plan->windows);
    }
    return read_windows(plan, batch, error);
}

void batch_find(const BatchPlan *plan, guint64 window, guint64 epoch, guint64 *step, gsize *sequence)
{
    Permutation permutation = permutation_of(plan, epoch);
    guint64 number = epoch * plan->windows + permutation_find(&permutation, window);
    *step = number / plan->sequences;
    *sequence = (gsize)(number % plan->sequences);
}

/* tokens[source] of a window that are targets. FALSE where its spans cannot be read. */
static gboolean count_sources(const BatchPlan *plan, guint64 window, GArray *spans, guint64 *tokens, GError **error)
{
    guint64 first = window * plan->context;
    memset(tokens, 0, shard_reader_sources(plan->reader) * sizeof *tokens);
    g_array_set_size(spans, 0);
    if (!shard_reader_spans(plan->reader, first + 1, plan->context, spans, error))
        return FALSE;
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        if (span->source < shard_reader_sources(plan->reader))
            tokens[span->source] += span->length;
    }
    return TRUE;
}

/* What batch_read_spread knows of the sources of the split. */
typedef struct Spread {
    const BatchPlan *plan;
    guint64 *windows;            /* chosen */
    gsize sources;
    GArray *spans;               /* scratch */
    guint64 *tokens;             /* scratch, of each source */
    gsize *met;                  /* chosen windows that each source is in */
    guint64 *best, *best_tokens; /* of each source, the window with most of it */
} Spread;

static gboolean survey(Spread *spread, GError **error)
{
    gsize next = 0; /* chosen windows ascend */
    for (guint64 window = 0; window < spread->plan->windows; window++) {
        gboolean chosen = next < spread->plan->sequences && spread->windows[next] == window;
        if (!count_sources(spread->plan, window, spread->spans, spread->tokens, error))
            return FALSE;
        for (gsize source = 0; source < spread->sources; source++) {
            spread->met[source] += chosen && spread->tokens[source] ? 1 : 0;
            if (spread->tokens[source] > spread->best_tokens[source]) {
                spread->best_tokens[source] = spread->tokens[source];
                spread->best[source] = window;
            }
        }
        while (next < spread->plan->sequences && spread->windows[next] <= window)
            next++;
    }
    return TRUE;
}

/* Puts the best window of a source in the place of the first chosen one that no other source needs. */
static gboolean make_room(Spread *spread, gsize missing, GError **error)
{
    for (gsize s = 0; s < spread->plan->sequences; s++) {
        gboolean needed = FALSE;
        if (!count_sources(spread->plan, spread->windows[s], spread->spans, spread->tokens, error))
            return FALSE;
        for (gsize source = 0; source < spread->sources; source++)
            needed = needed || (spread->tokens[source] && spread->met[source] < 2);
        if (needed)
            continue;
        for (gsize source = 0; source < spread->sources; source++)
            spread->met[source] -= spread->tokens[source] ? 1 : 0;
        spread->windows[s] = spread->best[missing];
        if (!count_sources(spread->plan, spread->windows[s], spread->spans, spread->tokens, error))
            return FALSE;
        for (gsize source = 0; source < spread->sources; source++)
            spread->met[source] += spread->tokens[source] ? 1 : 0;
        return TRUE;
    }
    return TRUE;
}

/* Small sources have a loss of their own too. */
static gboolean meet_all_sources(const BatchPlan *plan, guint64 *windows, GError **error)
{
    gsize sources = shard_reader_sources(plan->reader);
    g_autofree guint64 *tokens = g_new0(guint64, sources), *best = g_new0(guint64, sources), *most = g_new0(guint64, sources);
    g_autofree gsize *met = g_new0(gsize, sources);
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    Spread spread = {plan, windows, sources, spans, tokens, met, best, most};
    if (!survey(&spread, error))
        return FALSE;
    for (gsize source = 0; source < sources; source++)
        if (most[source] && !met[source] && !make_room(&spread, source, error))
            return FALSE;
    return TRUE;
}

gboolean batch_read_spread(const BatchPlan *plan, Batch *batch, GError **error)
{
    batch_prepare(plan, batch);
    for (gsize s = 0; s < plan->sequences; s++)
        batch->windows[s] = s * plan->windows / plan->sequences;
    return meet_all_sources(plan, batch->windows, error) && read_windows(plan, batch, error);
}

void batch_clear(Batch *batch)
{
    g_free(batch->ids);
    g_free(batch->first_span);
    g_free(batch->windows);
    g_free(batch->left_out);
    if (batch->spans)
        g_array_free(batch->spans, TRUE);
    memset(batch, 0, sizeof *batch);
}

void batch_starts(const Batch *batch, gsize first, gsize count, gboolean by_document, GArray *starts)
{
    for (gsize s = first; s < first + count; s++) {
        guint64 position = batch->windows[s] * batch->context;
        guint32 row = (guint32)((s - first) * batch->context);
        g_array_append_val(starts, row);
        if (!by_document)
            continue;
        for (gsize i = batch->first_span[s]; i < batch->first_span[s + 1]; i++) {
            const Span *span = &g_array_index(batch->spans, Span, i);
            guint32 at = (guint32)(row + span->position - position);
            if (span->offset == 0 && at > row && at < row + batch->context)
                g_array_append_val(starts, at);
        }
    }
    guint32 end = (guint32)(count * batch->context);
    g_array_append_val(starts, end);
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const BatchLoss *)a)->key, y = ((const BatchLoss *)b)->key;
    return (x > y) - (x < y);
}

/* The total over the targets of one span: the first token of a window is no target. */
static BatchLoss span_loss(const Batch *batch, gsize sequence, const Span *span, const double *losses, BatchKey key)
{
    guint64 first_target = batch->windows[sequence] * batch->context + 1;
    guint64 begin = MAX(span->position, first_target), end = span->position + span->length;
    BatchLoss sum = {.key = key == BATCH_BY_SOURCE ? span->source : span->docno};
    for (guint64 position = begin; position < end; position++) {
        gsize target = sequence * batch->context + (gsize)(position - first_target);
        if (batch_leaves_out(batch, target))
            continue;
        sum.loss += losses[target];
        sum.tokens++;
    }
    return sum;
}

/* Joins neighbours of one key and turns totals into means. */
static void join_keys(GArray *sums)
{
    guint kept = 0;
    for (guint i = 0; i < sums->len; i++) {
        BatchLoss *sum = &g_array_index(sums, BatchLoss, i);
        BatchLoss *last = kept ? &g_array_index(sums, BatchLoss, kept - 1) : NULL;
        if (last && last->key == sum->key) {
            last->loss += sum->loss;
            last->tokens += sum->tokens;
        } else {
            g_array_index(sums, BatchLoss, kept++) = *sum;
        }
    }
    g_array_set_size(sums, kept);
    for (guint i = 0; i < kept; i++)
        g_array_index(sums, BatchLoss, i).loss /= (double)g_array_index(sums, BatchLoss, i).tokens;
}

GArray *batch_losses(const Batch *batch, const double *losses, BatchKey key)
{
    GArray *sums = g_array_new(FALSE, FALSE, sizeof(BatchLoss));
    for (gsize s = 0; s < batch->sequences; s++)
        for (gsize i = batch->first_span[s]; i < batch->first_span[s + 1]; i++) {
            BatchLoss sum = span_loss(batch, s, &g_array_index(batch->spans, Span, i), losses, key);
            if (sum.tokens)
                g_array_append_val(sums, sum);
        }
    /* g_array_sort is stable, so that the sums are always taken in the same order. */
    g_array_sort(sums, compare_keys);
    join_keys(sums);
    return sums;
}
