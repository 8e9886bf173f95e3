/* SPDX-License-Identifier: Apache-2.0
 * What tests/checkpoint.test starts under mpirun: ranks in a layout of tensor, pipeline and data parallelism that write a
 * checkpoint of an invented model, or read one and look at every number.
 *
 *   checkpoint_ranks write OUTPUT STEP TP PP    3 on an error, which each rank prints
 *   checkpoint_ranks read CHECKPOINT TP PP
 *   checkpoint_ranks leave-out OUTPUT STEP TP PP    the last rank has nothing to write
 *   checkpoint_ranks lose OUTPUT STEP TP PP     the last rank's thread finds no files */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/checkpoint.h"

#define LAYERS 4
#define HIDDEN 24
#define VOCABULARY 48

typedef enum { SPLIT_NONE, SPLIT_ROWS, SPLIT_COLUMNS } Split;

/* Rank = tp + TP * (dp + DP * pp). */
typedef struct Layout {
    unsigned tp, dp, pp, tp_size, dp_size, pp_size;
} Layout;

static Layout layout_of(Comm *comm, const char *tp, const char *pp)
{
    Layout layout = {.tp_size = (unsigned)atoi(tp), .pp_size = (unsigned)atoi(pp)};
    unsigned rank = comm_rank(comm);
    layout.dp_size = comm_size(comm) / layout.tp_size / layout.pp_size;
    g_assert(layout.tp_size * layout.pp_size * layout.dp_size == comm_size(comm));
    layout.tp = rank % layout.tp_size;
    layout.dp = rank / layout.tp_size % layout.dp_size;
    layout.pp = rank / layout.tp_size / layout.dp_size;
    return layout;
}

/* The number at a place of a whole tensor; exact in BF16. */
static float number_at(const char *name, gsize at)
{
    return (float)(hash64(name, strlen(name), at) % 255) - 127;
}

static void fill(const TensorSlice *slice, gboolean check)
{
    gsize position = 0;
    TensorRun run;
    while (tensor_slice_next(slice, &position, &run))
        for (gsize i = 0; i < run.count; i++) {
            float number = number_at(slice->name, run.at + i), got = 0;
            char *place = (char *)slice->data + (run.from + i) * tensor_type_size(slice->type);
            if (!check) {
                tensor_convert(place, slice->type, &number, TENSOR_F32, 1);
                continue;
            }
            tensor_convert(&got, TENSOR_F32, place, slice->type, 1);
            if (got != number)
                g_error("%s: element %zu is %g, not %g", slice->name, run.at + i, got, number);
        }
}

/* This rank's rectangle, and its share among the data-parallel ranks: when writing, of what nobody else writes. */
static void add_slice(GArray *slices, const Layout *layout, const char *name, const char *suffix, gsize rows, gsize columns,
                      Split split, gboolean write)
{
    TensorType type = *suffix ? TENSOR_F32 : TENSOR_BF16;
    TensorSlice slice = tensor_slice_whole(g_strconcat(name, suffix, NULL), type, rows, columns, NULL);
    if (split == SPLIT_ROWS) {
        slice.row_count = rows / layout->tp_size;
        slice.row = slice.row_count * layout->tp;
    } else if (split == SPLIT_COLUMNS) {
        slice.column_count = columns / layout->tp_size;
        slice.column = slice.column_count * layout->tp;
    }
    gsize elements = slice.row_count * (columns ? slice.column_count : 1);
    gboolean share = write || *suffix;
    slice.begin = share ? elements * layout->dp / layout->dp_size : 0;
    slice.end = share ? elements * (layout->dp + 1) / layout->dp_size : elements;
    if (write && split == SPLIT_NONE && layout->tp)
        slice.end = slice.begin;
    slice.data = g_malloc0((slice.end - slice.begin + 1) * tensor_type_size(type));
    g_array_append_val(slices, slice);
}

static void add_tensor(GArray *slices, const Layout *layout, const char *name, gsize rows, gsize columns, Split split, gboolean write)
{
    static const char *const suffixes[] = {"", ".master", ".m", ".v"};
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
        add_slice(slices, layout, name, suffixes[i], rows, columns, split, write);
}

