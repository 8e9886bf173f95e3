/* SPDX-License-Identifier: Apache-2.0
 * A decoder layer; see train/layer.h. */
#include "train/layer.h"

/* ---- Sizes on this rank -------------------------------------------------------------------------------------- */

static gsize heads_here(const Model *model)
{
    return model->shape.heads / model->part.tensor;
}

static gsize kv_heads_here(const Model *model)
{
    return model->shape.kv_heads / model->part.tensor;
}

static gsize inner_here(const Model *model)
{
    return model->shape.intermediate / model->part.tensor;
}

static gsize attention_width(const Model *model)
{
    return heads_here(model) * model_shape_head_size(&model->shape);
}

static gsize qkv_width(const Model *model)
{
    return (heads_here(model) + 2 * kv_heads_here(model)) * model_shape_head_size(&model->shape);
}

static AttentionShape attention_shape(const Model *model, const ModelInput *input)
{
    return (AttentionShape){
        .starts = input->starts,
        .segments = input->segments,
        .heads = heads_here(model),
        .kv_heads = kv_heads_here(model),
        .head_size = model_shape_head_size(&model->shape),
    };
}

/* ---- Between ranks ------------------------------------------------------------------------------------------- */

gsize layer_hidden_rows(const Model *model, gsize rows)
{
    return model->part.sequence ? rows / model->part.tensor : rows;
}

const real *layer_spread(Model *model, const real *hidden, gsize rows)
{
    Communicator *tensor = model->options.tensor;
    if (!model->part.sequence)
        return hidden;
    tensor->gather(tensor, model->spread, hidden, layer_hidden_rows(model, rows) * model->shape.hidden, NUMBER_REAL);
    return model->spread;
}

real *layer_term(Model *model, real *to)
{
    return model->part.sequence ? model->partial : to;
}

