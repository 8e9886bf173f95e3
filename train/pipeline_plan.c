/* SPDX-License-Identifier: Apache-2.0
 * A pipeline's step, played with paper tasks; see train/pipeline_plan.h. */
#include "train/pipeline_plan.h"

#include "train/pipeline_schedule.h"

#define NOT_YET G_MAXUINT64

static void order_tasks(PipelinePlan *plan, gsize rank)
{
    g_autoptr(GArray) passes =
        pipeline_schedule((unsigned)plan->ranks, (unsigned)rank, (unsigned)plan->chunks, plan->micro_batches, TRUE);
    PipelineTask *tasks = plan->tasks + rank * passes->len;
    for (guint i = 0; i < passes->len; i++) {
        const Pass *pass = &g_array_index(passes, Pass, i);
        tasks[i] = (PipelineTask){pass->micro_batch, pass->chunk, pass->direction == PASS_BACKWARD, 0, 0};
    }
    plan->alive[rank] = pipeline_schedule_slots(passes);
}

/* Where the end of a task is kept: stages of the model are the chunks of all ranks in turn. */
static gsize place_of(const PipelinePlan *plan, gsize stage, gsize micro_batch, gboolean backward)
{
    return (stage * plan->micro_batches + micro_batch) * 2 + (backward ? 1 : 0);
}

/* When the input of a task is there; NOT_YET while what it waits for has not ended. */
static guint64 ready_at(const PipelinePlan *plan, const guint64 *ends, gsize rank, const PipelineTask *task)
{
    gsize stage = task->chunk * plan->ranks + rank, last = plan->ranks * plan->chunks - 1;
    if (!task->backward)
        return stage ? ends[place_of(plan, stage - 1, task->micro_batch, FALSE)] : 0;
    return stage == last ? ends[place_of(plan, stage, task->micro_batch, FALSE)]
                         : ends[place_of(plan, stage + 1, task->micro_batch, TRUE)];
}

/* Runs the tasks of one rank until one of them must wait; FALSE: not one could run. */
static gboolean advance(PipelinePlan *plan, guint64 *ends, gsize rank, gsize *next, unsigned backward)
{
    gsize count = 2 * plan->micro_batches * plan->chunks, first = *next;
    PipelineTask *tasks = plan->tasks + rank * count;
    for (; *next < count; (*next)++) {
        PipelineTask *task = &tasks[*next];
        guint64 ready = ready_at(plan, ends, rank, task);
        if (ready == NOT_YET)
            break;
        task->begin = MAX(ready, *next ? task[-1].end : 0);
        task->end = task->begin + (task->backward ? backward : 1);
        ends[place_of(plan, task->chunk * plan->ranks + rank, task->micro_batch, task->backward)] = task->end;
        plan->units = MAX(plan->units, task->end);
    }
    return *next > first;
}

PipelinePlan *pipeline_plan_new(gsize ranks, gsize micro_batches, gsize chunks, unsigned backward)
{
    gsize each = micro_batches * chunks, places = ranks * each * 2;
    PipelinePlan *plan = g_new0(PipelinePlan, 1);
    *plan = (PipelinePlan){.ranks = ranks, .micro_batches = micro_batches, .chunks = chunks};
    plan->tasks = g_new0(PipelineTask, places);
    plan->alive = g_new0(gsize, ranks);
    g_autofree guint64 *ends = g_new(guint64, places);
    g_autofree gsize *next = g_new0(gsize, ranks);
    for (gsize i = 0; i < places; i++)
        ends[i] = NOT_YET;
    for (gsize rank = 0; rank < ranks; rank++)
        order_tasks(plan, rank);
    for (gboolean moved = TRUE; moved;) {
        moved = FALSE;
        for (gsize rank = 0; rank < ranks; rank++)
            moved = advance(plan, ends, rank, &next[rank], backward) || moved;
    }
    plan->bubble = 1 - (double)(each * (1 + backward)) / (double)plan->units;
    return plan;
}

void pipeline_plan_free(PipelinePlan *plan)
{
    if (!plan)
        return;
    g_free(plan->tasks);
    g_free(plan->alive);
    g_free(plan);
}

char *pipeline_plan_draw(const PipelinePlan *plan)
{
    gsize count = 2 * plan->micro_batches * plan->chunks;
    GString *drawing = g_string_new(NULL);
    for (gsize rank = 0; rank < plan->ranks; rank++) {
        gsize start = drawing->len;
        for (guint64 unit = 0; unit < plan->units; unit++)
            g_string_append_c(drawing, '.');
        for (gsize i = 0; i < count; i++) {
            const PipelineTask *task = &plan->tasks[rank * count + i];
            for (guint64 unit = task->begin; unit < task->end; unit++)
                drawing->str[start + unit] = (char)((task->backward ? 'A' : 'a') + (char)task->micro_batch % 26);
        }
        g_string_append_c(drawing, '\n');
    }
    return g_string_free(drawing, FALSE);
}
