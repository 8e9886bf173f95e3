/* SPDX-License-Identifier: Apache-2.0
 * The Llama, forward and backward; see train/model.h. */
#include "train/model.h"

#include <math.h>

#include "base/error.h"

/* Hands out parts of one allocation; with no base it only counts. */
typedef struct Carver {
    real *base;
    gsize used;
} Carver;

static real *carve(Carver *carver, gsize count)
{
    real *part = carver->base ? carver->base + carver->used : NULL;
    carver->used += count;
    return part;
}

static void carve_layer(Carver *carver, const ModelShape *shape, gsize rows, ModelLayer *layer)
{
    layer->x = carve(carver, rows * shape->hidden);
    layer->norm1 = carve(carver, rows * shape->hidden);
    layer->inverse1 = carve(carver, rows);
    layer->qkv = carve(carver, rows * model_shape_qkv_width(shape));
    layer->attention = carve(carver, rows * shape->hidden);
    layer->lse = carve(carver, rows * shape->heads);
    layer->middle = carve(carver, rows * shape->hidden);
    layer->norm2 = carve(carver, rows * shape->hidden);
    layer->inverse2 = carve(carver, rows);
    layer->gate_up = carve(carver, rows * 2 * shape->intermediate);
    layer->swiglu = carve(carver, rows * shape->intermediate);
}

static void carve_activations(Model *model, Carver *carver)
{
    const ModelShape *shape = &model->shape;
    gsize rows = model->max_rows, hidden = shape->hidden, inner = shape->intermediate;
    gboolean train = model->use == MODEL_TRAIN;
    for (gsize l = 0; l < shape->layers; l++) {
        if (train || l == 0)
            carve_layer(carver, shape, rows, &model->layers[l]);
        else
            model->layers[l] = model->layers[0];
    }
    model->last = carve(carver, rows * hidden);
    model->normed = carve(carver, rows * hidden);
    model->inverse = carve(carver, rows);
    model->logits = carve(carver, (train ? rows : 1) * shape->vocabulary);
    model->logit_lse = carve(carver, rows);
    if (!train)
        return;
    model->dx = carve(carver, rows * hidden);
    model->dhidden = carve(carver, rows * hidden);
    model->dwide = carve(carver, rows * MAX(inner, hidden));
    model->dwider = carve(carver, rows * MAX(2 * inner, model_shape_qkv_width(shape)));
}

static gboolean allocate_all(Model *model, GError **error)
{
    Backend *backend = model->backend;
    gsize angles = model->shape.context * model_shape_head_size(&model->shape);
    gsize gradients = model->use == MODEL_TRAIN ? model->table->elements : 0;
    Carver carver = {0};
    carve_activations(model, &carver);
    model->parameters = backend->allocate(backend, model->table->elements);
    model->angles = backend->allocate(backend, angles);
    model->activations = backend->allocate(backend, carver.used);
    if (gradients)
        model->gradients = backend->allocate(backend, gradients);
    if (model->parameters && model->angles && model->activations && (model->gradients || !gradients)) {
        carver = (Carver){.base = model->activations};
        carve_activations(model, &carver);
        return TRUE;
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "not enough memory for a model of %" G_GSIZE_FORMAT " parameters and %.1f GB of activations; "
                "a smaller batch.micro_batch needs less",
                model->table->elements, (double)(carver.used * sizeof(real)) / 1e9);
    return FALSE;
}

static void fill_angles(Model *model)
{
    gsize size = model_shape_head_size(&model->shape), half = size / 2, context = model->shape.context;
    g_autofree real *angles = g_new(real, context * size);
    for (gsize position = 0; position < context; position++)
        for (gsize i = 0; i < half; i++) {
            double angle = (double)position * model_shape_rope_frequency(&model->shape, i);
            angles[position * size + i] = (real)cos(angle);
            angles[position * size + half + i] = (real)sin(angle);
        }
    model->backend->upload(model->backend, model->angles, angles, context * size);
}

