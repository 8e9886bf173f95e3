/* SPDX-License-Identifier: Apache-2.0
 * train/spike.h and train/tensorboard.h: what jumps, who is to blame, and how it is framed. */
#include "train/spike.h"

#include <math.h>
#include <string.h>

#include "tests/unit/fake_shard.h"
#include "train/tensorboard.h"

/* A loss that falls slowly under noise. */
static double quiet_loss(guint64 step)
{
    return 5 - 0.01 * (double)step + 0.05 * (random_unit_at(1, "loss", step) - 0.5);
}

static double quiet_norm(guint64 step)
{
    return 1 + 0.3 * random_unit_at(1, "norm", step);
}

static guint count_spikes(guint64 steps, guint64 jump, double loss, double norm, SpikeScore *score)
{
    g_autoptr(SpikeWatch) watch = spike_watch_new(6, 64);
    guint spikes = 0;
    for (guint64 step = 0; step < steps; step++) {
        SpikeScore now;
        gboolean spike = step == jump ? spike_watch_see(watch, loss, norm, &now)
                                      : spike_watch_see(watch, quiet_loss(step), quiet_norm(step), &now);
        spikes += spike ? 1 : 0;
        if (step == jump) {
            g_assert_true(spike || (loss < 5 && norm < 2));
            *score = now;
        }
    }
    return spikes;
}

static void test_a_jump_of_the_loss_or_the_gradient_is_the_only_spike(void)
{
    SpikeScore score = {0};
    g_assert_cmpuint(count_spikes(300, 1000, 0, 0, &score), ==, 0);
    g_assert_cmpuint(count_spikes(300, 200, 5.5, 1.1, &score), ==, 1);
    g_assert_cmpfloat(score.loss_z, >, 6);
    g_assert_cmpfloat(score.gradient_z, <, 3);
    g_assert_cmpfloat(fabs(score.usual_loss - 3.3), <, 0.1);
    g_assert_cmpuint(count_spikes(300, 200, quiet_loss(200), 30, &score), ==, 1);
    g_assert_cmpfloat(score.gradient_z, >, 6);
    g_assert_cmpfloat(score.loss_z, <, 3);
}

static void test_the_score_is_in_robust_deviations(void)
{
    g_autoptr(SpikeWatch) watch = spike_watch_new(6, 8);
    static const double losses[] = {1, 2, 3, 4, 5, 6, 7, 100};
    SpikeScore score;
    for (gsize i = 0; i < 8; i++)
        spike_watch_see(watch, losses[i], 1, &score);
    spike_watch_see(watch, 10, 1, &score); /* median 4.5; deviations 3.5 2.5 1.5 .5 .5 1.5 2.5 95.5: MAD 2 */
    g_assert_cmpfloat(score.usual_loss, ==, 4.5);
    g_assert_cmpfloat(fabs(score.loss_z - 5.5 / (1.4826 * 2)), <, 1e-12);
}

static void test_a_threshold_of_zero_finds_nothing(void)
{
    g_autoptr(SpikeWatch) watch = spike_watch_new(0, 8);
    SpikeScore score;
    for (guint64 step = 0; step < 20; step++)
        g_assert_false(spike_watch_see(watch, step == 15 ? 1e6 : 1, 1, &score));
}

static void test_documents_that_add_most_come_first_and_broken_ones_before_them(void)
{
    g_autoptr(ShardReader) reader = shard_reader_open(NULL, "train", NULL);
    g_autoptr(BatchPlan) plan = batch_plan_new(reader, "train", 50, 4, 1, NULL);
    g_auto(Batch) batch = {0};
    double losses[200];
    g_assert_true(batch_read(plan, 3, &batch, NULL));
    for (gsize i = 0; i < 200; i++)
        losses[i] = 2;
    for (gsize i = 50; i < 100; i++)
        losses[i] = 9;
    losses[160] = NAN;
    g_autoptr(GArray) documents = spike_documents(&batch, losses, 2);
    const SpikeDocument *first = &g_array_index(documents, SpikeDocument, 0), *second = first + 1;
    g_assert_true(isnan(first->loss));
    g_assert_cmpfloat(second->loss, >, 2);
    for (guint i = 2; i < documents->len; i++) {
        const SpikeDocument *document = &g_array_index(documents, SpikeDocument, i);
        g_assert_true((second->loss - 2) * (double)second->tokens >= (document->loss - 2) * (double)document->tokens);
        g_assert_cmpuint(document->source, ==, document->docno % 2);
    }
    g_autofree char *names = spike_name_documents(&batch, losses, 2, reader),
                    *expected = g_strdup_printf("%" G_GUINT64_FORMAT " (%s, loss nan)", first->docno, first->docno % 2 ? "odd" : "even");
    g_assert_true(g_str_has_prefix(names, expected));
}

/* The check value of CRC-32C, and of RFC 3720's 32 bytes of zeros. */
static void test_the_checksum_is_crc_32c(void)
{
    guint8 zeros[32] = {0};
    g_assert_cmphex(crc32c("123456789", 9), ==, 0xe3069283);
    g_assert_cmphex(crc32c(zeros, sizeof zeros), ==, 0x8a9136aa);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spike/a jump of the loss or the gradient is the only spike", test_a_jump_of_the_loss_or_the_gradient_is_the_only_spike);
    g_test_add_func("/spike/the score is in robust deviations", test_the_score_is_in_robust_deviations);
    g_test_add_func("/spike/a threshold of zero finds nothing", test_a_threshold_of_zero_finds_nothing);
    g_test_add_func("/spike/documents that add most come first, and broken ones before them", test_documents_that_add_most_come_first_and_broken_ones_before_them);
    g_test_add_func("/tensorboard/the checksum is CRC-32C", test_the_checksum_is_crc_32c);
    return g_test_run();
}