void layer_join(Model *model, real *to, gsize rows)
{
    Communicator *tensor = model->options.tensor;
    if (model->part.sequence)
        tensor->scatter_sum(tensor, to, model->partial, layer_hidden_rows(model, rows) * model->shape.hidden, NUMBER_REAL);
    else if (model->part.tensor > 1)
        tensor->sum(tensor, to, rows * model->shape.hidden, NUMBER_REAL);
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

static void rotate(Model *model, const ModelInput *input, real *qkv, gboolean inverse)
{
    model->backend->rope(model->backend, qkv, model->angles, input->positions, input->rows, qkv_width(model),
                         heads_here(model) + kv_heads_here(model), model_shape_head_size(&model->shape), inverse);
}

void layer_enter(Model *model, gsize layer, const ModelLayer *at, gsize rows)
{
    model->backend->rmsnorm_forward(model->backend, at->norm1, at->inverse1, at->x, model->parameters + model->table->layers[layer].input_norm,
                                    model->shape.norm_epsilon, layer_hidden_rows(model, rows), model->shape.hidden);
}

/* From norm1 to model->branch, to be added to x. */
static void forward_attention(Model *model, const LayerOffsets *offsets, const ModelLayer *at, const ModelInput *input)
{
    Backend *b = model->backend;
    const real *p = model->parameters;
    gsize rows = input->rows, hidden = model->shape.hidden;
    AttentionShape attention = attention_shape(model, input);
    b->linear_forward(b, at->qkv, layer_spread(model, at->norm1, rows), p + offsets->qkv, rows, hidden, qkv_width(model));
    rotate(model, input, at->qkv, FALSE);
    b->attention_forward(b, &attention, at->attention, at->lse, at->qkv);
    b->linear_forward(b, layer_term(model, model->branch), at->attention, p + offsets->output, rows, attention_width(model), hidden);
    layer_join(model, model->branch, rows);
}

/* From model->branch to swiglu. */
static void forward_mlp(Model *model, const LayerOffsets *offsets, const ModelLayer *at, gsize rows)
{
    Backend *b = model->backend;
    const real *p = model->parameters;
    gsize hidden = model->shape.hidden, inner = inner_here(model);
    b->add_rmsnorm_forward(b, at->middle, at->norm2, at->inverse2, at->x, model->branch, p + offsets->post_norm, model->shape.norm_epsilon,
                           layer_hidden_rows(model, rows), hidden);
    b->linear_forward(b, at->gate_up, layer_spread(model, at->norm2, rows), p + offsets->gate_up, rows, hidden, 2 * inner);
    b->swiglu_forward(b, at->swiglu, at->gate_up, rows, inner);
}

static void narrow_products(const Model *model, gboolean may)
{
    if (model->backend->narrow_products)
        model->backend->narrow_products(model->backend, may);
}

void layer_forward(Model *model, gsize layer, const ModelLayer *at, const ModelInput *input)
{
    Backend *b = model->backend;
    const LayerOffsets *offsets = &model->table->layers[layer];
    narrow_products(model, TRUE);
    forward_attention(model, offsets, at, input);
    forward_mlp(model, offsets, at, input->rows);
    b->linear_forward(b, layer_term(model, model->branch), at->swiglu, model->parameters + offsets->down, input->rows, inner_here(model),
                      model->shape.hidden);
    narrow_products(model, FALSE);
    layer_join(model, model->branch, input->rows);
}

/* ---- Backward ------------------------------------------------------------------------------------------------ */

/* What forward computed and did not keep, by the same operations on the same numbers. */
static void recompute_mlp(Model *model, gsize layer, const ModelLayer *at, const ModelInput *input)
{
    Backend *b = model->backend;
    const LayerOffsets *offsets = &model->table->layers[layer];
    gsize rows = input->rows;
    if (model->options.recompute == RECOMPUTE_FULL) {
        layer_enter(model, layer, at, rows);
        forward_attention(model, offsets, at, input);
        forward_mlp(model, offsets, at, rows);
    } else if (model->options.recompute == RECOMPUTE_SELECTIVE) {
        b->rmsnorm_forward(b, at->norm2, at->inverse2, at->middle, model->parameters + offsets->post_norm, model->shape.norm_epsilon,
                           layer_hidden_rows(model, rows), model->shape.hidden);
        b->swiglu_forward(b, at->swiglu, at->gate_up, rows, inner_here(model));
    }
}

/* model->dx: in, the derivative by the layer's output; out, by `middle`. */
static void backward_mlp(Model *model, const LayerOffsets *offsets, const ModelLayer *at, gsize rows)
{
    Backend *b = model->backend;
    const real *p = model->parameters, *dout = layer_spread(model, model->dx, rows);
    wide *g = model->gradients;
    gsize hidden = model->shape.hidden, inner = inner_here(model);
    b->linear_backward_weight(b, g + offsets->down, dout, at->swiglu, rows, inner, hidden);
    b->linear_backward_input(b, model->dnarrow, dout, p + offsets->down, rows, inner, hidden);
    b->swiglu_backward(b, model->dwide, model->dnarrow, at->gate_up, rows, inner);
    b->linear_backward_weight(b, g + offsets->gate_up, model->dwide, layer_spread(model, at->norm2, rows), rows, hidden, 2 * inner);
    b->linear_backward_input(b, layer_term(model, model->dhidden), model->dwide, p + offsets->gate_up, rows, hidden, 2 * inner);
    layer_join(model, model->dhidden, rows);
    b->rmsnorm_backward(b, model->dx, g + offsets->post_norm, model->dhidden, at->middle, p + offsets->post_norm, at->inverse2,
                        layer_hidden_rows(model, rows), hidden);
}

/* model->dx: in, the derivative by `middle`; out, by x. */
static void backward_attention(Model *model, const LayerOffsets *offsets, const ModelLayer *at, const ModelInput *input)
{
    Backend *b = model->backend;
    gsize rows = input->rows, hidden = model->shape.hidden, width = qkv_width(model);
    const real *p = model->parameters, *dout = layer_spread(model, model->dx, rows);
    wide *g = model->gradients;
    AttentionShape attention = attention_shape(model, input);
    b->linear_backward_weight(b, g + offsets->output, dout, at->attention, rows, attention_width(model), hidden);
    b->linear_backward_input(b, model->dnarrow, dout, p + offsets->output, rows, attention_width(model), hidden);
    b->attention_backward(b, &attention, model->dwide, model->dnarrow, at->attention, at->lse, at->qkv);
    rotate(model, input, model->dwide, TRUE);
    b->linear_backward_weight(b, g + offsets->qkv, model->dwide, layer_spread(model, at->norm1, rows), rows, hidden, width);
    b->linear_backward_input(b, layer_term(model, model->dhidden), model->dwide, p + offsets->qkv, rows, hidden, width);
    layer_join(model, model->dhidden, rows);
    b->rmsnorm_backward(b, model->dx, g + offsets->input_norm, model->dhidden, at->x, p + offsets->input_norm, at->inverse1,
                        layer_hidden_rows(model, rows), hidden);
}

void layer_backward(Model *model, gsize layer, const ModelLayer *at, const ModelInput *input)
{
    const LayerOffsets *offsets = &model->table->layers[layer];
    narrow_products(model, TRUE);
    recompute_mlp(model, layer, at, input);
    backward_mlp(model, offsets, at, input->rows);
    if (model->options.recompute == RECOMPUTE_SELECTIVE)
        layer_enter(model, layer, at, input->rows);
    backward_attention(model, offsets, at, input);
    narrow_products(model, FALSE);
}
