/* SPDX-License-Identifier: Apache-2.0
 * train/pipeline_schedule.h: every order is one that ranks can keep to without waiting for each other for ever, and with few
 * micro-batches under way. */
#include "train/pipeline_schedule.h"

/* What is done of each run of layers and micro-batch, over all ranks. */
typedef struct Pipe {
    unsigned ranks, chunks;
    gsize micro_batches;
    gboolean *forward, *backward; /* [runs, micro-batches] */
} Pipe;

static gboolean is_possible(const Pipe *pipe, const Pass *pass, gsize run)
{
    gsize runs = (gsize)pipe->ranks * pipe->chunks, m = pass->micro_batch;
    if (pass->direction == PASS_FORWARD)
        return run == 0 || pipe->forward[(run - 1) * pipe->micro_batches + m];
    return pipe->forward[run * pipe->micro_batches + m] && (run + 1 == runs || pipe->backward[(run + 1) * pipe->micro_batches + m]);
}

/* Does what can be done next on a rank; FALSE when it must wait. */
static gboolean advance(Pipe *pipe, unsigned rank, const GArray *passes, guint *next)
{
    if (*next == passes->len)
        return FALSE;
    const Pass *pass = &g_array_index(passes, Pass, *next);
    gsize run = (gsize)pass->chunk * pipe->ranks + rank;
    if (!is_possible(pipe, pass, run))
        return FALSE;
    gboolean *done = pass->direction == PASS_FORWARD ? pipe->forward : pipe->backward;
    g_assert_false(done[run * pipe->micro_batches + pass->micro_batch]);
    done[run * pipe->micro_batches + pass->micro_batch] = TRUE;
    ++*next;
    return TRUE;
}

static void check(unsigned ranks, unsigned chunks, gsize micro_batches, gboolean backward)
{
    gsize runs = (gsize)ranks * chunks, count = runs * micro_batches, expected = count / ranks * (backward ? 2 : 1);
    g_autofree gboolean *forward = g_new0(gboolean, count), *back = g_new0(gboolean, count);
    Pipe pipe = {ranks, chunks, micro_batches, forward, back};
    GArray *schedules[8];
    guint next[8] = {0};
    for (unsigned r = 0; r < ranks; r++) {
        schedules[r] = pipeline_schedule(ranks, r, chunks, micro_batches, backward);
        g_assert_cmpuint(schedules[r]->len, ==, expected);
    }
    for (gboolean moved = TRUE; moved;) {
        moved = FALSE;
        for (unsigned r = 0; r < ranks; r++)
            while (advance(&pipe, r, schedules[r], &next[r]))
                moved = TRUE;
    }
    for (unsigned r = 0; r < ranks; r++) {
        if (next[r] != expected)
            g_error("rank %u of %u waits for ever (%u chunks, %zu micro-batches)", r, ranks, chunks, micro_batches);
        g_array_unref(schedules[r]);
    }
}

static void test_no_schedule_waits_for_ever_and_each_does_all(void)
{
    for (unsigned ranks = 1; ranks <= 8; ranks++)
        for (gsize m = 1; m <= 17; m++) {
            check(ranks, 1, m, TRUE);
            check(ranks, 1, m, FALSE);
            check(ranks, 3, m, FALSE);
            for (unsigned chunks = 2; chunks <= 4; chunks++)
                check(ranks, chunks, m * ranks, TRUE);
        }
}

static gsize slots(unsigned ranks, unsigned rank, unsigned chunks, gsize micro_batches)
{
    g_autoptr(GArray) passes = pipeline_schedule(ranks, rank, chunks, micro_batches, TRUE);
    return pipeline_schedule_slots(passes);
}

static void test_micro_batches_under_way_follow_from_the_ranks_not_their_number(void)
{
    for (unsigned rank = 0; rank < 4; rank++)
        g_assert_cmpuint(slots(4, rank, 1, 100), ==, 4 - rank);
    g_assert_cmpuint(slots(4, 0, 1, 2), ==, 2);
    g_assert_cmpuint(slots(1, 0, 1, 100), ==, 1);
    g_assert_cmpuint(slots(4, 0, 2, 100), ==, 11);
}

static void test_micro_batches_of_a_chunk_go_backward_in_order(void)
{
    g_autoptr(GArray) passes = pipeline_schedule(4, 1, 3, 12, TRUE);
    gsize next[3] = {0};
    for (guint i = 0; i < passes->len; i++) {
        const Pass *pass = &g_array_index(passes, Pass, i);
        if (pass->direction == PASS_BACKWARD)
            g_assert_cmpuint(pass->micro_batch, ==, next[pass->chunk]++);
    }
    for (int c = 0; c < 3; c++)
        g_assert_cmpuint(next[c], ==, 12);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline_schedule/no schedule waits for ever, and each does all", test_no_schedule_waits_for_ever_and_each_does_all);
    g_test_add_func("/pipeline_schedule/micro-batches under way follow from the ranks, not from their number",
                    test_micro_batches_under_way_follow_from_the_ranks_not_their_number);
    g_test_add_func("/pipeline_schedule/micro-batches of a chunk go backward in order", test_micro_batches_of_a_chunk_go_backward_in_order);
    return g_test_run();
}
