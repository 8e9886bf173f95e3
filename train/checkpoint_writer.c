/* SPDX-License-Identifier: Apache-2.0
 * Writing of checkpoints, in the foreground or by a thread; see train/checkpoint.h.
 *
 * Only what this rank writes happens in the thread. All that needs the other ranks is done by the caller's thread, which
 * alone may use the Comm. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/checkpoint.h"
#include "train/checkpoint_files.h"
#include "train/tensor_writer.h"

/* A checkpoint that has no name yet. */
typedef struct Pending {
    CheckpointState state;
    char *path, *partial;
    TensorLayout *layout;
    TensorSlice *slices; /* with names of their own, and the copies for the thread */
    gsize count;
    guint64 *sums; /* of what this rank writes, by tensors of the layout */
    GThread *thread;
    GError *error; /* of the thread, to be read behind `done` */
    gint done;     /* atomic: this rank has written */
    gint stop;     /* atomic: no need to go on */
} Pending;

struct CheckpointWriter {
    CheckpointSettings settings;
    char *output;
    Comm *comm;
    Pending *pending;
};

CheckpointWriter *checkpoint_writer_new(const CheckpointSettings *settings, Comm *comm)
{
    CheckpointWriter *writer = g_new0(CheckpointWriter, 1);
    writer->output = g_strdup(settings->output);
    writer->settings = *settings;
    writer->settings.output = writer->output;
    if (!writer->settings.file_bytes)
        writer->settings.file_bytes = TENSOR_FILE_BYTES;
    writer->comm = comm;
    return writer;
}

static void free_copies(Pending *pending)
{
    for (gsize i = 0; i < pending->count; i++)
        g_clear_pointer(&pending->slices[i].data, g_free);
}

static void pending_free(Pending *pending)
{
    if (!pending)
        return;
    g_atomic_int_set(&pending->stop, 1);
    if (pending->thread)
        g_thread_join(pending->thread);
    free_copies(pending);
    for (gsize i = 0; i < pending->count; i++)
        g_free((char *)pending->slices[i].name);
    checkpoint_state_clear(&pending->state);
    tensor_layout_free(pending->layout);
    g_clear_error(&pending->error);
    g_free(pending->slices);
    g_free(pending->sums);
    g_free(pending->path);
    g_free(pending->partial);
    g_free(pending);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pending, pending_free)

void checkpoint_writer_free(CheckpointWriter *writer)
{
    if (!writer)
        return;
    pending_free(writer->pending);
    g_free(writer->output);
    g_free(writer);
}

/* ---- What one rank writes ---- */

static gsize slice_bytes(const TensorSlice *slice)
{
    return (slice->end - slice->begin) * tensor_type_size(slice->type);
}

/* NULL where there is no memory for it. */
static void *copy_slice(const CheckpointSettings *settings, const TensorSlice *slice)
{
    void *copy = g_try_malloc(MAX(slice_bytes(slice), 1));
    if (copy && settings->copy)
        settings->copy(slice, copy, settings->user);
    else if (copy && slice_bytes(slice))
        memcpy(copy, slice->data, slice_bytes(slice));
    return copy;
}

static gboolean copy_slices(const CheckpointSettings *settings, Pending *pending, const TensorSlice *slices)
{
    for (gsize i = 0; i < pending->count; i++) {
        pending->slices[i].data = copy_slice(settings, &slices[i]);
        if (!pending->slices[i].data) {
            free_copies(pending);
            return FALSE;
        }
    }
    return TRUE;
}

static gpointer write_copies(gpointer data)
{
    Pending *pending = data;
    TensorOutput *output = tensor_output_open(pending->layout, pending->partial, pending->sums);
    gboolean good = TRUE;
    for (gsize i = 0; good && i < pending->count && !g_atomic_int_get(&pending->stop); i++) {
        good = tensor_output_put(output, &pending->slices[i], &pending->error);
        g_clear_pointer(&pending->slices[i].data, g_free);
    }
    tensor_output_close(output, good ? &pending->error : NULL);
    g_atomic_int_set(&pending->done, 1);
    return NULL;
}

/* With one copy in memory at a time, and without any where the data lie there already. */
static void write_here(const CheckpointSettings *settings, Pending *pending, const TensorSlice *slices)
{
    TensorOutput *output = tensor_output_open(pending->layout, pending->partial, pending->sums);
    gboolean good = TRUE;
    for (gsize i = 0; good && i < pending->count; i++) {
        TensorSlice slice = slices[i];
        g_autofree void *copy = settings->copy ? copy_slice(settings, &slice) : NULL;
        if (copy)
            slice.data = copy;
        good = !settings->copy || copy;
        if (!good)
            g_set_error(&pending->error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                        "not enough memory for a copy of tensor \"%s\" (%" G_GSIZE_FORMAT " bytes)", slice.name, slice_bytes(&slice));
        else
            good = tensor_output_put(output, &slice, &pending->error);
    }
    tensor_output_close(output, good ? &pending->error : NULL);
    pending->done = 1;
}

/* ---- What all ranks do together ---- */

