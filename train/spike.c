/* SPDX-License-Identifier: Apache-2.0
 * Steps that jump; see train/spike.h. */
#include "train/spike.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NORMAL_CONSISTENCY 1.4826 /* a normal distribution's standard deviation over its MAD */
#define LEAST_DEVIATION 1e-4      /* of the median: what is always the same has no scale of its own */

struct SpikeWatch {
    double threshold;
    gsize window;
    guint64 seen;
    double *loss, *gradient; /* of the last steps, as rings */
    double *sorted;          /* scratch */
};

SpikeWatch *spike_watch_new(double threshold, gsize window)
{
    SpikeWatch *watch = g_new0(SpikeWatch, 1);
    watch->threshold = threshold;
    watch->window = MAX(window, 1);
    watch->loss = g_new(double, watch->window);
    watch->gradient = g_new(double, watch->window);
    watch->sorted = g_new(double, watch->window);
    return watch;
}

void spike_watch_free(SpikeWatch *watch)
{
    if (!watch)
        return;
    g_free(watch->loss);
    g_free(watch->gradient);
    g_free(watch->sorted);
    g_free(watch);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, gsize count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* How far `value` lies above the median of the series, in robust deviations. */
static double score_of(SpikeWatch *watch, const double *series, double value, double *median)
{
    gsize count = (gsize)MIN(watch->seen, watch->window);
    memcpy(watch->sorted, series, count * sizeof(double));
    *median = median_of(watch->sorted, count);
    for (gsize i = 0; i < count; i++)
        watch->sorted[i] = fabs(series[i] - *median);
    double deviation = NORMAL_CONSISTENCY * median_of(watch->sorted, count);
    return (value - *median) / MAX(deviation, MAX(fabs(*median) * LEAST_DEVIATION, 1e-12));
}

gboolean spike_watch_see(SpikeWatch *watch, double loss, double gradient_norm, SpikeScore *score)
{
    double strength = log(MAX(gradient_norm, 1e-30)), unused;
    *score = (SpikeScore){.usual_loss = loss};
    if (watch->seen && watch->seen >= watch->window / 4) {
        score->loss_z = score_of(watch, watch->loss, loss, &score->usual_loss);
        score->gradient_z = score_of(watch, watch->gradient, strength, &unused);
    }
    watch->loss[watch->seen % watch->window] = loss;
    watch->gradient[watch->seen % watch->window] = strength;
    watch->seen++;
    return watch->threshold > 0 && MAX(score->loss_z, score->gradient_z) > watch->threshold;
}

/* Document number -> the source of its spans. */
static GHashTable *sources_of(const Batch *batch)
{
    GHashTable *sources = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, NULL);
    for (guint i = 0; i < batch->spans->len; i++) {
        Span *span = &g_array_index(batch->spans, Span, i);
        g_hash_table_insert(sources, &span->docno, GUINT_TO_POINTER(span->source));
    }
    return sources;
}

static double surplus(const SpikeDocument *document, double usual)
{
    return isfinite(document->loss) ? (document->loss - usual) * (double)document->tokens : INFINITY;
}

static int compare_documents(gconstpointer a, gconstpointer b, gpointer usual)
{
    double x = surplus(a, *(double *)usual), y = surplus(b, *(double *)usual);
    guint64 first = ((const SpikeDocument *)a)->docno, second = ((const SpikeDocument *)b)->docno;
    return x != y ? (x < y) - (x > y) : (first > second) - (first < second);
}

GArray *spike_documents(const Batch *batch, const double *losses, double usual)
{
    g_autoptr(GArray) by_document = batch_losses(batch, losses, BATCH_BY_DOCUMENT);
    g_autoptr(GHashTable) sources = sources_of(batch);
    GArray *documents = g_array_sized_new(FALSE, FALSE, sizeof(SpikeDocument), by_document->len);
    for (guint i = 0; i < by_document->len; i++) {
        const BatchLoss *loss = &g_array_index(by_document, BatchLoss, i);
        SpikeDocument document = {
            .docno = loss->key,
            .source = GPOINTER_TO_UINT(g_hash_table_lookup(sources, &loss->key)),
            .loss = loss->loss,
            .tokens = loss->tokens,
        };
        g_array_append_val(documents, document);
    }
    g_array_sort_with_data(documents, compare_documents, &usual);
    return documents;
}

#define NAMED 5

char *spike_name_documents(const Batch *batch, const double *losses, double usual, const ShardReader *reader)
{
    g_autoptr(GArray) documents = spike_documents(batch, losses, isfinite(usual) ? usual : 0);
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < MIN(documents->len, NAMED); i++) {
        const SpikeDocument *document = &g_array_index(documents, SpikeDocument, i);
        const char *source = shard_reader_source(reader, document->source);
        g_string_append_printf(names, "%s%" G_GUINT64_FORMAT " (%s, loss %g)", i ? ", " : "", document->docno,
                               source ? source : "?", document->loss);
    }
    if (documents->len > NAMED)
        g_string_append_printf(names, " and %u more", documents->len - NAMED);
    return g_string_free(names, FALSE);
}
