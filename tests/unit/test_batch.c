/* SPDX-License-Identifier: Apache-2.0
 * train/batch.h and train/unigram.h: which tokens a step sees, and whose loss is whose. */
#include "train/batch.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "tests/unit/fake_shard.h"
#include "train/unigram.h"

enum { CONTEXT = 50 };

static ShardReader *reader;

static BatchPlan *plan_of(gsize sequences, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    BatchPlan *plan = batch_plan_new(reader, "train", CONTEXT, sequences, seed, &error);
    g_assert_no_error(error);
    return plan;
}

static void read_step(const BatchPlan *plan, guint64 step, Batch *batch)
{
    g_autoptr(GError) error = NULL;
    batch_read(plan, step, batch, &error);
    g_assert_no_error(error);
}

static void test_an_epoch_predicts_every_token_once(void)
{
    g_autoptr(BatchPlan) plan = plan_of(1, 3);
    g_auto(Batch) batch = {0};
    g_assert_cmpuint(plan->windows, ==, (shard_reader_tokens(reader) - 1) / CONTEXT);
    for (int epoch = 0; epoch < 2; epoch++) {
        g_autofree gboolean *seen = g_new0(gboolean, plan->windows);
        gboolean shuffled = FALSE;
        for (guint64 i = 0; i < plan->windows; i++) {
            read_step(plan, epoch * plan->windows + i, &batch);
            g_assert_cmpuint(batch.windows[0], <, plan->windows);
            g_assert_false(seen[batch.windows[0]]);
            seen[batch.windows[0]] = TRUE;
            shuffled |= batch.windows[0] != i;
        }
        g_assert_true(shuffled);
    }
}

static guint64 tokens_of_source(const Batch *batch, guint64 source)
{
    g_autofree double *losses = g_new0(double, batch->sequences * CONTEXT);
    g_autoptr(GArray) sums = batch_losses(batch, losses, BATCH_BY_SOURCE);
    for (guint i = 0; i < sums->len; i++)
        if (g_array_index(sums, BatchLoss, i).key == source)
            return g_array_index(sums, BatchLoss, i).tokens;
    return 0;
}

/* One document of a source of its own, which evenly spread windows miss. */
static void test_an_evaluation_meets_every_source(void)
{
    for (guint64 docno = 3; docno < 200; docno += 31) {
        fake_shard_break(docno);
        g_autoptr(ShardReader) rare = shard_reader_open(NULL, "train", NULL);
        fake_shard_break(G_MAXUINT64);
        g_autoptr(BatchPlan) plan = batch_plan_new(rare, "train", CONTEXT, 7, 3, NULL);
        g_auto(Batch) batch = {0}, again = {0};
        g_assert_true(batch_read_spread(plan, &batch, NULL));
        g_assert_true(batch_read_spread(plan, &again, NULL));
        g_assert_cmpstr(batch.hash, ==, again.hash);
        for (guint64 source = 0; source < 3; source++)
            g_assert_cmpuint(tokens_of_source(&batch, source), >, 0);
    }
}

static void test_the_step_of_a_window_is_found_backwards(void)
{
    g_autoptr(BatchPlan) plan = plan_of(3, 3);
    g_auto(Batch) batch = {0};
    for (guint64 step = 0; step < 2 * plan->windows / 3; step++) {
        read_step(plan, step, &batch);
        for (gsize s = 0; s < 3; s++) {
            guint64 found;
            gsize sequence;
            batch_find(plan, batch.windows[s], (step * 3 + s) / plan->windows, &found, &sequence);
            g_assert_cmpuint(found, ==, step);
            g_assert_cmpuint(sequence, ==, s);
        }
    }
}

static void test_a_batch_holds_the_tokens_of_its_windows(void)
{
    g_autoptr(BatchPlan) plan = plan_of(4, 3);
    g_auto(Batch) batch = {0};
    read_step(plan, 7, &batch);
    for (gsize s = 0; s < 4; s++) {
        guint32 expected[CONTEXT + 1];
        g_assert_true(shard_reader_read(reader, batch.windows[s] * CONTEXT, CONTEXT + 1, expected, NULL));
        g_assert_cmpmem(batch.ids + s * (CONTEXT + 1), sizeof expected, expected, sizeof expected);
    }
    char hash[HASH128_HEX_SIZE];
    hash128_hex(hash128(batch.ids, 4 * (CONTEXT + 1) * sizeof(guint32)), hash);
    g_assert_cmpstr(batch.hash, ==, hash);
}

