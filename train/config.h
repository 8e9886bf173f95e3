/* SPDX-License-Identifier: Apache-2.0
 * train/config.h - the training configuration: a YAML file that says what is trained, on what, and how.
 *
 * Sequence: c = train_config_load(path, e); the caller may change members (store, output, threads); train_run; free.
 * Every setting but `store` and `output` has a default; docs/training.md lists them all. An unknown key is
 * GALEN_ERROR_INPUT with file, line and caret; values that cannot be are refused with the key's name. Relative paths
 * start at the working directory. model.vocabulary is 0 where the file does not name it, until
 * train_config_take_vocabulary.
 *
 * Two settings belong together and are not one: schedule.steps is the length of this run, schedule.horizon the step at
 * which the learning rate reaches its end. A run whose horizon is given can be prolonged later by more steps.
 */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H

#include "base/json.h"
#include "train/ops.h"
#include "train/optimizer.h"
#include "train/parallel.h"
#include "train/schedule.h"
#include "train/shape.h"

typedef struct TrainConfig {
    char *store;  /* directory; may be NULL until the caller sets it */
    char *output; /* directory of checkpoints; made if absent */
    char *weights; /* of which a run begins: a model's directory, or the output of a run; NULL: random ones */
    char *log;    /* JSON lines; NULL: OUTPUT/log.jsonl */
    guint64 seed;
    ModelShape model;
    ParallelSettings parallel;
    OptimizerSettings optimizer;
    Schedule schedule;
    guint64 steps;
    gboolean fp8;           /* products of layers in eight bits, where the backend has them (train/cuda/fp8.cuh) */
    gsize sequences;        /* in a step, over all ranks */
    gsize micro_batch;      /* sequences computed at once; changes memory and speed, not the order of the data */
    gboolean document_mask; /* no attention across documents of a sequence */
    guint64 checkpoint_every; /* steps; 0: only at the end */
    guint64 checkpoint_keep;  /* newest checkpoints that stay; 0: all */
    guint64 eval_every;       /* steps; 0: never */
    gsize eval_sequences;     /* of the split "valid" */
    gboolean log_documents;   /* the loss of each document of each step, in the log */
    gboolean tensorboard;       /* event files in OUTPUT/tensorboard */
    double peak_tflops;       /* what the device of one rank can do, in 1e12 operations a second; 0: a CPU is measured, else unknown */
    double spike_threshold;   /* robust deviations; 0: nothing is a spike */
    gsize spike_window;       /* steps */
    gboolean verify;          /* the shards against their SHA-256, before the first step */
    AttentionKernels attention; /* on a GPU, as the next */
    gboolean deterministic;   /* bits repeat in cuDNN's kernels, too */
    gboolean graphs;          /* passes of a micro-batch as CUDA graphs */
    unsigned threads;         /* not in the file: 0 for all processors */
    const int *stop;          /* not in the file, borrowed: other than 0 once the run shall save and end; read atomically */
} TrainConfig;

TrainConfig *train_config_load(const char *path, GError **error);
void train_config_free(TrainConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrainConfig, train_config_free)

/* Every setting but the vocabulary; train_run calls it too. */
gboolean train_config_check(const TrainConfig *config, GError **error);

/* The vocabulary of the store becomes the model's, or fits into the one that the file names. */
gboolean train_config_take_vocabulary(TrainConfig *config, guint32 vocabulary, GError **error);

/* The settings that decide the numbers of a run: a checkpoint goes on only under the same ones. Paths, the number of
 * steps, the micro-batch and the layout over ranks, and how often something is written are not among them: under another
 * micro-batch or layout a run goes on with the same data and other rounding. */
json_t *train_config_fingerprint(const TrainConfig *config);

#endif
