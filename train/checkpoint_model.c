/* SPDX-License-Identifier: Apache-2.0
 * Models to and from checkpoints; see train/checkpoint_model.h. */
#include "train/checkpoint_model.h"

#include "base/error.h"
#include "train/checkpoint_files.h"

#define WIDE_TYPE (sizeof(wide) == sizeof(double) ? TENSOR_F64 : TENSOR_F32)
#define REAL_TYPE (REAL_IS_WIDE ? WIDE_TYPE : TENSOR_BF16)

/* ---- Slices -------------------------------------------------------------------------------------------------- */

static void free_slices(GArray *slices)
{
    for (guint i = 0; i < slices->len; i++)
        g_free((char *)g_array_index(slices, TensorSlice, i).name);
    g_array_free(slices, TRUE);
}

/* Elements [begin, begin + count) of what lies here of a tensor. */
static void add_slice(GArray *slices, const ParameterTensor *tensor, const char *suffix, TensorType type, gsize begin, gsize count, void *data)
{
    TensorSlice slice = {
        .name = g_strconcat(tensor->name, suffix, NULL),
        .type = type,
        .rows = tensor->rows,
        .columns = tensor->columns,
        .row = tensor->row,
        .row_count = tensor->row_count,
        .column = tensor->column,
        .column_count = tensor->columns ? tensor->column_count : 0,
        .begin = begin,
        .end = begin + count,
        .data = data,
    };
    g_array_append_val(slices, slice);
}

static gboolean writes(const Optimizer *optimizer, const ParameterPiece *piece)
{
    const Model *model = optimizer->model;
    const ParameterTensor *tensor = &model->table->tensors[piece->tensor];
    unsigned data = optimizer->ranks.data ? optimizer->ranks.data->rank : 0;
    return piece->share == data && parameter_tensor_counts_here(tensor, &model->part);
}

/* What this rank writes, in the backend's memory. */
static GArray *slices_to_write(const Optimizer *optimizer)
{
    const Model *model = optimizer->model;
    GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    for (guint i = 0; i < optimizer->pieces->len; i++) {
        const ParameterPiece *piece = &g_array_index(optimizer->pieces, ParameterPiece, i);
        const ParameterTensor *tensor = &model->table->tensors[piece->tensor];
        gsize state = optimizer_state_offset(optimizer, piece);
        if (!writes(optimizer, piece))
            continue;
        add_slice(slices, tensor, "", REAL_TYPE, piece->begin, piece->count, model->parameters + piece->offset);
        if (!REAL_IS_WIDE)
            add_slice(slices, tensor, ".master", WIDE_TYPE, piece->begin, piece->count, optimizer->master + state);
        add_slice(slices, tensor, ".m", WIDE_TYPE, piece->begin, piece->count, optimizer->m + state);
        add_slice(slices, tensor, ".v", WIDE_TYPE, piece->begin, piece->count, optimizer->v + state);
    }
    return slices;
}

/* All weights that lie here, to values[table->elements]. */
static void add_weights(GArray *slices, const ParameterTable *table, const char *suffix, wide *values)
{
    for (gsize t = 0; t < table->count; t++) {
        const ParameterTensor *tensor = &table->tensors[t];
        add_slice(slices, tensor, suffix, WIDE_TYPE, 0, parameter_tensor_elements(tensor), values + tensor->offset);
    }
}

static void add_moments(GArray *slices, const Optimizer *optimizer, wide *m, wide *v)
{
    for (guint i = 0; i < optimizer->pieces->len; i++) {
        const ParameterPiece *piece = &g_array_index(optimizer->pieces, ParameterPiece, i);
        const ParameterTensor *tensor = &optimizer->model->table->tensors[piece->tensor];
        gsize state = optimizer_state_offset(optimizer, piece);
        if (!optimizer_owns(optimizer, piece))
            continue;
        add_slice(slices, tensor, ".m", WIDE_TYPE, piece->begin, piece->count, m + state);
        add_slice(slices, tensor, ".v", WIDE_TYPE, piece->begin, piece->count, v + state);
    }
}

