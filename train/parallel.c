/* SPDX-License-Identifier: Apache-2.0
 * Does a layout divide, and what would; see train/parallel.h. */
#include "train/parallel.h"

#include "base/error.h"

#define RANKS_LIMIT 65536

const char *recompute_name(Recompute recompute)
{
    static const char *const names[RECOMPUTE_COUNT] = {"none", "selective", "full"};
    return names[recompute];
}

/* The largest divisor of `value` that is at most `limit`. */
static gsize divisor_below(gsize value, gsize limit)
{
    gsize divisor = MIN(value, limit);
    while (value % divisor)
        divisor--;
    return divisor;
}

static gsize next_multiple(gsize value, gsize of)
{
    return (value + of - 1) / of * of;
}

static gboolean check_counts(const ParallelSettings *settings, GError **error)
{
    const struct {
        const char *key;
        gsize value, low, high;
    } counts[] = {
        {"tensor", settings->tensor, 1, 1024},
        {"pipeline", settings->pipeline, 1, 1024},
        {"data", settings->data, 0, RANKS_LIMIT},
        {"interleave", settings->interleave, 1, 1024},
        {"zero", settings->zero, 0, 1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        if (counts[i].value < counts[i].low || counts[i].value > counts[i].high) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "parallel.%s is %" G_GSIZE_FORMAT ", but must be from %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT,
                        counts[i].key, counts[i].value, counts[i].low, counts[i].high);
            return FALSE;
        }
    return TRUE;
}

static gboolean check_tensor(const ParallelSettings *settings, const ModelShape *shape, GError **error)
{
    const struct {
        const char *key;
        gsize value;
        gboolean matters;
    } sizes[] = {
        {"heads", shape->heads, TRUE},
        {"kv_heads", shape->kv_heads, TRUE},
        {"intermediate", shape->intermediate, TRUE},
        {"context", shape->context, settings->sequence},
    };
    gsize tensor = settings->tensor;
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (sizes[i].matters && sizes[i].value % tensor) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "parallel.tensor is %" G_GSIZE_FORMAT ", but must divide model.%s, which is %" G_GSIZE_FORMAT
                        "; set parallel.tensor to %" G_GSIZE_FORMAT,
                        tensor, sizes[i].key, sizes[i].value, divisor_below(sizes[i].value, tensor));
            return FALSE;
        }
    return TRUE;
}

static gboolean check_pipeline(const ParallelSettings *settings, const ModelShape *shape, GError **error)
{
    gsize chunks = settings->pipeline * settings->interleave;
    if (settings->interleave > 1 && settings->pipeline == 1) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "parallel.interleave is %" G_GSIZE_FORMAT
                    ", but a pipeline of one rank has nothing to interleave; set parallel.interleave to 1, or parallel.pipeline above 1",
                    settings->interleave);
        return FALSE;
    }
    if (shape->layers >= chunks)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "model.layers is %" G_GSIZE_FORMAT ", but parallel.pipeline (%" G_GSIZE_FORMAT
                ") times parallel.interleave (%" G_GSIZE_FORMAT ") needs %" G_GSIZE_FORMAT
                " layers or more; set parallel.pipeline to at most %" G_GSIZE_FORMAT " and parallel.interleave to 1",
                shape->layers, settings->pipeline, settings->interleave, chunks, MIN(shape->layers, settings->pipeline));
    return FALSE;
}

/* One rank may have a last micro-batch that is smaller; shares of several are equal. */
static gboolean check_batch(const ParallelSettings *settings, gsize sequences, gsize micro_batch, GError **error)
{
    gsize data = MAX(settings->data, 1), unit = data * micro_batch;
    if (data > 1 && sequences % unit) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "batch.sequences is %" G_GSIZE_FORMAT ", but must be a multiple of parallel.data (%" G_GSIZE_FORMAT
                    ") times batch.micro_batch (%" G_GSIZE_FORMAT "); set batch.sequences to %" G_GSIZE_FORMAT,
                    sequences, data, micro_batch, next_multiple(sequences, unit));
        return FALSE;
    }
    gsize round = unit * settings->pipeline;
    if (settings->interleave > 1 && sequences % round) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "parallel.interleave is %" G_GSIZE_FORMAT ", which takes the micro-batches in groups of parallel.pipeline (%"
                    G_GSIZE_FORMAT "), but %" G_GSIZE_FORMAT " do not divide so; set batch.sequences to %" G_GSIZE_FORMAT,
                    settings->interleave, settings->pipeline, sequences / unit, next_multiple(sequences, round));
        return FALSE;
    }
    return TRUE;
}

gboolean parallel_check(const ParallelSettings *settings, const ModelShape *shape, gsize sequences, gsize micro_batch,
                        GError **error)
{
    return check_counts(settings, error) && check_tensor(settings, shape, error) &&
           check_pipeline(settings, shape, error) && check_batch(settings, sequences, micro_batch, error);
}

gboolean parallel_resolve(ParallelSettings *settings, const ModelShape *shape, gsize sequences, gsize micro_batch,
                          gsize ranks, GError **error)
{
    if (!check_counts(settings, error))
        return FALSE;
    gsize unit = settings->tensor * settings->pipeline * MAX(settings->data, 1);
    gboolean fits = settings->data ? ranks == unit : ranks >= unit && ranks % unit == 0;
    if (!fits || ranks > RANKS_LIMIT) {
        g_autofree char *data = settings->data ? g_strdup_printf(" times parallel.data (%" G_GSIZE_FORMAT ")", settings->data)
                                               : g_strdup("");
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "the run has %" G_GSIZE_FORMAT " rank%s, but parallel.tensor (%" G_GSIZE_FORMAT
                    ") times parallel.pipeline (%" G_GSIZE_FORMAT ")%s needs %s%" G_GSIZE_FORMAT
                    "; start it with that number, or change these",
                    ranks, ranks == 1 ? "" : "s", settings->tensor, settings->pipeline, data,
                    settings->data ? "" : "a multiple of ", unit);
        return FALSE;
    }
    settings->data = ranks / (settings->tensor * settings->pipeline);
    return parallel_check(settings, shape, sequences, micro_batch, error);
}

gsize parallel_micro_batches(const ParallelSettings *settings, gsize sequences, gsize micro_batch)
{
    gsize own = sequences / settings->data;
    return (own + micro_batch - 1) / micro_batch;
}
