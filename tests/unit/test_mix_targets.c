/* SPDX-License-Identifier: Apache-2.0
 * store/mix_targets.h and mix_rows.h: shares to the last token, limits that hold, cuts where a plain sort would cut. */
#include "store/mix_targets.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/mix_rows.h"

#define MOST_SOURCES 8

static RecipeSource sources[MOST_SOURCES];
static Recipe recipe;
static MixTarget targets[MOST_SOURCES];

/* So many sources outside the replay, then one of the replay with `replay` tokens if that is not 0. */
static void set_up(const guint64 *available, unsigned count, double share, guint64 replay)
{
    static const char *const tags[MOST_SOURCES] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    memset(sources, 0, sizeof sources);
    memset(targets, 0, sizeof targets);
    for (unsigned i = 0; i < MOST_SOURCES; i++)
        sources[i] = (RecipeSource){.tag = (char *)tags[i], .group = GROUP_PAPERS, .weight = NAN, .max_share = 1, .repeat = 1};
    for (unsigned i = 0; i < count; i++)
        targets[i].available = available[i];
    recipe = (Recipe){.sources = sources, .sources_count = count + (replay > 0),
                      .mix = {.replay_share = share, .temperature = 1, .max_passes = 4}};
    if (!replay)
        return;
    sources[count].group = GROUP_REPLAY;
    targets[count].available = replay;
}

static guint64 find_others(void)
{
    g_autoptr(GError) error = NULL;
    guint64 sum = 0;
    g_assert_true(mix_targets_others(&recipe, targets, &error));
    g_assert_no_error(error);
    for (unsigned i = 0; i < recipe.sources_count; i++)
        sum += sources[i].group == GROUP_REPLAY ? 0 : targets[i].target;
    return sum;
}

static void test_without_settings_all_is_asked_of_everybody(void)
{
    set_up((guint64[]){1000, 7, 0}, 3, 0.01, 500);
    g_assert_cmpuint(find_others(), ==, 1007);
    g_assert_cmpuint(targets[0].target, ==, 1000);
    g_assert_cmpuint(targets[2].target, ==, 0);
    g_assert_null(targets[0].limit);
    g_assert_cmpuint(mix_targets_replay(&recipe, 1007, targets), ==, 11); /* 10 would be less than a hundredth */
    g_assert_cmpuint(targets[3].target, ==, 11);
}

static void test_weights_share_out_to_the_last_token(void)
{
    set_up((guint64[]){100, 100, 100}, 3, 0, 0);
    for (unsigned i = 0; i < 3; i++)
        sources[i].weight = 1;
    recipe.mix.tokens = 200;
    g_assert_cmpuint(find_others(), ==, 200);
    g_assert_cmpuint(targets[0].target, ==, 67);
    g_assert_cmpuint(targets[1].target, ==, 67);
    g_assert_cmpuint(targets[2].target, ==, 66);
}

static void test_a_temperature_brings_sizes_nearer_to_each_other(void)
{
    set_up((guint64[]){9000, 1000}, 2, 0, 0);
    recipe.mix.temperature = 2; /* square roots: 3 to 1 */
    g_assert_cmpuint(find_others(), ==, 10000);
    g_assert_cmpuint(targets[0].target, ==, 7500);
    g_assert_cmpuint(targets[1].target, ==, 2500);
}

static void test_what_one_cannot_give_the_others_give(void)
{
    set_up((guint64[]){100, 1000, 1000}, 3, 0, 0);
    sources[0].weight = 2;
    sources[1].weight = sources[2].weight = 1;
    recipe.mix.tokens = 2000;
    g_assert_cmpuint(find_others(), ==, 2000);
    g_assert_cmpuint(targets[0].asked, ==, 1000);
    g_assert_cmpuint(targets[0].target, ==, 400);
    g_assert_cmpstr(targets[0].limit, ==, "max_passes");
    g_assert_cmpuint(targets[1].target, ==, 800);
    g_assert_cmpuint(targets[2].target, ==, 800);
}

static void test_without_weights_nobody_stands_in_for_a_limited_source(void)
{
    set_up((guint64[]){1000, 1000}, 2, 0, 0);
    sources[0].max_tokens = 300;
    g_assert_cmpuint(find_others(), ==, 1300);
    g_assert_cmpstr(targets[0].limit, ==, "max_tokens");
    g_assert_true(targets[0].within);
    g_assert_false(targets[1].within);
}

