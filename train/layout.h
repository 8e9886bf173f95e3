/* SPDX-License-Identifier: Apache-2.0
 * train/layout.h - how one model is divided among ranks: tensor, sequence, pipeline and data parallelism.
 *
 * The scheme is Megatron's (Shoeybi et al. 2019; Narayanan et al. 2021; Korthikanti et al. 2022). With T = tensor,
 * P = pipeline and D = ranks / (T P), rank = t + T (d + D p): ranks of one tensor group are neighbours.
 *   tensor    each matrix is cut into T: heads, inner columns of the MLP and classes of the vocabulary are divided.
 *   sequence  rows between the cut matrices (norms, residual stream) are divided too, among the same T ranks.
 *   pipeline  consecutive layers lie on P ranks. With `interleave` = v > 1 each rank has v runs of layers, P runs apart: run s of
 *             P v, on rank s mod P, has layers [L s / (P v), L (s + 1) / (P v)).
 *   data      D groups of P T ranks each compute a part of every batch and add up their gradients.
 *   zero      ZeRO-1 (Rajbhandari et al. 2020): each of the D ranks keeps the optimizer's state of 1 / D of what it holds.
 * None of them changes what is computed, but for rounding; ZeRO, pipeline and recompute not even that.
 *
 * Sequence: l = layout_new(&settings, world, e); layout_part(l); ...; layout_free(l) before the world is closed.
 * All ranks call layout_new and layout_free. Communicators in it are NULL where this rank is alone.
 */
#ifndef TRAIN_LAYOUT_H
#define TRAIN_LAYOUT_H

#include "base/comm.h"
#include "train/parallel.h"

/* The part of the model that a rank holds. */
typedef struct ModelPart {
    unsigned tensor_rank, tensor;
    unsigned pipeline_rank, pipeline, chunks;
    gboolean sequence;
} ModelPart;

/* All of it. */
extern const ModelPart model_part_whole;

typedef struct LayerRange {
    gsize first, count;
} LayerRange;

/* A run of layers, of part->pipeline * part->chunks. */
LayerRange model_part_layers(const ModelPart *part, const ModelShape *shape, unsigned chunk);
gboolean model_part_is_first(const ModelPart *part, unsigned chunk); /* begins with the embedding */
gboolean model_part_is_last(const ModelPart *part, unsigned chunk);  /* ends with the head */

typedef struct Layout {
    ParallelSettings settings;
    unsigned tensor_rank, data_rank, pipeline_rank;
    unsigned data;   /* D */
    Comm *world;   /* borrowed */
    Comm *tensor, *data_group, *pipeline;
    Comm *ends; /* the first and the last rank of this pipeline; NULL on those between, and where they are one */
} Layout;

/* The settings are resolved (train/parallel.h). */
Layout *layout_new(const ParallelSettings *settings, Comm *world, GError **error);
void layout_free(Layout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Layout, layout_free)
ModelPart layout_part(const Layout *layout);

#endif
