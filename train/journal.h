/* SPDX-License-Identifier: Apache-2.0
 * train/journal.h - everything that is written about a run while it runs: its log, TensorBoard's files, its spikes.
 *
 * Sequence: j = journal_open(config, reader, resumed, e); after each step journal_step fills what it finds into the report
 * and writes it; after an evaluation journal_validation; journal_sync before a checkpoint; journal_free.
 * The log is cut back to `resumed`, and what it still holds tells the watch for spikes what was usual: a run that was
 * killed and resumed has the same log but for timing. Strings and arrays that go into the report belong to the journal
 * until the next step.
 *
 * Lines of the log, JSON objects: {"step": 0, "run": ...} describes the run; then one for each step with step, loss,
 * loss_by_source {TAG: {loss, tokens}}, lr, grad_norm, tokens, token_hash, timing; with log.documents, and for spikes,
 * loss_by_document {DOCNO: {loss, tokens}}; for spikes "spike" {loss_z, gradient_z}. {"step": N, "eval": ...} is an
 * evaluation.
 */
#ifndef TRAIN_JOURNAL_H
#define TRAIN_JOURNAL_H

#include "train/batch.h"
#include "train/config.h"
#include "train/report.h"

typedef struct Journal Journal;
/* The configuration has its vocabulary and its layout; it and the reader are borrowed. */
Journal *journal_open(const TrainConfig *config, const ShardReader *reader, guint64 resumed, double unigram_entropy,
                      GError **error);
void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/* `report` has step, loss, rate, gradient_norm, tokens, token_hash and seconds; the rest is filled. `losses` as in
 * batch_losses. */
gboolean journal_step(Journal *journal, const Batch *batch, const double *losses, TrainReport *report, GError **error);
/* Of the split "valid": fills eval_loss and eval_sources. */
gboolean journal_validation(Journal *journal, const ShardReader *valid, const Batch *batch, const double *losses,
                            TrainReport *report, GError **error);
gboolean journal_sync(Journal *journal, GError **error);

/* The path of a run's log. g_free. */
char *journal_path(const char *output, const char *log);

#endif
