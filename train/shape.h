/* SPDX-License-Identifier: Apache-2.0
 * train/shape.h - the sizes of a Llama model, and their form in Hugging Face's config.json.
 *
 * model_shape_check refuses what the model cannot compute (a head size that is odd, heads that do not divide) and sizes
 * that would overflow; its message names the key of the training configuration. model_shape_from_json reads a config.json
 * of any Llama without biases whose RoPE is plain or scaled as in Llama 3; model_shape_to_json writes one that Hugging Face's LlamaForCausalLM loads.
 */
#ifndef TRAIN_SHAPE_H
#define TRAIN_SHAPE_H

#include "base/json.h"

/* Rotary embeddings stretched as in Llama 3.1 (Grattafiori et al. 2024, rope_type "llama3" of Hugging Face): waves longer
 * than original_context / low_frequency are slowed by `factor`, those shorter than original_context / high_frequency
 * stay, and between the two the factor fades in. */
typedef struct RopeScaling {
    double factor; /* 0: none */
    double low_frequency, high_frequency;
    gsize original_context;
} RopeScaling;

typedef struct ModelShape {
    gsize vocabulary;
    gsize hidden;
    gsize layers;
    gsize heads;
    gsize kv_heads;     /* of keys and values; divides heads */
    gsize intermediate; /* width inside the MLP */
    gsize context;      /* longest sequence */
    double rope_theta;
    double norm_epsilon;
    gboolean tied; /* the output matrix is the embedding */
    RopeScaling rope_scaling;
} ModelShape;

gboolean model_shape_check(const ModelShape *shape, GError **error);
gsize model_shape_head_size(const ModelShape *shape);
gsize model_shape_qkv_width(const ModelShape *shape); /* of one row of queries, keys and values */
/* Radians by which pair `pair` of a head turns from one position to the next. */
double model_shape_rope_frequency(const ModelShape *shape, gsize pair);
guint64 model_shape_parameters(const ModelShape *shape); /* numbers in all its tensors */
json_t *model_shape_to_json(const ModelShape *shape);
/* `what` names the file in errors. */
gboolean model_shape_from_json(const json_t *object, const char *what, ModelShape *shape, GError **error);

#endif
