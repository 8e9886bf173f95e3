/* SPDX-License-Identifier: Apache-2.0
 * The Llama, forward and backward; see train/model.h. */
#include "train/model.h"

#include "base/error.h"
#include "train/activations.h"
#include "train/angles.h"
#include "train/layer.h"

/* ---- Making one ---------------------------------------------------------------------------------------------- */

static void number_layers(Model *model)
{
    unsigned chunks = model->part.chunks;
    model->first_layers = g_new0(gsize, chunks + 1);
    for (unsigned chunk = 0; chunk < chunks; chunk++)
        model->first_layers[chunk + 1] = model->first_layers[chunk] + model_part_layers(&model->part, &model->shape, chunk).count;
}

static gboolean allocate_all(Model *model, GError **error)
{
    Backend *backend = model->backend;
    gsize elements = model->table->elements, angles = model->shape.context * model_shape_head_size(&model->shape);
    gboolean good = activations_allocate(model);
    model->parameters = backend->allocate(backend, elements * sizeof(real));
    model->angles = backend->allocate(backend, angles * sizeof(wide));
    if (model->options.use == MODEL_TRAIN)
        model->gradients = backend->allocate(backend, model->table->gradient_elements * sizeof(wide));
    if (good && model->parameters && model->angles && (model->gradients || model->options.use != MODEL_TRAIN))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "not enough memory for a model of %" G_GSIZE_FORMAT " parameters and %.1f GB of activations; "
                "a smaller batch.micro_batch needs less",
                elements, (double)model->activation_bytes / 1e9);
    return FALSE;
}

static void upload_angles(Model *model)
{
    gsize count = model->shape.context * model_shape_head_size(&model->shape);
    g_autofree wide *angles = g_new(wide, count);
    angles_fill(&model->shape, angles);
    model->backend->upload(model->backend, model->angles, angles, count * sizeof *angles);
}

Model *model_new(const ModelShape *shape, const ModelPart *part, Backend *backend, const ModelOptions *options, GError **error)
{
    if (!model_shape_check(shape, error))
        return NULL;
    g_autoptr(Model) model = g_new0(Model, 1);
    model->shape = *shape;
    model->part = *part;
    model->options = *options;
    model->options.slots = MAX(options->slots, 1);
    model->options.shares = MAX(options->shares, 1);
    model->backend = backend;
    model->table = parameter_table_new(shape, part, model->options.shares);
    number_layers(model);
    if (!allocate_all(model, error))
        return NULL;
    upload_angles(model);
    return g_steal_pointer(&model);
}

