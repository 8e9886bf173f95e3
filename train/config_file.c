/* SPDX-License-Identifier: Apache-2.0
 * The keys of the training configuration; see train/config_file.h. */
#include "train/config_file.h"

#include <stddef.h>

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define UNSIGNED(owner, member) CYAML_FIELD_UINT_PTR(#member, OPTIONAL, owner, member)
#define REAL(owner, member) CYAML_FIELD_FLOAT_PTR(#member, OPTIONAL, owner, member)
#define BOOLEAN(owner, member) CYAML_FIELD_BOOL_PTR(#member, OPTIONAL, owner, member)
#define STRING(owner, member) CYAML_FIELD_STRING_PTR(#member, OPTIONAL, owner, member, 1, 4096)
#define MAPPING(owner, member, fields) CYAML_FIELD_MAPPING(#member, OPTIONAL, owner, member, fields)

static const cyaml_schema_field_t rope_scaling_fields[] = {
    REAL(FileRopeScaling, factor),
    REAL(FileRopeScaling, low_freq_factor),
    REAL(FileRopeScaling, high_freq_factor),
    UNSIGNED(FileRopeScaling, original_context),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t model_fields[] = {
    STRING(FileModel, preset),
    UNSIGNED(FileModel, vocabulary),
    UNSIGNED(FileModel, hidden),
    UNSIGNED(FileModel, layers),
    UNSIGNED(FileModel, heads),
    UNSIGNED(FileModel, kv_heads),
    UNSIGNED(FileModel, intermediate),
    UNSIGNED(FileModel, context),
    REAL(FileModel, rope_theta),
    REAL(FileModel, norm_eps),
    BOOLEAN(FileModel, tied),
    CYAML_FIELD_MAPPING_PTR("rope_scaling", OPTIONAL, FileModel, rope_scaling, rope_scaling_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t parallel_fields[] = {
    UNSIGNED(FileParallel, tensor),
    UNSIGNED(FileParallel, pipeline),
    UNSIGNED(FileParallel, data),
    BOOLEAN(FileParallel, sequence),
    UNSIGNED(FileParallel, interleave),
    UNSIGNED(FileParallel, zero),
    STRING(FileParallel, recompute),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t optimizer_fields[] = {
    REAL(FileOptimizer, lr),
    REAL(FileOptimizer, beta1),
    REAL(FileOptimizer, beta2),
    REAL(FileOptimizer, eps),
    REAL(FileOptimizer, weight_decay),
    REAL(FileOptimizer, clip),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t schedule_fields[] = {
    STRING(FileSchedule, kind),
    UNSIGNED(FileSchedule, warmup),
    UNSIGNED(FileSchedule, horizon),
    UNSIGNED(FileSchedule, decay),
    UNSIGNED(FileSchedule, steps),
    REAL(FileSchedule, min_ratio),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t batch_fields[] = {
    UNSIGNED(FileBatch, sequences),
    UNSIGNED(FileBatch, micro_batch),
    BOOLEAN(FileBatch, document_mask),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t checkpoint_fields[] = {
    UNSIGNED(FilePace, every),
    UNSIGNED(FilePace, keep),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t eval_fields[] = {
    UNSIGNED(FilePace, every),
    UNSIGNED(FilePace, sequences),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
    STRING(FileLog, path),
    BOOLEAN(FileLog, documents),
    BOOLEAN(FileLog, tensorboard),
    REAL(FileLog, peak_tflops),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t spike_fields[] = {
    REAL(FileSpike, threshold),
    UNSIGNED(FileSpike, window),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t cuda_fields[] = {
    STRING(FileCuda, attention),
    STRING(FileCuda, matrix),
    BOOLEAN(FileCuda, deterministic),
    BOOLEAN(FileCuda, graphs),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t config_fields[] = {
    STRING(FileConfig, store),
    CYAML_FIELD_STRING_PTR("output", CYAML_FLAG_DEFAULT, FileConfig, output, 1, 4096),
    STRING(FileConfig, weights),
    UNSIGNED(FileConfig, seed),
    BOOLEAN(FileConfig, verify),
    MAPPING(FileConfig, model, model_fields),
    MAPPING(FileConfig, parallel, parallel_fields),
    MAPPING(FileConfig, optimizer, optimizer_fields),
    MAPPING(FileConfig, schedule, schedule_fields),
    MAPPING(FileConfig, batch, batch_fields),
    MAPPING(FileConfig, checkpoint, checkpoint_fields),
    MAPPING(FileConfig, eval, eval_fields),
    MAPPING(FileConfig, log, log_fields),
    MAPPING(FileConfig, spike, spike_fields),
    MAPPING(FileConfig, cuda, cuda_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t config_file_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, FileConfig, config_fields)};