static void test_a_batch_depends_on_nothing_but_shards_seed_and_step(void)
{
    g_autoptr(BatchPlan) plan = plan_of(4, 3), other_seed = plan_of(4, 4), halves = plan_of(2, 3);
    g_auto(Batch) a = {0}, b = {0};
    read_step(plan, 11, &a);
    read_step(plan, 2, &b);
    read_step(plan, 11, &b);
    g_assert_cmpstr(a.hash, ==, b.hash);
    read_step(other_seed, 11, &b);
    g_assert_cmpstr(a.hash, !=, b.hash);
    /* Two steps of half the size see the same sequences. */
    read_step(halves, 22, &b);
    g_assert_cmpmem(a.windows, 2 * sizeof(guint64), b.windows, 2 * sizeof(guint64));
    read_step(halves, 23, &b);
    g_assert_cmpmem(a.windows + 2, 2 * sizeof(guint64), b.windows, 2 * sizeof(guint64));
}

static void test_other_shards_give_another_order(void)
{
    g_autoptr(BatchPlan) plan = plan_of(4, 3);
    fake_shard_configure(20000, 3000, 2);
    g_autoptr(ShardReader) other = shard_reader_open(NULL, "train", NULL);
    fake_shard_configure(20000, 3000, 1);
    g_autoptr(BatchPlan) other_plan = batch_plan_new(other, "train", CONTEXT, 4, 3, NULL);
    g_auto(Batch) a = {0}, b = {0};
    read_step(plan, 0, &a);
    read_step(other_plan, 0, &b);
    g_assert_true(memcmp(a.windows, b.windows, 4 * sizeof(guint64)) != 0);
}

/* Which document the target at `position` belongs to, asked one token at a time. */
static Span owner_of(guint64 position)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_assert_true(shard_reader_spans(reader, position, 1, spans, NULL));
    g_assert_cmpuint(spans->len, ==, 1);
    return g_array_index(spans, Span, 0);
}

static void check_losses(const Batch *batch, const double *losses, BatchKey key)
{
    g_autoptr(GArray) split = batch_losses(batch, losses, key);
    gsize targets = batch->sequences * batch->context;
    guint64 tokens = 0;
    double total = 0, expected_total = 0;
    for (guint i = 0; i < split->len; i++) {
        const BatchLoss *loss = &g_array_index(split, BatchLoss, i);
        double sum = 0;
        guint64 count = 0;
        for (gsize t = 0; t < targets; t++) {
            Span owner = owner_of(batch->windows[t / CONTEXT] * CONTEXT + 1 + t % CONTEXT);
            if ((key == BATCH_BY_SOURCE ? owner.source : owner.docno) != loss->key)
                continue;
            sum += losses[t];
            count++;
        }
        g_assert_cmpuint(loss->tokens, ==, count);
        g_assert_cmpfloat(fabs(loss->loss * (double)count - sum), <, 1e-9);
        g_assert_true(i == 0 || g_array_index(split, BatchLoss, i - 1).key < loss->key);
        tokens += loss->tokens;
        total += loss->loss * (double)loss->tokens;
    }
    for (gsize t = 0; t < targets; t++)
        expected_total += losses[t];
    g_assert_cmpuint(tokens, ==, targets);
    g_assert_cmpfloat(fabs(total - expected_total), <, 1e-9);
}

static void test_losses_by_source_and_document_add_up_to_the_batch(void)
{
    g_autoptr(BatchPlan) plan = plan_of(30, 3);
    g_auto(Batch) batch = {0};
    double losses[30 * CONTEXT];
    for (gsize t = 0; t < G_N_ELEMENTS(losses); t++)
        losses[t] = random_unit_at(1, "loss", t);
    read_step(plan, 1, &batch);
    check_losses(&batch, losses, BATCH_BY_SOURCE);
    check_losses(&batch, losses, BATCH_BY_DOCUMENT);
}

static gboolean is_padding(const ShardReader *from, guint64 position)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_assert_true(shard_reader_spans(from, position, 1, spans, NULL));
    return span_is_padding(&g_array_index(spans, Span, 0));
}

static void test_padding_is_no_target_and_belongs_to_nobody(void)
{
    fake_shard_pad(TRUE);
    g_autoptr(ShardReader) padded = shard_reader_open(NULL, "train", NULL);
    fake_shard_pad(FALSE);
    g_autoptr(BatchPlan) plan = batch_plan_new(padded, "train", CONTEXT, 30, 3, NULL);
    g_auto(Batch) batch = {0};
    double losses[30 * CONTEXT], sum = 0, expected = 0;
    gsize left_out = 0;
    guint64 tokens = 0;
    read_step(plan, 1, &batch);
    read_step(plan, 0, &batch);
    for (gsize t = 0; t < G_N_ELEMENTS(losses); t++) {
        guint64 input = batch.windows[t / CONTEXT] * CONTEXT + t % CONTEXT;
        gboolean out = is_padding(padded, input) || is_padding(padded, input + 1);
        g_assert_cmpint(batch_leaves_out(&batch, t), ==, out);
        left_out += out;
        losses[t] = random_unit_at(1, "loss", t);
        expected += out ? 0 : losses[t];
    }
    g_assert_cmpuint(left_out, >, CONTEXT);
    g_assert_cmpuint(batch_targets(&batch), ==, 30 * CONTEXT - left_out);
    g_autoptr(GArray) split = batch_losses(&batch, losses, BATCH_BY_SOURCE);
    for (guint i = 0; i < split->len; i++) {
        const BatchLoss *loss = &g_array_index(split, BatchLoss, i);
        g_assert_cmpuint(loss->key, <, 2);
        tokens += loss->tokens;
        sum += loss->loss * (double)loss->tokens;
    }
    g_assert_cmpuint(tokens, ==, batch_targets(&batch));
    g_assert_cmpfloat(fabs(sum - expected), <, 1e-9);
}

