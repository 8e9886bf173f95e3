/* SPDX-License-Identifier: Apache-2.0
 * train/trace.h - from a step to its documents, and from a document to its steps, by a run's log and its store alone.
 *
 * A batch is a function of the shards, the seed and the step (train/batch.h), so nothing has to be recorded to know what
 * a step saw. The log gives the seed and the sizes; its digest of the shards must be the store's, and its token_hash of a
 * step that of the batch found, or the tracing fails: a right answer is proved and a wrong one impossible. Losses of single
 * documents are in the log where it was told to write them, and for steps that were spikes.
 *
 * Sequence: t = trace_open(log, e); s = store_open(trace_store(t) or the user's, ...); trace_attach(t, s, e);
 * trace_step or trace_document; trace_free before the store.
 */
#ifndef TRAIN_TRACE_H
#define TRAIN_TRACE_H

#include "base/json.h"
#include "store/shard.h"

typedef struct Trace Trace;
Trace *trace_open(const char *log, GError **error);
void trace_free(Trace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_free)
const char *trace_store(const Trace *trace);  /* as the run named it; NULL where it did not */
guint64 trace_last_step(const Trace *trace); /* in the log */
gboolean trace_attach(Trace *trace, Store *store, GError **error);

typedef struct TraceDocument {
    Docno docno;
    const char *source; /* owned by the trace */
    guint64 tokens;     /* of it that were targets in the step */
    double loss;        /* their mean, in nats; NAN: not in the log */
} TraceDocument;

typedef struct TraceStep {
    gboolean logged;            /* the log has this step; else the members up to `documents` are NAN */
    double loss, gradient_norm, rate;
    gboolean documents_logged;  /* with the losses of its documents */
    json_t *by_source;          /* {TAG: {loss, tokens}}; NULL where it is not logged */
    GArray *documents;          /* of TraceDocument: by loss, the largest first, or by number */
    char hash[HASH128_HEX_SIZE];
} TraceStep;

void trace_step_clear(TraceStep *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TraceStep, trace_step_clear)
/* Steps count from 1, as in the log; a step behind the log's end is what the run would see. Fills a zeroed TraceStep. */
gboolean trace_step(Trace *trace, guint64 number, TraceStep *step, GError **error);

typedef struct TraceSight {
    guint64 step;
    gsize sequence; /* of the step, from 0 */
    guint64 epoch;  /* from 0 */
    guint64 tokens; /* of the document that were targets; 0: its last token began the sequence, as context alone */
    double loss;    /* of the document in that step; NAN: not in the log */
} TraceSight;

/* Every time a step up to the log's last saw tokens of the document, by step, as an array of TraceSight; empty: none did.
 * *placements tells how often it stands in the training split, and may be NULL. g_array_unref. */
GArray *trace_document(Trace *trace, Docno docno, guint *placements, GError **error);

#endif
