/* SPDX-License-Identifier: Apache-2.0
 * The table of tensors and their first values; see train/parameters.h. */
#include "train/parameters.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define TENSORS_PER_LAYER 9
#define STANDARD_DEVIATION 0.02
/* Elements to which matrices are aligned: a cache line and more, for vector loads and copies of 16 bytes. */
#define ALIGNMENT 64
/* Of rows of vocabulary matrices, and with them of rows of logits. */
#define CLASS_MULTIPLE 8

static gsize round_up(gsize count, gsize multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* ---- Building the table -------------------------------------------------------------------------------------- */

/* How tensor parallelism divides a tensor. */
typedef enum { CUT_NONE, CUT_ROWS, CUT_COLUMNS, CUT_CLASSES } Cut;

typedef struct Builder {
    ParameterTable *table;
    const ModelShape *shape;
    const ModelPart *part;
} Builder;

/* The rectangle of the tensor that lies here; returns the elements that it takes in the array. */
static gsize cut_tensor(const Builder *builder, ParameterTensor *tensor, Cut cut)
{
    unsigned rank = builder->part->tensor_rank, tensors = builder->part->tensor;
    const ClassRange *classes = &builder->table->classes;
    tensor->row_count = tensor->rows;
    tensor->column_count = MAX(tensor->columns, 1);
    tensor->everywhere = cut == CUT_NONE;
    if (cut == CUT_ROWS) {
        tensor->row_count = tensor->rows / tensors;
        tensor->row = rank * tensor->row_count;
    } else if (cut == CUT_COLUMNS) {
        tensor->column_count = tensor->columns / tensors;
        tensor->column = rank * tensor->column_count;
    } else if (cut == CUT_CLASSES) {
        tensor->row = classes->first;
        tensor->row_count = classes->count;
        return classes->stride * tensor->column_count;
    }
    return tensor->row_count * tensor->column_count;
}

static gsize add_tensor(Builder *builder, const char *name, gsize index, gsize rows, gsize columns, Cut cut)
{
    ParameterTable *table = builder->table;
    ParameterTensor *tensor = &table->tensors[table->count++];
    *tensor = (ParameterTensor){.index = index, .rows = rows, .columns = columns, .offset = table->elements};
    g_strlcpy(tensor->name, name, sizeof tensor->name);
    table->elements += cut_tensor(builder, tensor, cut);
    return tensor->offset;
}

static void align(Builder *builder)
{
    builder->table->elements = round_up(builder->table->elements, ALIGNMENT);
}

static gsize begin_bucket(Builder *builder)
{
    align(builder);
    builder->table->buckets[builder->table->bucket_count].offset = builder->table->elements;
    return builder->table->bucket_count++;
}

static void end_bucket(Builder *builder)
{
    ParameterTable *table = builder->table;
    ParameterBucket *bucket = &table->buckets[table->bucket_count - 1];
    bucket->elements = round_up(table->elements - bucket->offset, (gsize)table->shares * ALIGNMENT);
    table->elements = bucket->offset + bucket->elements;
}

static void add_layer(Builder *builder, gsize layer, LayerOffsets *offsets)
{
    const ModelShape *shape = builder->shape;
    gsize hidden = shape->hidden, inner = shape->intermediate, kv_width = shape->kv_heads * model_shape_head_size(shape);
    const struct {
        const char *part;
        gsize rows, columns;
        Cut cut;
        gsize *at; /* NULL: a neighbour of the one before */
    } tensors[TENSORS_PER_LAYER] = {
        {"input_layernorm", hidden, 0, CUT_NONE, &offsets->input_norm},
        {"self_attn.q_proj", hidden, hidden, CUT_ROWS, &offsets->qkv},
        {"self_attn.k_proj", kv_width, hidden, CUT_ROWS, NULL},
        {"self_attn.v_proj", kv_width, hidden, CUT_ROWS, NULL},
        {"self_attn.o_proj", hidden, hidden, CUT_COLUMNS, &offsets->output},
        {"post_attention_layernorm", hidden, 0, CUT_NONE, &offsets->post_norm},
        {"mlp.gate_proj", inner, hidden, CUT_ROWS, &offsets->gate_up},
        {"mlp.up_proj", inner, hidden, CUT_ROWS, NULL},
        {"mlp.down_proj", hidden, inner, CUT_COLUMNS, &offsets->down},
    };
    offsets->bucket = begin_bucket(builder);
    for (gsize t = 0; t < TENSORS_PER_LAYER; t++) {
        g_autofree char *name = g_strdup_printf("model.layers.%" G_GSIZE_FORMAT ".%s.weight", layer, tensors[t].part);
        if (tensors[t].at)
            align(builder);
        gsize offset = add_tensor(builder, name, 1 + layer * TENSORS_PER_LAYER + t, tensors[t].rows, tensors[t].columns, tensors[t].cut);
        if (tensors[t].at)
            *tensors[t].at = offset;
    }
    end_bucket(builder);
}

static void add_layers(Builder *builder)
{
    gsize local = 0;
    for (unsigned chunk = 0; chunk < builder->part->chunks; chunk++) {
        LayerRange range = model_part_layers(builder->part, builder->shape, chunk);
        for (gsize i = 0; i < range.count; i++)
            add_layer(builder, range.first + i, &builder->table->layers[local++]);
    }
}

static void add_embedding(Builder *builder)
{
    ParameterTable *table = builder->table;
    table->embedding_bucket = begin_bucket(builder);
    table->embedding = add_tensor(builder, "model.embed_tokens.weight", 0, builder->shape->vocabulary, builder->shape->hidden, CUT_CLASSES);
    end_bucket(builder);
}

static void add_head(Builder *builder)
{
    const ModelShape *shape = builder->shape;
    ParameterTable *table = builder->table;
    gsize norm_index = 1 + shape->layers * TENSORS_PER_LAYER;
    table->head_bucket = begin_bucket(builder);
    table->norm = add_tensor(builder, "model.norm.weight", norm_index, shape->hidden, 0, CUT_NONE);
    align(builder);
    if (!shape->tied) {
        table->head = add_tensor(builder, "lm_head.weight", norm_index + 1, shape->vocabulary, shape->hidden, CUT_CLASSES);
    } else if (!table->has_embedding) {
        table->head = add_tensor(builder, "model.embed_tokens.weight", 0, shape->vocabulary, shape->hidden, CUT_CLASSES);
        table->tensors[table->count - 1].copy = TRUE;
    } else {
        table->head = table->embedding;
    }
    end_bucket(builder);
}

static ClassRange divide_classes(const ModelShape *shape, const ModelPart *part)
{
    gsize stride = round_up((shape->vocabulary + part->tensor - 1) / part->tensor, CLASS_MULTIPLE);
    gsize first = MIN(part->tensor_rank * stride, shape->vocabulary);
    return (ClassRange){first, MIN(stride, shape->vocabulary - first), stride};
}

ParameterTable *parameter_table_new(const ModelShape *shape, const ModelPart *part, unsigned shares)
{
    ParameterTable *table = g_new0(ParameterTable, 1);
    Builder builder = {table, shape, part};
    gsize layers = 0;
    for (unsigned chunk = 0; chunk < part->chunks; chunk++)
        layers += model_part_layers(part, shape, chunk).count;
    table->tensors = g_new0(ParameterTensor, TENSORS_PER_LAYER * layers + 3);
    table->layers = g_new0(LayerOffsets, layers);
    table->buckets = g_new0(ParameterBucket, layers + 2);
    table->shares = shares;
    table->classes = divide_classes(shape, part);
    table->whole_count = TENSORS_PER_LAYER * shape->layers + 2 + !shape->tied;
    table->has_embedding = model_part_is_first(part, 0);
    table->has_head = model_part_is_last(part, part->chunks - 1);
    if (table->has_embedding)
        add_embedding(&builder);
    add_layers(&builder);
    if (table->has_head)
        add_head(&builder);
    gboolean two_gradients = shape->tied && table->has_embedding && table->has_head;
    table->head_gradient = two_gradients ? table->elements : table->head;
    table->gradient_elements = table->elements + (two_gradients ? table->classes.stride * shape->hidden : 0);
    return table;
}

void parameter_table_free(ParameterTable *table)
{
    if (!table)
        return;
    g_free(table->tensors);
    g_free(table->layers);
    g_free(table->buckets);
    g_free(table);
}

gsize parameter_tensor_elements(const ParameterTensor *tensor)
{
    return tensor->row_count * tensor->column_count;
}

gboolean parameter_tensor_counts_here(const ParameterTensor *tensor, const ModelPart *part)
{
    return !tensor->copy && (!tensor->everywhere || part->tensor_rank == 0);
}

/* ---- Pieces -------------------------------------------------------------------------------------------------- */

/* Cuts what lies of the tensor at the borders of its bucket's shares; `before` elements of each share come in buckets before. */
static void cut_at_shares(const ParameterTable *table, gsize number, const ParameterBucket *bucket, gsize before, GArray *pieces)
{
    const ParameterTensor *tensor = &table->tensors[number];
    gsize share_elements = bucket->elements / table->shares, at = tensor->offset;
    gsize end = tensor->offset + parameter_tensor_elements(tensor);
    while (at < end) {
        gsize share = (at - bucket->offset) / share_elements, border = bucket->offset + (share + 1) * share_elements;
        ParameterPiece piece = {
            .tensor = number,
            .begin = at - tensor->offset,
            .count = MIN(end, border) - at,
            .offset = at,
            .share = share,
            .compact = before + at - bucket->offset - share * share_elements,
        };
        g_array_append_val(pieces, piece);
        at += piece.count;
    }
}

GArray *parameter_table_pieces(const ParameterTable *table)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(ParameterPiece));
    gsize bucket = 0, before = 0;
    for (gsize t = 0; t < table->count; t++) {
        while (table->tensors[t].offset >= table->buckets[bucket].offset + table->buckets[bucket].elements)
            before += table->buckets[bucket++].elements / table->shares;
        cut_at_shares(table, t, &table->buckets[bucket], before, pieces);
    }
    return pieces;
}

gsize parameter_table_share_elements(const ParameterTable *table)
{
    return table->elements / table->shares;
}

/* ---- First values -------------------------------------------------------------------------------------------- */

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

static void initialise_matrix(const ParameterTensor *tensor, double deviation, guint64 seed, wide *values)
{
    for (gsize row = 0; row < tensor->row_count; row++)
        for (gsize column = 0; column < tensor->column_count; column++) {
            gsize number = (tensor->row + row) * tensor->columns + tensor->column + column;
            *values++ = (wide)(deviation * normal_at(seed, tensor->name, number));
        }
}

void parameters_initialise(const ParameterTable *table, const ModelShape *shape, guint64 seed, wide *values)
{
    memset(values, 0, table->elements * sizeof *values);
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        double deviation = STANDARD_DEVIATION;
        if (adds_to_residual(tensor->name))
            deviation /= sqrt(2.0 * (double)shape->layers);
        if (tensor->columns)
            initialise_matrix(tensor, deviation, seed, values + tensor->offset);
        for (gsize i = 0; !tensor->columns && i < tensor->rows; i++)
            values[tensor->offset + i] = 1;
    }
}
