/* SPDX-License-Identifier: Apache-2.0
 * Activations; see train/activations.h. */
#include "train/activations.h"

/* Of the parts: a cache line, and what GPUs like to load. */
#define ALIGNMENT 256

/* Hands out parts of one allocation; with no base it only counts. */
typedef struct Carver {
    char *base;
    gsize used;
    gsize real_bytes;
} Carver;

static void *carve(Carver *carver, gsize count, gsize size)
{
    void *part = carver->base ? carver->base + carver->used : NULL;
    carver->used += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return part;
}

static real *carve_real(Carver *carver, gsize count)
{
    return carve(carver, count, carver->real_bytes);
}

static wide *carve_wide(Carver *carver, gsize count)
{
    return carve(carver, count, sizeof(wide));
}

/* Elements of each part on this rank. */
typedef struct Sizes {
    gsize rows, kept_rows, hidden, qkv, attention, lse, inner;
} Sizes;

static Sizes sizes_of(const ModelShape *shape, const ModelPart *part, const ModelOptions *options)
{
    gsize rows = options->max_rows, head_size = model_shape_head_size(shape), tensor = part->tensor;
    gsize kept = part->sequence ? rows / tensor : rows;
    return (Sizes){
        .rows = rows,
        .hidden = kept * shape->hidden,
        .kept_rows = kept,
        .qkv = rows * (shape->heads + 2 * shape->kv_heads) / tensor * head_size,
        .attention = rows * shape->heads / tensor * head_size,
        .lse = rows * shape->heads / tensor,
        .inner = rows * shape->intermediate / tensor,
    };
}

static void carve_norms(Carver *carver, const Sizes *n, ModelLayer *layer)
{
    layer->norm1 = carve_real(carver, n->hidden);
    layer->norm2 = carve_real(carver, n->hidden);
    layer->swiglu = carve_real(carver, n->inner);
}

static void carve_rest(Carver *carver, const Sizes *n, ModelLayer *layer)
{
    layer->inverse1 = carve_wide(carver, n->kept_rows);
    layer->qkv = carve_real(carver, n->qkv);
    layer->attention = carve_real(carver, n->attention);
    layer->lse = carve_wide(carver, n->lse);
    layer->middle = carve_real(carver, n->hidden);
    layer->inverse2 = carve_wide(carver, n->kept_rows);
    layer->gate_up = carve_real(carver, 2 * n->inner);
}

/* Layers of one slot; `shared` has what all layers of all slots share. */
static void carve_layers(Carver *carver, const Sizes *n, const ModelOptions *options, const ModelLayer *shared, ModelLayer *layers,
                         gsize count)
{
    for (gsize l = 0; l < count; l++) {
        ModelLayer layer = *shared;
        if (options->use == MODEL_TRAIN && options->recompute == RECOMPUTE_NONE)
            carve_norms(carver, n, &layer);
        if (options->use == MODEL_TRAIN && options->recompute != RECOMPUTE_FULL)
            carve_rest(carver, n, &layer);
        layer.x = options->use == MODEL_INFER && l > 0 ? layers[0].x : carve_real(carver, n->hidden);
        layers[l] = layer;
    }
}

static ModelLayer carve_shared(Carver *carver, const Sizes *n, const ModelOptions *options)
{
    ModelLayer shared = {0};
    gboolean one = options->use == MODEL_INFER || options->recompute == RECOMPUTE_FULL;
    if (one || options->recompute == RECOMPUTE_SELECTIVE)
        carve_norms(carver, n, &shared);
    if (one)
        carve_rest(carver, n, &shared);
    return shared;
}

static void carve_last_norm(Carver *carver, const Sizes *n, ModelSlot *slot)
{
    slot->last = carve_real(carver, n->hidden);
    slot->normed = carve_real(carver, n->hidden);
    slot->inverse = carve_wide(carver, n->kept_rows);
}

