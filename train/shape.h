/* SPDX-License-Identifier: Apache-2.0
 * train/shape.h - the sizes of a Llama model, and their form in Hugging Face's config.json.
 *
 * model_shape_check refuses what the model cannot compute (a head size that is odd, heads that do not divide) and sizes
 * that would overflow; its message names the key of the training configuration. model_shape_from_json reads a config.json
 * of any Llama without biases or scaled RoPE; model_shape_to_json writes one that Hugging Face's LlamaForCausalLM loads.
 */
#ifndef TRAIN_SHAPE_H
#define TRAIN_SHAPE_H

#include "base/json.h"

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
} ModelShape;

gboolean model_shape_check(const ModelShape *shape, GError **error);
gsize model_shape_head_size(const ModelShape *shape);
gsize model_shape_qkv_width(const ModelShape *shape); /* of one row of queries, keys and values */
json_t *model_shape_to_json(const ModelShape *shape);
/* `what` names the file in errors. */
gboolean model_shape_from_json(const json_t *object, const char *what, ModelShape *shape, GError **error);

#endif
