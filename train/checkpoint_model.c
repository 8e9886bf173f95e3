/* SPDX-License-Identifier: Apache-2.0
 * Models to and from checkpoints; see train/checkpoint_model.h. */
#include "train/checkpoint_model.h"

#include "base/error.h"
#include "train/checkpoint_files.h"

static TensorType real_type(void)
{
    return sizeof(real) == sizeof(double) ? TENSOR_F64 : TENSOR_F32;
}

static void add_slice(GArray *slices, const ParameterTensor *tensor, const char *suffix, real *values)
{
    TensorSlice slice = tensor_slice_whole(g_strconcat(tensor->name, suffix, NULL), real_type(), tensor->rows, tensor->columns,
                                           values + tensor->offset);
    g_array_append_val(slices, slice);
}

GArray *model_slices_new(const ParameterTable *table, real *weights, real *m, real *v)
{
    GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    for (gsize t = 0; t < table->count; t++) {
        add_slice(slices, &table->tensors[t], "", weights);
        if (m)
            add_slice(slices, &table->tensors[t], ".m", m);
        if (v)
            add_slice(slices, &table->tensors[t], ".v", v);
    }
    return slices;
}

void model_slices_free(GArray *slices)
{
    for (guint i = 0; i < slices->len; i++)
        g_free((char *)g_array_index(slices, TensorSlice, i).name);
    g_array_free(slices, TRUE);
}

static const TensorSlice *first_slice(const GArray *slices)
{
    return (const TensorSlice *)(gconstpointer)slices->data;
}

static void download(const TensorSlice *slice, void *to, gpointer backend)
{
    ((Backend *)backend)->download(backend, to, slice->data, slice->end - slice->begin);
}

gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error)
{
    Model *model = optimizer->model;
    CheckpointSettings settings = {.output = output, .copy = download, .user = model->backend};
    g_autoptr(CheckpointWriter) writer = checkpoint_writer_new(&settings, NULL);
    g_autoptr(json_t) sizes = model_shape_to_json(&model->shape);
    CheckpointState with_model = *state;
    with_model.model = sizes;
    GArray *slices = model_slices_new(model->table, model->parameters, optimizer->m, optimizer->v);
    gboolean good = checkpoint_writer_begin(writer, &with_model, first_slice(slices), slices->len, error) &&
                    checkpoint_writer_finish(writer, error);
    model_slices_free(slices);
    return good;
}

gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, GError **error)
{
    Model *model = optimizer->model;
    Backend *backend = model->backend;
    gsize count = model->table->elements;
    g_autofree real *weights = g_new(real, count), *m = g_new(real, count), *v = g_new(real, count);
    GArray *slices = model_slices_new(model->table, weights, m, v);
    gboolean good = checkpoint_read(checkpoint, first_slice(slices), slices->len, NULL, error);
    model_slices_free(slices);
    if (!good)
        return FALSE;
    backend->upload(backend, model->parameters, weights, count);
    backend->upload(backend, optimizer->m, m, count);
    backend->upload(backend, optimizer->v, v, count);
    return TRUE;
}

Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error)
{
    g_autoptr(json_t) sizes = checkpoint_read_json(checkpoint, "config.json", error);
    g_autofree char *what = g_build_filename(checkpoint, "config.json", NULL);
    ModelShape shape;
    if (!sizes || !model_shape_from_json(sizes, what, &shape, error))
        return NULL;
    g_autoptr(Model) model = model_new(&shape, backend, shape.context, MODEL_INFER, error);
    if (!model)
        return NULL;
    g_autofree real *values = g_try_new(real, model->table->elements);
    if (!values) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: not enough memory for the weights", checkpoint);
        return NULL;
    }
    g_autoptr(TensorReader) reader = tensor_reader_new(checkpoint);
    GArray *slices = model_slices_new(model->table, values, NULL, NULL);
    gboolean good = tensor_reader_add(reader, "model", error) && tensor_reader_read(reader, first_slice(slices), slices->len, error);
    model_slices_free(slices);
    if (!good)
        return NULL;
    backend->upload(backend, model->parameters, values, model->table->elements);
    return g_steal_pointer(&model);
}