static void test_starts_are_those_of_sequences_or_of_documents(void)
{
    g_autoptr(BatchPlan) plan = plan_of(20, 3);
    g_auto(Batch) batch = {0};
    g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint32)),
                      expected = g_array_new(FALSE, FALSE, sizeof(guint32));
    read_step(plan, 0, &batch);
    batch_starts(&batch, 5, 3, FALSE, starts);
    g_assert_cmpuint(starts->len, ==, 4);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpuint(g_array_index(starts, guint32, i), ==, i * CONTEXT);
    g_array_set_size(starts, 0);
    batch_starts(&batch, 5, 15, TRUE, starts);
    for (guint32 row = 0; row < 15 * CONTEXT; row++) {
        guint64 position = batch.windows[5 + row / CONTEXT] * CONTEXT + row % CONTEXT;
        if (row % CONTEXT == 0 || owner_of(position).docno != owner_of(position - 1).docno)
            g_array_append_val(expected, row);
    }
    guint32 end = 15 * CONTEXT;
    g_array_append_val(expected, end);
    g_assert_cmpuint(expected->len, >, 17);
    g_assert_cmpmem(starts->data, starts->len * sizeof(guint32), expected->data, expected->len * sizeof(guint32));
}

static void test_a_split_shorter_than_a_window_is_an_error_that_says_what_to_do(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BatchPlan) plan = batch_plan_new(reader, "valid", 20000, 1, 1, &error);
    g_assert_null(plan);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "20000 tokens"));
    g_assert_nonnull(strstr(error->message, "eval.every"));
}

static void test_unigram_entropy_is_that_of_the_counts(void)
{
    g_autoptr(GError) error = NULL;
    double nats, expected = 0, counts[FAKE_VOCABULARY] = {0}, tokens = (double)shard_reader_tokens(reader);
    for (guint64 i = 0; i < shard_reader_tokens(reader); i++) {
        guint32 id;
        g_assert_true(shard_reader_read(reader, i, 1, &id, NULL));
        counts[id]++;
    }
    for (int id = 0; id < FAKE_VOCABULARY; id++)
        expected += counts[id] ? counts[id] / tokens * log(tokens / counts[id]) : 0;
    g_assert_true(unigram_entropy(reader, &nats, &error));
    g_assert_cmpfloat(fabs(nats - expected), <, 1e-9);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    reader = shard_reader_open(NULL, "train", NULL);
    g_test_add_func("/batch/an evaluation meets every source", test_an_evaluation_meets_every_source);
    g_test_add_func("/batch/padding is no target and belongs to nobody", test_padding_is_no_target_and_belongs_to_nobody);
    g_test_add_func("/batch/the step of a window is found backwards", test_the_step_of_a_window_is_found_backwards);
    g_test_add_func("/batch/an epoch predicts every token once", test_an_epoch_predicts_every_token_once);
    g_test_add_func("/batch/a batch holds the tokens of its windows", test_a_batch_holds_the_tokens_of_its_windows);
    g_test_add_func("/batch/a batch depends on nothing but shards, seed and step",
                    test_a_batch_depends_on_nothing_but_shards_seed_and_step);
    g_test_add_func("/batch/other shards give another order", test_other_shards_give_another_order);
    g_test_add_func("/batch/losses by source and document add up to the batch",
                    test_losses_by_source_and_document_add_up_to_the_batch);
    g_test_add_func("/batch/starts are those of sequences or of documents",
                    test_starts_are_those_of_sequences_or_of_documents);
    g_test_add_func("/batch/a split shorter than a window is an error that says what to do",
                    test_a_split_shorter_than_a_window_is_an_error_that_says_what_to_do);
    g_test_add_func("/unigram/entropy is that of the counts", test_unigram_entropy_is_that_of_the_counts);
    int result = g_test_run();
    shard_reader_free(reader);
    return result;
}