void model_free(Model *model)
{
    if (!model)
        return;
    Backend *backend = model->backend;
    backend->release(backend, model->parameters);
    backend->release(backend, model->gradients);
    backend->release(backend, model->angles);
    activations_release(model);
    parameter_table_free(model->table);
    g_free(model->first_layers);
    g_free(model);
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

gsize model_hidden_elements(const Model *model, const ModelInput *input)
{
    return layer_hidden_rows(model, input->rows) * model->shape.hidden;
}

real *model_entry(const Model *model, gsize slot)
{
    return model->slots[slot].layers[0].x;
}

const real *model_exit(const Model *model)
{
    return model->exit;
}

static void tell_needed(Model *model, gsize bucket)
{
    if (model->needed)
        model->needed(bucket, model->bucket_user);
}

static void embed(Model *model, real *to, const ModelInput *input)
{
    Backend *b = model->backend;
    tell_needed(model, model->table->embedding_bucket);
    b->embedding_forward(b, layer_term(model, to), model->parameters + model->table->embedding, input->ids, &model->table->classes,
                         input->rows, model->shape.hidden);
    layer_join(model, to, input->rows);
}

/* What follows the sum of a layer's middle and its branch: another layer, the last norm, or another rank. */
static void leave_layer(Model *model, unsigned chunk, ModelSlot *slot, gsize l, gsize layers, gsize rows)
{
    Backend *b = model->backend;
    const ParameterTable *table = model->table;
    const real *p = model->parameters, *middle = slot->layers[l].middle;
    gsize hidden = model->shape.hidden, kept = layer_hidden_rows(model, rows);
    double epsilon = model->shape.norm_epsilon;
    if (l + 1 < layers) {
        const ModelLayer *next = &slot->layers[l + 1];
        tell_needed(model, table->layers[model->first_layers[chunk] + l + 1].bucket);
        b->add_rmsnorm_forward(b, next->x, next->norm1, next->inverse1, middle, model->branch,
                               p + table->layers[model->first_layers[chunk] + l + 1].input_norm, epsilon, kept, hidden);
    } else if (model_part_is_last(&model->part, chunk)) {
        tell_needed(model, table->head_bucket);
        b->add_rmsnorm_forward(b, slot->last, slot->normed, slot->inverse, middle, model->branch, p + table->norm, epsilon, kept, hidden);
    } else {
        b->add(b, model->exit, middle, model->branch, kept * hidden);
    }
}

void model_forward(Model *model, unsigned chunk, gsize slot_number, const ModelInput *input)
{
    ModelSlot *slot = &model->slots[slot_number];
    gsize first = model->first_layers[chunk], layers = model->first_layers[chunk + 1] - first;
    g_assert(input->rows <= model->options.max_rows);
    if (model_part_is_first(&model->part, chunk))
        embed(model, slot->layers[0].x, input);
    tell_needed(model, model->table->layers[first].bucket);
    layer_enter(model, first, &slot->layers[0], input->rows);
    for (gsize l = 0; l < layers; l++) {
        layer_forward(model, first + l, &slot->layers[l], input);
        leave_layer(model, chunk, slot, l, layers, input->rows);
    }
}

/* ---- The head ------------------------------------------------------------------------------------------------ */

/* Rows [first, first + count) of a micro-batch, of which the head computes the logits at once. */
typedef struct HeadRows {
    const ModelInput *input;
    const real *normed; /* all rows */
    gsize first, count;
} HeadRows;

static void head_losses(Model *model, const HeadRows *r, wide *losses)
{
    Backend *b = model->backend;
    Communicator *tensor = model->options.tensor;
    const ParameterTable *table = model->table;
    gsize hidden = model->shape.hidden;
    wide *target = model->sum + r->count; /* behind the sums, so that one message carries both */
    b->linear_forward(b, model->logits, r->normed + r->first * hidden, model->parameters + table->head, r->count, hidden,
                      table->classes.stride);
    b->cross_entropy_forward(b, model->largest, model->sum, target, model->logits, r->input->targets + r->first, &table->classes,
                             r->count);
    if (model->part.tensor > 1) {
        b->copy(b, model->own, model->largest, r->count * sizeof(wide));
        tensor->maximum(tensor, model->largest, r->count);
        b->cross_entropy_rescale(b, model->sum, model->own, model->largest, r->count);
        tensor->sum(tensor, model->sum, 2 * r->count, NUMBER_WIDE);
    }
    b->cross_entropy_losses(b, losses + r->first, model->logit_lse, model->largest, model->sum, target, r->count);
}

/* The derivative by the head's input of these rows to their place in dnormed. */
static void head_backward(Model *model, const HeadRows *r, real *dnormed)
{
    Backend *b = model->backend;
    const ParameterTable *table = model->table;
    gsize hidden = model->shape.hidden, classes = table->classes.stride;
    b->cross_entropy_backward(b, model->logits, model->logit_lse, r->input->targets + r->first, r->input->weights + r->first,
                              &table->classes, r->count);
    b->linear_backward_weight(b, model->gradients + table->head_gradient, model->logits, r->normed + r->first * hidden, r->count, hidden,
                              classes);
    b->linear_backward_input(b, dnormed + r->first * hidden, model->logits, model->parameters + table->head, r->count, hidden, classes);
}

/* The head's backward comes at once, while the logits are there: what is left of it takes the place of the normed rows. */
void model_losses(Model *model, gsize slot_number, const ModelInput *input, wide *losses)
{
    ModelSlot *slot = &model->slots[slot_number];
    HeadRows r = {.input = input, .normed = layer_spread(model, slot->normed, input->rows)};
    real *dnormed = layer_term(model, slot->normed);
    for (; r.first < input->rows; r.first += r.count) {
        r.count = MIN(ACTIVATIONS_HEAD_ROWS, input->rows - r.first);
        head_losses(model, &r, losses);
        if (input->weights)
            head_backward(model, &r, dnormed);
    }
    if (input->weights)
        layer_join(model, slot->normed, input->rows);
}

void model_logits(Model *model, gsize row, real *logits)
{
    Backend *b = model->backend;
    gsize hidden = model->shape.hidden;
    b->linear_forward(b, model->logits, model->slots[0].normed + row * hidden, model->parameters + model->table->head, 1, hidden,
                      model->table->classes.stride);
    b->download(b, logits, model->logits, model->shape.vocabulary * sizeof *logits);
}

/* ---- Backward ------------------------------------------------------------------------------------------------ */

static void tell_ready(Model *model, const ModelInput *input, gsize bucket)
{
    if (input->last && model->ready)
        model->ready(bucket, model->bucket_user);
}

static void backward_last_norm(Model *model, const ModelSlot *slot, const ModelInput *input)
{
    Backend *b = model->backend;
    const ParameterTable *table = model->table;
    b->clear(b, model->dx, model_hidden_elements(model, input) * sizeof(real));
    b->rmsnorm_backward(b, model->dx, model->gradients + table->norm, slot->normed, slot->last, model->parameters + table->norm,
                        slot->inverse, layer_hidden_rows(model, input->rows), model->shape.hidden);
    tell_ready(model, input, table->head_bucket);
}

void model_backward(Model *model, unsigned chunk, gsize slot_number, const ModelInput *input)
{
    Backend *b = model->backend;
    const ParameterTable *table = model->table;
    const ModelSlot *slot = &model->slots[slot_number];
    gsize first = model->first_layers[chunk], layers = model->first_layers[chunk + 1] - first;
    if (model_part_is_last(&model->part, chunk))
        backward_last_norm(model, slot, input);
    for (gsize l = layers; l-- > 0;) {
        layer_backward(model, first + l, &slot->layers[l], input);
        tell_ready(model, input, table->layers[first + l].bucket);
    }
    if (!model_part_is_first(&model->part, chunk))
        return;
    b->embedding_backward(b, model->gradients + table->embedding, layer_spread(model, model->dx, input->rows), input->ids, &table->classes,
                          input->rows, model->shape.hidden);
    tell_ready(model, input, table->embedding_bucket);
}

void model_clear_gradients(Model *model)
{
    model->backend->clear(model->backend, model->gradients, model->table->gradient_elements * sizeof(wide));
}
