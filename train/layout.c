/* SPDX-License-Identifier: Apache-2.0
 * Ranks and what they hold; see train/layout.h. */
#include "train/layout.h"

const ModelPart model_part_whole = {.tensor = 1, .pipeline = 1, .chunks = 1};

/* ---- Parts of a model ---------------------------------------------------------------------------------------- */

static gsize run_of(const ModelPart *part, unsigned chunk)
{
    return (gsize)chunk * part->pipeline + part->pipeline_rank;
}

LayerRange model_part_layers(const ModelPart *part, const ModelShape *shape, unsigned chunk)
{
    gsize runs = (gsize)part->pipeline * part->chunks, run = run_of(part, chunk);
    gsize first = shape->layers * run / runs, end = shape->layers * (run + 1) / runs;
    return (LayerRange){first, end - first};
}

gboolean model_part_is_first(const ModelPart *part, unsigned chunk)
{
    return run_of(part, chunk) == 0;
}

gboolean model_part_is_last(const ModelPart *part, unsigned chunk)
{
    return run_of(part, chunk) + 1 == (gsize)part->pipeline * part->chunks;
}

/* ---- Groups of ranks ----------------------------------------------------------------------------------------- */

/* The groups that hold this rank. The ranks of a group differ in one coordinate alone. */
static gboolean split_world(Layout *layout, GError **error)
{
    unsigned tensor = (unsigned)layout->settings.tensor, rank = comm_rank(layout->world);
    unsigned t = layout->tensor_rank, d = layout->data_rank, p = layout->pipeline_rank;
    gboolean outer = p == 0 || p + 1 == layout->settings.pipeline;
    unsigned column = t + tensor * d, columns = tensor * layout->data;
    return comm_split(layout->world, rank / tensor, t, &layout->tensor, error) &&
           comm_split(layout->world, t + tensor * p, d, &layout->data_group, error) &&
           comm_split(layout->world, column, p, &layout->pipeline, error) &&
           comm_split(layout->world, outer ? column : columns + rank, p, &layout->ends, error);
}

Layout *layout_new(const ParallelSettings *settings, Comm *world, GError **error)
{
    g_autoptr(Layout) layout = g_new0(Layout, 1);
    unsigned rank = comm_rank(world), tensor = (unsigned)settings->tensor;
    layout->settings = *settings;
    layout->world = world;
    layout->data = (unsigned)settings->data;
    layout->tensor_rank = rank % tensor;
    layout->data_rank = rank / tensor % layout->data;
    layout->pipeline_rank = rank / (tensor * layout->data);
    return split_world(layout, error) ? g_steal_pointer(&layout) : NULL;
}

void layout_free(Layout *layout)
{
    if (!layout)
        return;
    comm_close(layout->ends);
    comm_close(layout->pipeline);
    comm_close(layout->data_group);
    comm_close(layout->tensor);
    g_free(layout);
}

ModelPart layout_part(const Layout *layout)
{
    return (ModelPart){
        .tensor_rank = layout->tensor_rank,
        .tensor = (unsigned)layout->settings.tensor,
        .pipeline_rank = layout->pipeline_rank,
        .pipeline = (unsigned)layout->settings.pipeline,
        .chunks = (unsigned)layout->settings.interleave,
        .sequence = layout->settings.sequence && layout->settings.tensor > 1,
    };
}