static const TensorSlice *first_slice(const GArray *slices)
{
    return (const TensorSlice *)(gconstpointer)slices->data;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void download(const TensorSlice *slice, void *to, gpointer backend)
{
    ((Backend *)backend)->download(backend, to, slice->data, (slice->end - slice->begin) * tensor_type_size(slice->type));
}

CheckpointWriter *checkpoint_model_writer_new(const char *output, guint64 keep, gboolean background, const ModelFiles *files,
                                              const Optimizer *optimizer, Comm *comm)
{
    CheckpointSettings settings = {
        .output = output, .keep = keep, .background = background, .files = files, .copy = download, .user = optimizer->model->backend};
    return checkpoint_writer_new(&settings, comm);
}

gboolean checkpoint_model_begin(CheckpointWriter *writer, const CheckpointState *state, const Optimizer *optimizer, GError **error)
{
    g_autoptr(json_t) sizes = model_shape_to_json(&optimizer->model->shape);
    CheckpointState with_model = *state;
    with_model.model = sizes;
    optimizer_await(optimizer);
    GArray *slices = slices_to_write(optimizer);
    gboolean good = checkpoint_writer_begin(writer, &with_model, first_slice(slices), slices->len, error);
    free_slices(slices);
    return good;
}

gboolean checkpoint_save(const char *output, const CheckpointState *state, const Optimizer *optimizer, GError **error)
{
    g_autoptr(CheckpointWriter) writer = checkpoint_model_writer_new(output, 0, FALSE, NULL, optimizer, NULL);
    return checkpoint_model_begin(writer, state, optimizer, error) && checkpoint_writer_finish(writer, error);
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

/* "" where the weights are all there is. What cannot be opened is told when it is read. */
static const char *weight_suffix(const char *checkpoint, const ParameterTable *table)
{
    g_autoptr(TensorReader) reader = checkpoint_open(checkpoint, NULL);
    g_autofree char *master = g_strconcat(table->tensors[0].name, ".master", NULL);
    return reader && tensor_reader_find(reader, master) ? ".master" : "";
}

gboolean checkpoint_load(const char *checkpoint, Optimizer *optimizer, Comm *comm, GError **error)
{
    Backend *backend = optimizer->model->backend;
    const ParameterTable *table = optimizer->model->table;
    gsize bytes = optimizer->state_elements * sizeof(wide);
    g_autofree wide *weights = g_new0(wide, table->elements), *m = g_malloc0(bytes), *v = g_malloc0(bytes);
    GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    add_weights(slices, table, weight_suffix(checkpoint, table), weights);
    add_moments(slices, optimizer, m, v);
    gboolean good = checkpoint_read(checkpoint, first_slice(slices), slices->len, comm, error);
    free_slices(slices);
    if (!good)
        return FALSE;
    optimizer_set_weights(optimizer, weights);
    backend->upload(backend, optimizer->m, m, bytes);
    backend->upload(backend, optimizer->v, v, bytes);
    return TRUE;
}

static gboolean check_size(const char *what, const char *key, double there, double wanted, GError **error)
{
    if (there == wanted)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: these weights have a %s of %g, but the run's model has %g; set model.%s", what, key, there, wanted, key);
    return FALSE;
}

/* Whether weights mean the same in both. */
static gboolean check_shape(const char *what, const ModelShape *there, const ModelShape *wanted, GError **error)
{
    const struct {
        const char *key;
        double there, wanted;
    } sizes[] = {
        {"vocabulary", (double)there->vocabulary, (double)wanted->vocabulary},
        {"hidden", (double)there->hidden, (double)wanted->hidden},
        {"layers", (double)there->layers, (double)wanted->layers},
        {"heads", (double)there->heads, (double)wanted->heads},
        {"kv_heads", (double)there->kv_heads, (double)wanted->kv_heads},
        {"intermediate", (double)there->intermediate, (double)wanted->intermediate},
        {"rope_theta", there->rope_theta, wanted->rope_theta},
        {"norm_eps", there->norm_epsilon, wanted->norm_epsilon},
        {"tied", there->tied, wanted->tied},
        {"rope_scaling.factor", there->rope_scaling.factor, wanted->rope_scaling.factor},
        {"rope_scaling.low_freq_factor", there->rope_scaling.low_frequency, wanted->rope_scaling.low_frequency},
        {"rope_scaling.high_freq_factor", there->rope_scaling.high_frequency, wanted->rope_scaling.high_frequency},
        {"rope_scaling.original_context", (double)there->rope_scaling.original_context, (double)wanted->rope_scaling.original_context},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (!check_size(what, sizes[i].key, sizes[i].there, sizes[i].wanted, error))
            return FALSE;
    return TRUE;
}

static gboolean check_config(const char *directory, const ModelShape *wanted, GError **error)
{
    g_autoptr(json_t) sizes = checkpoint_read_json(directory, "config.json", error);
    g_autofree char *what = g_build_filename(directory, "config.json", NULL);
    ModelShape there;
    return sizes && model_shape_from_json(sizes, what, &there, error) && check_shape(what, &there, wanted, error);
}

static gboolean read_weights(const char *directory, const GArray *slices, Comm *comm, GError **error)
{
    g_autofree char *state = g_build_filename(directory, "state.json", NULL);
    if (g_file_test(state, G_FILE_TEST_EXISTS))
        return checkpoint_read(directory, first_slice(slices), slices->len, comm, error);
    g_autoptr(TensorReader) reader = tensor_reader_new(directory);
    gboolean good = tensor_reader_add(reader, "model", error) && tensor_reader_read(reader, first_slice(slices), slices->len, error);
    return comm_agree(comm, good, error);
}

gboolean checkpoint_load_weights(const char *weights, Optimizer *optimizer, Comm *comm, GError **error)
{
    const ParameterTable *table = optimizer->model->table;
    g_autoptr(GError) cause = NULL;
    g_autofree char *newest = checkpoint_find_newest_together(weights, comm, &cause);
    const char *directory = newest ? newest : weights;
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    else if (comm_agree(comm, check_config(directory, &optimizer->model->shape, error), error)) {
        g_autofree wide *values = g_new0(wide, table->elements);
        GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
        add_weights(slices, table, weight_suffix(directory, table), values);
        gboolean good = read_weights(directory, slices, comm, error);
        free_slices(slices);
        if (good)
            optimizer_set_weights(optimizer, values);
        return good;
    }
    return FALSE;
}

static gboolean put_weights(Model *model, const wide *values, GError **error)
{
    Backend *backend = model->backend;
    gsize count = model->table->elements;
    wide *there = backend->allocate(backend, count * sizeof *there);
    if (!there) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "not enough memory to load the weights");
        return FALSE;
    }
    backend->upload(backend, there, values, count * sizeof *there);
    backend->narrow(backend, model->parameters, there, count);
    backend->release(backend, there);
    return TRUE;
}

Model *checkpoint_load_model(const char *checkpoint, Backend *backend, GError **error)
{
    g_autoptr(json_t) sizes = checkpoint_read_json(checkpoint, "config.json", error);
    g_autofree char *what = g_build_filename(checkpoint, "config.json", NULL);
    ModelShape shape;
    if (!sizes || !model_shape_from_json(sizes, what, &shape, error))
        return NULL;
    ModelOptions options = {.use = MODEL_INFER, .max_rows = shape.context};
    g_autoptr(Model) model = model_new(&shape, &model_part_whole, backend, &options, error);
    if (!model)
        return NULL;
    g_autofree wide *values = g_try_new0(wide, model->table->elements);
    if (!values) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s: not enough memory for the weights", checkpoint);
        return NULL;
    }
    g_autoptr(TensorReader) reader = tensor_reader_new(checkpoint);
    GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    add_weights(slices, model->table, "", values);
    gboolean good = tensor_reader_add(reader, "model", error) && tensor_reader_read(reader, first_slice(slices), slices->len, error);
    free_slices(slices);
    return good && put_weights(model, values, error) ? g_steal_pointer(&model) : NULL;
}
