/* SPDX-License-Identifier: Apache-2.0
 * train/config_file.h - the training configuration as libcyaml loads it, for train/config.c alone.
 *
 * A pointer to each value that is there, NULL for what is left out. Which keys there are and of which type is
 * config_file_schema; an unknown one is an error with file, line and caret (base/yaml.h).
 */
#ifndef TRAIN_CONFIG_FILE_H
#define TRAIN_CONFIG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/yaml.h"

typedef struct FileRopeScaling {
    double *factor, *low_freq_factor, *high_freq_factor;
    uint64_t *original_context;
} FileRopeScaling;

typedef struct FileModel {
    char *preset;
    uint64_t *vocabulary, *hidden, *layers, *heads, *kv_heads, *intermediate, *context;
    double *rope_theta, *norm_eps;
    bool *tied;
    FileRopeScaling *rope_scaling;
} FileModel;

typedef struct FileParallel {
    uint64_t *tensor, *pipeline, *data, *interleave, *zero;
    bool *sequence;
    char *recompute;
} FileParallel;

typedef struct FileOptimizer {
    double *lr, *beta1, *beta2, *eps, *weight_decay, *clip;
} FileOptimizer;

typedef struct FileSchedule {
    char *kind;
    uint64_t *warmup, *horizon, *decay, *steps;
    double *min_ratio;
} FileSchedule;

typedef struct FileBatch {
    uint64_t *sequences, *micro_batch;
    bool *document_mask;
} FileBatch;

typedef struct FilePace {
    uint64_t *every, *keep, *sequences;
} FilePace;

typedef struct FileLog {
    char *path;
    bool *documents, *tensorboard;
    double *peak_tflops;
} FileLog;

typedef struct FileSpike {
    double *threshold;
    uint64_t *window;
} FileSpike;

typedef struct FileCuda {
    char *attention, *matrix;
    bool *deterministic, *graphs;
} FileCuda;

typedef struct FileConfig {
    char *store, *output, *weights;
    uint64_t *seed;
    bool *verify;
    FileModel model;
    FileParallel parallel;
    FileOptimizer optimizer;
    FileSchedule schedule;
    FileBatch batch;
    FilePace checkpoint, eval;
    FileLog log;
    FileSpike spike;
    FileCuda cuda;
} FileConfig;

extern const cyaml_schema_value_t config_file_schema;

#endif
