/* SPDX-License-Identifier: Apache-2.0
 * 1F1B, plain and interleaved; see train/pipeline_schedule.h. */
#include "train/pipeline_schedule.h"

/* All passes in one direction: groups of as many micro-batches as there are ranks go through all chunks. */
static GArray *list_passes(PassDirection direction, unsigned ranks, unsigned chunks, gsize micro_batches)
{
    GArray *passes = g_array_new(FALSE, FALSE, sizeof(Pass));
    for (gsize group = 0; group < micro_batches; group += ranks)
        for (unsigned c = 0; c < chunks; c++)
            for (gsize m = group; m < MIN(group + ranks, micro_batches); m++) {
                Pass pass = {direction, direction == PASS_FORWARD ? c : chunks - 1 - c, m};
                g_array_append_val(passes, pass);
            }
    return passes;
}

static gsize forwards_before_the_first_backward(unsigned ranks, unsigned rank, unsigned chunks, gsize total)
{
    gsize behind = ranks - rank - 1;
    return MIN(total, chunks == 1 ? behind : 2 * behind + (gsize)(chunks - 1) * ranks);
}

GArray *pipeline_schedule(unsigned ranks, unsigned rank, unsigned chunks, gsize micro_batches, gboolean backward)
{
    g_autoptr(GArray) forwards = list_passes(PASS_FORWARD, ranks, chunks, micro_batches);
    if (!backward)
        return g_steal_pointer(&forwards);
    g_autoptr(GArray) backwards = list_passes(PASS_BACKWARD, ranks, chunks, micro_batches);
    GArray *passes = g_array_new(FALSE, FALSE, sizeof(Pass));
    gsize total = forwards->len, ahead = forwards_before_the_first_backward(ranks, rank, chunks, total);
    g_array_append_vals(passes, forwards->data, (guint)ahead);
    for (gsize i = 0; i < total; i++) {
        if (ahead + i < total)
            g_array_append_val(passes, g_array_index(forwards, Pass, ahead + i));
        g_array_append_val(passes, g_array_index(backwards, Pass, i));
    }
    return passes;
}

gsize pipeline_schedule_slots(const GArray *passes)
{
    gsize now = 0, most = 1;
    for (guint i = 0; i < passes->len; i++) {
        now += g_array_index(passes, Pass, i).direction == PASS_FORWARD ? 1 : 0;
        most = MAX(most, now);
        now -= g_array_index(passes, Pass, i).direction == PASS_BACKWARD ? 1 : 0;
    }
    return most;
}