static void test_a_share_is_of_the_mix_with_its_replay(void)
{
    set_up((guint64[]){90000, 3000, 1000}, 3, 0.2, 50000);
    sources[0].max_share = 0.5;
    guint64 others = find_others(), asked = mix_targets_replay(&recipe, others, targets), total = others + targets[3].target;
    g_assert_cmpuint(targets[3].target, ==, asked);
    g_assert_cmpuint(targets[0].target * 2, <=, total);
    g_assert_cmpuint((targets[0].target + 5) * 2, >, total);
    g_assert_cmpuint(targets[1].target + targets[2].target, ==, 4000);
    g_assert_cmpstr(targets[0].limit, ==, "max_share");
}

/* The replay that is not there makes the whole smaller, and so the limit. */
static void test_a_share_holds_where_the_replay_is_short(void)
{
    set_up((guint64[]){90000, 4000}, 2, 0.2, 100);
    sources[0].max_share = 0.5;
    guint64 others = find_others();
    mix_targets_replay(&recipe, others, targets);
    g_assert_cmpuint(targets[2].target, ==, 100);
    g_assert_cmpstr(targets[2].limit, ==, "available");
    g_assert_cmpuint(targets[0].target * 2, <=, others + 100);
    g_assert_cmpuint(targets[0].target, ==, 4100);
}

static void assert_refused(const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(mix_targets_others(&recipe, targets, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, reason));
}

static void test_shares_that_cannot_all_hold_are_refused(void)
{
    set_up((guint64[]){1000, 1000, 0}, 3, 0, 0);
    sources[0].max_share = sources[1].max_share = 0.4; /* the third could, but has nothing */
    assert_refused("max_share");
    recipe.mix.temperature = 3;
    assert_refused("max_share");
}

static void test_more_tokens_than_there_can_be_are_refused(void)
{
    set_up((guint64[]){1000, 1000}, 2, 0, 0);
    recipe.mix.tokens = 8000;
    g_assert_cmpuint(find_others(), ==, 8000);
    recipe.mix.tokens = 8001;
    assert_refused("give 8000");
}

/* Against the definition, over many random mixes: no limit is passed, nothing is left over, shares are proportional. */
static void test_no_limit_is_ever_passed(void)
{
    for (guint64 round = 0; round < 2000; round++) {
        guint64 available[MOST_SOURCES - 1], count = 1 + random_at(round, "count", 0) % (MOST_SOURCES - 1);
        for (guint64 i = 0; i < count; i++)
            available[i] = random_at(round, "size", i) % 1000000;
        double share = (double)(random_at(round, "share", 0) % 50) / 100;
        set_up(available, (unsigned)count, share, 1 + random_at(round, "replay", 0) % 1000000);
        gboolean weighted = round % 2;
        for (guint64 i = 0; i < count; i++) {
            sources[i].weight = weighted ? 1 + (double)(random_at(round, "weight", i) % 9) : NAN;
            sources[i].max_tokens = random_at(round, "cap", i) % 3 ? 0 : 1 + random_at(round, "tokens", i) % 500000;
            sources[i].max_share = random_at(round, "limit", i) % 3 ? 1 : 0.2;
        }
        if (!mix_targets_others(&recipe, targets, NULL))
            continue;
        guint64 others = 0;
        for (guint64 i = 0; i < count; i++)
            others += targets[i].target;
        mix_targets_replay(&recipe, others, targets);
        guint64 total = others + targets[count].target;
        g_assert_cmpuint(targets[count].target, <=, targets[count].available);
        for (guint64 i = 0; i < count; i++) {
            g_assert_cmpuint(targets[i].target, <=, targets[i].available * (weighted ? 4 : 1));
            g_assert_true(!sources[i].max_tokens || targets[i].target <= sources[i].max_tokens);
            g_assert_cmpfloat((double)targets[i].target, <=, sources[i].max_share * (double)total + 2);
            for (guint64 j = 0; weighted && j < count; j++)
                if (!targets[i].within && !targets[j].within && targets[i].target < 4 * targets[i].available && targets[j].target < 4 * targets[j].available)
                    g_assert_cmpfloat(fabs((double)targets[i].target / sources[i].weight - (double)targets[j].target / sources[j].weight), <=, 2);
        }
    }
}

/* ---- Cuts -------------------------------------------------------------------------------------------------------- */