static GArray *make_slices(const Layout *layout, gboolean write)
{
    GArray *slices = g_array_new(FALSE, FALSE, sizeof(TensorSlice));
    unsigned each = LAYERS / layout->pp_size;
    if (layout->pp == layout->pp_size - 1) {
        add_tensor(slices, layout, "model.norm.weight", HIDDEN, 0, SPLIT_NONE, write);
        add_tensor(slices, layout, "lm_head.weight", VOCABULARY, HIDDEN, SPLIT_ROWS, write);
    }
    for (unsigned i = each * layout->pp; i < each * (layout->pp + 1); i++) {
        g_autofree char *query = g_strdup_printf("model.layers.%u.self_attn.q_proj.weight", i * 7);
        g_autofree char *down = g_strdup_printf("model.layers.%u.mlp.down_proj.weight", i * 7);
        add_tensor(slices, layout, query, HIDDEN, HIDDEN, SPLIT_ROWS, write);
        add_tensor(slices, layout, down, HIDDEN, 2 * HIDDEN, SPLIT_COLUMNS, write);
    }
    if (layout->pp == 0)
        add_tensor(slices, layout, "model.embed_tokens.weight", VOCABULARY, HIDDEN, SPLIT_ROWS, write);
    for (guint i = 0; i < slices->len; i++)
        fill(&g_array_index(slices, TensorSlice, i), FALSE);
    return slices;
}

/* Called between the creation of the files and the thread that writes them. */
static void copy_and_lose(const TensorSlice *slice, void *to, gpointer partial)
{
    g_autofree char *path = g_build_filename(partial, "optimizer.safetensors", NULL);
    g_unlink(path);
    memcpy(to, slice->data, (slice->end - slice->begin) * tensor_type_size(slice->type));
}

static gboolean write_checkpoint(Comm *comm, char **argv, GError **error)
{
    Layout layout = layout_of(comm, argv[4], argv[5]);
    gboolean last = comm_rank(comm) == comm_size(comm) - 1;
    g_autofree char *partial = g_strdup_printf("%s/.partial-step-%08d", argv[2], atoi(argv[3]));
    CheckpointSettings settings = {.output = argv[2], .keep = 2, .background = TRUE};
    if (last && g_str_equal(argv[1], "lose")) {
        settings.copy = copy_and_lose;
        settings.user = partial;
    }
    g_auto(CheckpointState) state = {.step = (guint64)atoi(argv[3]), .fingerprint = json_pack("{s:i}", "seed", 1), .model = json_object()};
    CheckpointWriter *writer = checkpoint_writer_new(&settings, comm);
    GArray *slices = make_slices(&layout, TRUE);
    gsize count = last && g_str_equal(argv[1], "leave-out") ? 0 : slices->len;
    const TensorSlice *first = (const TensorSlice *)(gconstpointer)slices->data;
    gboolean good = checkpoint_writer_begin(writer, &state, first, count, error);
    /* What was given may change at once. */
    for (guint i = 0; i < slices->len; i++)
        memset(first[i].data, 0xee, (first[i].end - first[i].begin) * tensor_type_size(first[i].type));
    good = good && checkpoint_writer_poll(writer, error) && checkpoint_writer_finish(writer, error);
    checkpoint_writer_free(writer);
    return good;
}

static gboolean read_checkpoint(Comm *comm, char **argv, GError **error)
{
    Layout layout = layout_of(comm, argv[3], argv[4]);
    GArray *slices = make_slices(&layout, FALSE);
    for (guint i = 0; i < slices->len; i++) {
        const TensorSlice *slice = &g_array_index(slices, TensorSlice, i);
        memset(slice->data, 0xee, (slice->end - slice->begin) * tensor_type_size(slice->type));
    }
    if (!checkpoint_read(argv[2], (const TensorSlice *)(gconstpointer)slices->data, slices->len, comm, error))
        return FALSE;
    for (guint i = 0; i < slices->len; i++)
        fill(&g_array_index(slices, TensorSlice, i), TRUE);
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Comm *comm = comm_open(&error);
    g_assert_no_error(error);
    gboolean good = g_str_equal(argv[1], "read") ? read_checkpoint(comm, argv, &error) : write_checkpoint(comm, argv, &error);
    if (!good)
        fprintf(stderr, "rank %u: %s\n", comm_rank(comm), error->message);
    comm_close(comm);
    return good ? 0 : 3;
}