Model *model_new(const ModelShape *shape, Backend *backend, gsize max_rows, ModelUse use, GError **error)
{
    if (!model_shape_check(shape, error))
        return NULL;
    g_autoptr(Model) model = g_new0(Model, 1);
    model->shape = *shape;
    model->use = use;
    model->max_rows = max_rows;
    model->backend = backend;
    model->table = parameter_table_new(shape);
    model->layers = g_new0(ModelLayer, shape->layers);
    if (!allocate_all(model, error))
        return NULL;
    fill_angles(model);
    return g_steal_pointer(&model);
}

void model_free(Model *model)
{
    if (!model)
        return;
    Backend *backend = model->backend;
    backend->release(backend, model->parameters);
    backend->release(backend, model->gradients);
    backend->release(backend, model->activations);
    backend->release(backend, model->angles);
    parameter_table_free(model->table);
    g_free(model->layers);
    g_free(model);
}

static AttentionShape attention_shape(const Model *model, const ModelInput *input)
{
    return (AttentionShape){
        .starts = input->starts,
        .segments = input->segments,
        .heads = model->shape.heads,
        .kv_heads = model->shape.kv_heads,
        .head_size = model_shape_head_size(&model->shape),
    };
}

static void rotate(Model *model, const ModelInput *input, real *qkv, gboolean inverse)
{
    const ModelShape *shape = &model->shape;
    model->backend->rope(model->backend, qkv, model->angles, input->positions, input->rows,
                         model_shape_qkv_width(shape), shape->heads + shape->kv_heads, model_shape_head_size(shape),
                         inverse);
}

static void forward_attention(Model *model, const ModelInput *input, const ModelLayer *layer, const LayerOffsets *at)
{
    Backend *b = model->backend;
    const ModelShape *shape = &model->shape;
    const real *p = model->parameters;
    gsize rows = input->rows, hidden = shape->hidden;
    AttentionShape attention = attention_shape(model, input);
    b->rmsnorm_forward(b, layer->norm1, layer->inverse1, layer->x, p + at->input_norm, shape->norm_epsilon, rows,
                       hidden);
    b->linear_forward(b, layer->qkv, layer->norm1, p + at->qkv, rows, hidden, model_shape_qkv_width(shape));
    rotate(model, input, layer->qkv, FALSE);
    b->attention_forward(b, &attention, layer->attention, layer->lse, layer->qkv);
    b->linear_forward(b, layer->middle, layer->attention, p + at->output, rows, hidden, hidden);
    b->add(b, layer->middle, layer->middle, layer->x, rows * hidden);
}

static void forward_mlp(Model *model, gsize rows, const ModelLayer *layer, const LayerOffsets *at, real *out)
{
    Backend *b = model->backend;
    const ModelShape *shape = &model->shape;
    const real *p = model->parameters;
    gsize hidden = shape->hidden, inner = shape->intermediate;
    b->rmsnorm_forward(b, layer->norm2, layer->inverse2, layer->middle, p + at->post_norm, shape->norm_epsilon, rows,
                       hidden);
    b->linear_forward(b, layer->gate_up, layer->norm2, p + at->gate_up, rows, hidden, 2 * inner);
    b->swiglu_forward(b, layer->swiglu, layer->gate_up, rows, inner);
    b->linear_forward(b, out, layer->swiglu, p + at->down, rows, inner, hidden);
    b->add(b, out, out, layer->middle, rows * hidden);
}

void model_forward(Model *model, const ModelInput *input)
{
    Backend *b = model->backend;
    const ModelShape *shape = &model->shape;
    g_assert(input->rows <= model->max_rows);
    b->embedding_forward(b, model->layers[0].x, model->parameters + model->table->embedding, input->ids, input->rows,
                         shape->hidden);
    for (gsize l = 0; l < shape->layers; l++) {
        real *out = l + 1 < shape->layers ? model->layers[l + 1].x : model->last;
        forward_attention(model, input, &model->layers[l], &model->table->layers[l]);
        forward_mlp(model, input->rows, &model->layers[l], &model->table->layers[l], out);
    }
    b->rmsnorm_forward(b, model->normed, model->inverse, model->last, model->parameters + model->table->norm,
                       shape->norm_epsilon, input->rows, shape->hidden);
}

void model_losses(Model *model, const ModelInput *input, real *losses)
{
    Backend *b = model->backend;
    gsize classes = model->shape.vocabulary;
    b->linear_forward(b, model->logits, model->normed, model->parameters + model->table->head, input->rows,
                      model->shape.hidden, classes);
    b->cross_entropy_forward(b, losses, model->logit_lse, model->logits, input->targets, input->rows, classes);
}