#define ROWS 4000

static int compare_rows(const void *left, const void *right)
{
    const MixRow *a = left, *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->docno > b->docno) - (a->docno < b->docno);
}

/* Takes the documents of a source one by one in their order. */
static guint64 take_plainly(const MixRow *rows, unsigned source, const MixQuota *quota, GHashTable *taken)
{
    g_autofree MixRow *sorted = g_memdup2(rows, ROWS * sizeof *rows);
    qsort(sorted, ROWS, sizeof *sorted, compare_rows);
    guint64 sum = 0;
    for (unsigned i = 0; i < ROWS && quota->tokens; i++) {
        if (sorted[i].source != source)
            continue;
        if (quota->within ? sum + mix_row_tokens(&sorted[i]) > quota->tokens : sum >= quota->tokens)
            return sum;
        g_hash_table_add(taken, GUINT_TO_POINTER((guint)sorted[i].docno + 1));
        sum += mix_row_tokens(&sorted[i]);
    }
    return sum;
}

static MixRow *make_rows(guint64 salt)
{
    MixRow *rows = g_new0(MixRow, ROWS);
    for (guint64 i = 0; i < ROWS; i++)
        rows[i] = (MixRow){
            .docno = i,
            /* many equal orders, and many that differ in the last bits alone */
            .order = i % 3 ? random_at(salt, "order", i) : random_at(salt, "order", i % 5) + random_at(salt, "low", i) % 7,
            .tokens = (guint32)(random_at(salt, "tokens", i) % 50),
            .passes = (guint16)(1 + i % 2),
            .source = (guint16)(random_at(salt, "source", i) % 4),
            .split = i % 11 == 0 ? SPLIT_VALID : SPLIT_TRAIN,
        };
    return rows;
}

static void test_a_cut_is_where_a_sort_would_cut(void)
{
    for (guint64 salt = 0; salt < 20; salt++) {
        g_autofree MixRow *rows = make_rows(salt);
        MixQuota quotas[4] = {{salt * 997 % 20000, FALSE}, {salt * 1409 % 30000, TRUE}, {0, FALSE}, {G_MAXUINT32, salt % 2}};
        MixCut cuts[4];
        mix_cuts_find(rows, ROWS, quotas, 4, cuts);
        for (unsigned source = 0; source < 4; source++) {
            g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
            guint64 sum = take_plainly(rows, source, &quotas[source], taken), tokens = 0;
            for (guint64 i = 0; i < ROWS; i++) {
                gboolean takes = rows[i].source == source && mix_cut_takes(&cuts[source], &rows[i]);
                tokens += takes ? mix_row_tokens(&rows[i]) : 0;
                if (rows[i].source == source && mix_row_tokens(&rows[i]) > 0)
                    g_assert_true(takes == g_hash_table_contains(taken, GUINT_TO_POINTER((guint)rows[i].docno + 1)));
            }
            g_assert_cmpuint(tokens, ==, sum);
            g_assert_cmpuint(cuts[source].drawn, ==, sum);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mix_targets/without settings all is asked of everybody", test_without_settings_all_is_asked_of_everybody);
    g_test_add_func("/mix_targets/weights share out to the last token", test_weights_share_out_to_the_last_token);
    g_test_add_func("/mix_targets/a temperature brings sizes nearer to each other", test_a_temperature_brings_sizes_nearer_to_each_other);
    g_test_add_func("/mix_targets/what one cannot give the others give", test_what_one_cannot_give_the_others_give);
    g_test_add_func("/mix_targets/without weights nobody stands in for a limited source",
                    test_without_weights_nobody_stands_in_for_a_limited_source);
    g_test_add_func("/mix_targets/a share is of the mix with its replay", test_a_share_is_of_the_mix_with_its_replay);
    g_test_add_func("/mix_targets/a share holds where the replay is short", test_a_share_holds_where_the_replay_is_short);
    g_test_add_func("/mix_targets/shares that cannot all hold are refused", test_shares_that_cannot_all_hold_are_refused);
    g_test_add_func("/mix_targets/more tokens than there can be are refused", test_more_tokens_than_there_can_be_are_refused);
    g_test_add_func("/mix_targets/no limit is ever passed", test_no_limit_is_ever_passed);
    g_test_add_func("/mix_targets/a cut is where a sort would cut", test_a_cut_is_where_a_sort_would_cut);
    return g_test_run();
}