static void carve_head(Carver *carver, Model *model)
{
    const ModelOptions *options = &model->options;
    gsize rows = options->use == MODEL_TRAIN ? MIN(options->max_rows, ACTIVATIONS_HEAD_ROWS) : 1;
    if (!model->table->has_head)
        return;
    model->logits = carve_real(carver, rows * model->table->classes.stride);
    model->largest = carve_wide(carver, rows);
    model->own = carve_wide(carver, rows);
    model->sum = carve_wide(carver, 2 * rows);
    model->logit_lse = carve_wide(carver, rows);
}

static void carve_scratch(Carver *carver, const Sizes *n, Model *model)
{
    model->exit = carve_real(carver, n->hidden);
    model->branch = carve_real(carver, n->hidden);
    if (model->part.sequence) {
        model->spread = carve_real(carver, n->rows * model->shape.hidden);
        model->partial = carve_real(carver, n->rows * model->shape.hidden);
    }
    if (model->options.use == MODEL_INFER)
        return;
    model->dx = carve_real(carver, n->hidden);
    model->dhidden = carve_real(carver, n->hidden);
    model->dnarrow = carve_real(carver, MAX(n->inner, n->attention));
    model->dwide = carve_real(carver, MAX(2 * n->inner, n->qkv));
}

static ActivationBytes carve_all(Model *model, Carver *carver, gsize layers_of_slot)
{
    const ModelOptions *options = &model->options;
    Sizes n = sizes_of(&model->shape, &model->part, options);
    ModelLayer shared = carve_shared(carver, &n, options);
    for (gsize s = 0; s < options->slots; s++) {
        carve_layers(carver, &n, options, &shared, model->slots[s].layers, layers_of_slot);
        if (model->table->has_head)
            carve_last_norm(carver, &n, &model->slots[s]);
    }
    ActivationBytes bytes = {.kept = carver->used};
    carve_head(carver, model);
    bytes.head = carver->used - bytes.kept;
    carve_scratch(carver, &n, model);
    bytes.scratch = carver->used - bytes.kept - bytes.head;
    return bytes;
}

static gsize most_layers(const Model *model)
{
    gsize most = 1;
    for (unsigned chunk = 0; chunk < model->part.chunks; chunk++)
        most = MAX(most, model_part_layers(&model->part, &model->shape, chunk).count);
    return most;
}

static void make_slots(Model *model, gsize layers)
{
    model->slots = g_new0(ModelSlot, model->options.slots);
    for (gsize s = 0; s < model->options.slots; s++)
        model->slots[s].layers = g_new0(ModelLayer, layers);
}

static void free_slots(Model *model)
{
    for (gsize s = 0; model->slots && s < model->options.slots; s++)
        g_free(model->slots[s].layers);
    g_free(model->slots);
}

ActivationBytes activations_measure(const ModelShape *shape, const ModelPart *part, const ModelOptions *options,
                                    ParameterTable *table, gsize real_bytes)
{
    Model model = {.shape = *shape, .part = *part, .options = *options, .table = table};
    gsize layers = most_layers(&model);
    Carver carver = {.real_bytes = real_bytes};
    make_slots(&model, layers);
    ActivationBytes bytes = carve_all(&model, &carver, layers);
    free_slots(&model);
    return bytes;
}

gboolean activations_allocate(Model *model)
{
    gsize layers = most_layers(model);
    Carver carver = {.real_bytes = sizeof(real)};
    make_slots(model, layers);
    carve_all(model, &carver, layers);
    model->activation_bytes = carver.used;
    model->activations = model->backend->allocate(model->backend, carver.used);
    if (!model->activations)
        return FALSE;
    carver = (Carver){.base = model->activations, .real_bytes = sizeof(real)};
    carve_all(model, &carver, layers);
    return TRUE;
}

void activations_release(Model *model)
{
    free_slots(model);
    if (model->activations)
        model->backend->release(model->backend, model->activations);
}