void model_logits(Model *model, gsize row, real *logits)
{
    Backend *b = model->backend;
    gsize hidden = model->shape.hidden, classes = model->shape.vocabulary;
    b->linear_forward(b, model->logits, model->normed + row * hidden, model->parameters + model->table->head, 1, hidden,
                      classes);
    b->download(b, logits, model->logits, classes);
}

/* dx: in, the derivative by the layer's output; out, by `middle`. */
static void backward_mlp(Model *model, gsize rows, const ModelLayer *layer, const LayerOffsets *at)
{
    Backend *b = model->backend;
    const real *p = model->parameters;
    real *g = model->gradients, *dx = model->dx, *dswiglu = model->dwide, *dgate_up = model->dwider;
    gsize hidden = model->shape.hidden, inner = model->shape.intermediate;
    b->linear_backward_weight(b, g + at->down, dx, layer->swiglu, rows, inner, hidden);
    b->linear_backward_input(b, dswiglu, dx, p + at->down, rows, inner, hidden);
    b->swiglu_backward(b, dgate_up, dswiglu, layer->gate_up, rows, inner);
    b->linear_backward_weight(b, g + at->gate_up, dgate_up, layer->norm2, rows, hidden, 2 * inner);
    b->linear_backward_input(b, model->dhidden, dgate_up, p + at->gate_up, rows, hidden, 2 * inner);
    b->rmsnorm_backward(b, dx, g + at->post_norm, model->dhidden, layer->middle, p + at->post_norm, layer->inverse2,
                        rows, hidden);
}

/* dx: in, the derivative by `middle`; out, by the layer's input. */
static void backward_attention(Model *model, const ModelInput *input, const ModelLayer *layer, const LayerOffsets *at)
{
    Backend *b = model->backend;
    const real *p = model->parameters;
    real *g = model->gradients, *dx = model->dx, *dattention = model->dwide, *dqkv = model->dwider;
    gsize rows = input->rows, hidden = model->shape.hidden, width = model_shape_qkv_width(&model->shape);
    AttentionShape attention = attention_shape(model, input);
    b->linear_backward_weight(b, g + at->output, dx, layer->attention, rows, hidden, hidden);
    b->linear_backward_input(b, dattention, dx, p + at->output, rows, hidden, hidden);
    b->attention_backward(b, &attention, dqkv, dattention, layer->attention, layer->lse, layer->qkv);
    rotate(model, input, dqkv, TRUE);
    b->linear_backward_weight(b, g + at->qkv, dqkv, layer->norm1, rows, hidden, width);
    b->linear_backward_input(b, model->dhidden, dqkv, p + at->qkv, rows, hidden, width);
    b->rmsnorm_backward(b, dx, g + at->input_norm, model->dhidden, layer->x, p + at->input_norm, layer->inverse1, rows,
                        hidden);
}

void model_backward(Model *model, const ModelInput *input, double scale)
{
    Backend *b = model->backend;
    const ParameterTable *table = model->table;
    const real *p = model->parameters;
    real *g = model->gradients;
    gsize rows = input->rows, hidden = model->shape.hidden, classes = model->shape.vocabulary;
    b->cross_entropy_backward(b, model->logits, model->logit_lse, input->targets, scale, rows, classes);
    b->linear_backward_weight(b, g + table->head, model->logits, model->normed, rows, hidden, classes);
    b->linear_backward_input(b, model->dhidden, model->logits, p + table->head, rows, hidden, classes);
    b->clear(b, model->dx, rows * hidden);
    b->rmsnorm_backward(b, model->dx, g + table->norm, model->dhidden, model->last, p + table->norm, model->inverse,
                        rows, hidden);
    for (gsize l = model->shape.layers; l-- > 0;) {
        backward_mlp(model, rows, &model->layers[l], &table->layers[l]);
        backward_attention(model, input, &model->layers[l], &table->layers[l]);
    }
    b->embedding_backward(b, g + table->embedding, model->dx, input->ids, rows, hidden);
}

void model_clear_gradients(Model *model)
{
    model->backend->clear(model->backend, model->gradients, model->table->elements);
}
