/* SPDX-License-Identifier: Apache-2.0
 * The table of tensors and their first values; see train/parameters.h. */
#include "train/parameters.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define TENSORS_PER_LAYER 9
#define STANDARD_DEVIATION 0.02

static gsize add_tensor(ParameterTable *table, const char *name, gsize rows, gsize columns)
{
    ParameterTensor *tensor = &table->tensors[table->count++];
    g_strlcpy(tensor->name, name, sizeof tensor->name);
    tensor->offset = table->elements;
    tensor->rows = rows;
    tensor->columns = columns;
    table->elements += parameter_tensor_elements(tensor);
    return tensor->offset;
}

static gsize add_layer_tensor(ParameterTable *table, gsize layer, const char *part, gsize rows, gsize columns)
{
    g_autofree char *name = g_strdup_printf("model.layers.%" G_GSIZE_FORMAT ".%s.weight", layer, part);
    return add_tensor(table, name, rows, columns);
}

static void add_layer(ParameterTable *table, const ModelShape *shape, gsize layer)
{
    gsize hidden = shape->hidden, kv_width = shape->kv_heads * model_shape_head_size(shape);
    LayerOffsets *offsets = &table->layers[layer];
    offsets->input_norm = add_layer_tensor(table, layer, "input_layernorm", hidden, 0);
    offsets->qkv = add_layer_tensor(table, layer, "self_attn.q_proj", hidden, hidden);
    add_layer_tensor(table, layer, "self_attn.k_proj", kv_width, hidden);
    add_layer_tensor(table, layer, "self_attn.v_proj", kv_width, hidden);
    offsets->output = add_layer_tensor(table, layer, "self_attn.o_proj", hidden, hidden);
    offsets->post_norm = add_layer_tensor(table, layer, "post_attention_layernorm", hidden, 0);
    offsets->gate_up = add_layer_tensor(table, layer, "mlp.gate_proj", shape->intermediate, hidden);
    add_layer_tensor(table, layer, "mlp.up_proj", shape->intermediate, hidden);
    offsets->down = add_layer_tensor(table, layer, "mlp.down_proj", hidden, shape->intermediate);
}

ParameterTable *parameter_table_new(const ModelShape *shape)
{
    ParameterTable *table = g_new0(ParameterTable, 1);
    table->tensors = g_new0(ParameterTensor, TENSORS_PER_LAYER * shape->layers + 3);
    table->layers = g_new0(LayerOffsets, shape->layers);
    table->embedding = add_tensor(table, "model.embed_tokens.weight", shape->vocabulary, shape->hidden);
    for (gsize layer = 0; layer < shape->layers; layer++)
        add_layer(table, shape, layer);
    table->norm = add_tensor(table, "model.norm.weight", shape->hidden, 0);
    table->head = table->embedding;
    if (!shape->tied)
        table->head = add_tensor(table, "lm_head.weight", shape->vocabulary, shape->hidden);
    return table;
}

void parameter_table_free(ParameterTable *table)
{
    if (!table)
        return;
    g_free(table->tensors);
    g_free(table->layers);
    g_free(table);
}

gsize parameter_tensor_elements(const ParameterTensor *tensor)
{
    return tensor->rows * MAX(tensor->columns, 1);
}

/* The method of Box and Muller (1958), one of its two values. */
static double normal_at(guint64 seed, const char *stream, guint64 index)
{
    double radius = sqrt(-2 * log(1 - random_unit_at(seed, stream, 2 * index)));
    return radius * cos(2 * G_PI * random_unit_at(seed, stream, 2 * index + 1));
}

static gboolean adds_to_residual(const char *name)
{
    return strstr(name, ".o_proj.") || strstr(name, ".down_proj.");
}

void parameters_initialise(const ParameterTable *table, const ModelShape *shape, guint64 seed, real *values)
{
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        double deviation = STANDARD_DEVIATION;
        if (adds_to_residual(tensor->name))
            deviation /= sqrt(2.0 * (double)shape->layers);
        for (gsize i = 0; i < parameter_tensor_elements(tensor); i++)
            values[tensor->offset + i] = (real)(tensor->columns ? deviation * normal_at(seed, tensor->name, i) : 1);
    }
}