static json_t *state_to_json(const CheckpointState *state, const TensorLayout *layout, const guint64 *sums)
{
    char shards[SHA256_HEX_SIZE];
    json_t *by_name = json_object();
    sha256_hex(&state->shards, shards);
    for (guint i = 0; i < layout->tensors->len; i++)
        json_object_set_new(by_name, g_array_index(layout->tensors, LayoutTensor, i).tensor->name, checkpoint_format_sum(sums[i]));
    return json_pack("{s:i, s:I, s:s, s:O, s:o}", "format", CHECKPOINT_FORMAT, "step", (json_int_t)state->step, "shards", shards,
                     "config", state->fingerprint, "sums", by_name);
}

/* By rank 0, when all numbers are on disk. */
static gboolean give_name(const CheckpointWriter *writer, GError **error)
{
    const Pending *pending = writer->pending;
    const CheckpointState *state = &pending->state;
    g_autoptr(json_t) json = state_to_json(state, pending->layout, pending->sums);
    return model_files_write(writer->settings.files, pending->partial, error) &&
           (!state->model || checkpoint_write_json(pending->partial, "config.json", state->model, error)) &&
           checkpoint_write_json(pending->partial, "state.json", json, error) &&
           checkpoint_complete(pending->partial, pending->path, error) &&
           checkpoint_prune(writer->output, writer->settings.keep, error);
}

/* After all ranks have let go of it. */
static gboolean fail(CheckpointWriter *writer, GError **error)
{
    g_autoptr(Pending) pending = g_steal_pointer(&writer->pending);
    if (comm_rank(writer->comm) == 0)
        checkpoint_remove_directory(pending->partial, NULL);
    g_prefix_error(error, "while writing checkpoint %s: ", pending->path);
    return FALSE;
}

/* Waits for the thread, then for the other ranks. */
static gboolean complete(CheckpointWriter *writer, GError **error)
{
    Pending *pending = writer->pending;
    Comm *comm = writer->comm;
    if (pending->thread)
        g_thread_join(g_steal_pointer(&pending->thread));
    gboolean good = !pending->error;
    if (!good)
        g_propagate_error(error, g_steal_pointer(&pending->error));
    if (!comm_agree(comm, good, error) ||
        !comm_all_reduce(comm, pending->sums, pending->layout->tensors->len, COMM_U64, COMM_SUM, error))
        return fail(writer, error);
    good = comm_rank(comm) != 0 || give_name(writer, error);
    if (!comm_agree(comm, good, error))
        return fail(writer, error);
    g_clear_pointer(&writer->pending, pending_free);
    return TRUE;
}

static Pending *pending_new(const CheckpointWriter *writer, const CheckpointState *state, const TensorSlice *slices, gsize count)
{
    Pending *pending = g_new0(Pending, 1);
    pending->state = (CheckpointState){state->step, state->shards, json_incref(state->fingerprint), json_incref(state->model)};
    pending->path = checkpoint_path(writer->output, state->step);
    pending->partial = checkpoint_partial_path(writer->output, state->step);
    pending->slices = g_new(TensorSlice, MAX(count, 1));
    pending->count = count;
    for (gsize i = 0; i < count; i++) {
        pending->slices[i] = slices[i];
        pending->slices[i].name = g_strdup(slices[i].name);
        pending->slices[i].data = NULL;
    }
    return pending;
}

/* The layout on all ranks, the empty files by rank 0. */
static gboolean prepare(CheckpointWriter *writer, const TensorSlice *slices, gsize count, GError **error)
{
    Pending *pending = writer->pending;
    pending->layout = tensor_layout_new(slices, count, writer->settings.file_bytes, writer->comm, error);
    if (!pending->layout)
        return FALSE;
    pending->sums = g_new0(guint64, MAX(pending->layout->tensors->len, 1));
    gboolean good = comm_rank(writer->comm) != 0 ||
                    (checkpoint_remove_directory(pending->partial, error) && directory_make(pending->partial, error) &&
                     tensor_layout_create(pending->layout, pending->partial, error));
    return comm_agree(writer->comm, good, error);
}

gboolean checkpoint_writer_begin(CheckpointWriter *writer, const CheckpointState *state, const TensorSlice *slices, gsize count,
                                 GError **error)
{
    if (!checkpoint_writer_finish(writer, error))
        return FALSE;
    writer->pending = pending_new(writer, state, slices, count);
    if (!prepare(writer, slices, count, error))
        return fail(writer, error);
    if (writer->settings.background && copy_slices(&writer->settings, writer->pending, slices))
        writer->pending->thread = g_thread_new("checkpoint", write_copies, writer->pending);
    else
        write_here(&writer->settings, writer->pending, slices);
    return writer->settings.background || complete(writer, error);
}

gboolean checkpoint_writer_poll(CheckpointWriter *writer, GError **error)
{
    if (!writer->pending)
        return TRUE;
    guint32 done = (guint32)g_atomic_int_get(&writer->pending->done);
    if (!comm_all_reduce(writer->comm, &done, 1, COMM_U32, COMM_MIN, error))
        return FALSE;
    return !done || complete(writer, error);
}

gboolean checkpoint_writer_finish(CheckpointWriter *writer, GError **error)
{
    return !writer->pending || complete(writer, error);
}
