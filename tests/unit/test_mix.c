/* SPDX-License-Identifier: Apache-2.0
 * store/mix.h: the replay's share, held-out documents, and one verdict for every document. */
#include "store/mix.h"
#include "store/draw.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static char *run_tokenise(StageContext *context)
{
    g_autoptr(GError) error = NULL;
    char *fingerprint = NULL;
    tokenise_run(context, fixture->recipe, fixture->tokenizer, "clean", &fingerprint, &error);
    g_assert_no_error(error);
    return fingerprint;
}

static void run_mix(StageContext *context, const char *predecessor)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    mix_run(context, fixture->recipe, predecessor, &fingerprint, &error);
    g_assert_no_error(error);
}

static Store *mixed_store(const char *name, GString *notices)
{
    Store *store = fixture_store(fixture, name);
    StageContext context = fixture_context(store);
    context.notices = notices;
    g_autofree char *tokenised = run_tokenise(&context);
    run_mix(&context, tokenised);
    return store;
}

static json_t *description(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *text = store_get_meta(txn, MIX_META, &error);
    g_assert_no_error(error);
    g_assert_nonnull(text);
    return json_parse(text, strlen(text), "mix", &error);
}

static guint64 asked_or_drawn(Store *store, const char *key)
{
    g_autoptr(json_t) mix = description(store);
    g_assert_true(json_is_integer(json_object_get(mix, key)));
    return (guint64)json_integer_value(json_object_get(mix, key));
}

/* Training tokens, repeats counted, of kept documents whose source is the replay or is not. */
static guint64 training_tokens(Store *store, gboolean replay)
{
    guint64 sum = 0;
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        const RecipeSource *source = &fixture->recipe->sources[docno % 3];
        g_autofree char *id = g_strdup_printf("doc-%d", (int)docno);
        if ((source->group == GROUP_REPLAY) != replay || fixture_verdict(store, docno).outcome != OUTCOME_KEPT ||
            split_of(fixture->recipe, source, id) != SPLIT_TRAIN)
            continue;
        g_autoptr(GArray) ids = fixture_ids(fixture, store, docno);
        sum += ids->len * source->repeat;
    }
    return sum;
}

static void test_tokens_are_the_ids_of_the_clean_text(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = mixed_store("tokens", NULL);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        g_autoptr(GArray) ids = fixture_ids(fixture, store, docno);
        g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
        StoreValue value;
        g_assert_true(store_get_docno(txn, TABLE_TOKENS, docno, &value, &error));
        g_assert_cmpuint(value.length, ==, 2 * (ids->len - 1));
        const guint16 *stored = value.data;
        for (guint i = 0; i + 1 < ids->len; i++)
            g_assert_cmpuint(stored[i], ==, g_array_index(ids, guint32, i));
    }
}

/* Both sides recomputed here from the texts: as few documents as reach the share, and no fewer. */
static void test_the_replay_first_reaches_its_share(void)
{
    g_autoptr(Store) store = mixed_store("share", NULL);
    guint64 others = training_tokens(store, FALSE), drawn = training_tokens(store, TRUE);
    guint64 asked = (others + 8) / 9; /* a tenth of the whole */
    g_assert_cmpuint(drawn, >=, asked);
    g_assert_cmpuint(asked_or_drawn(store, "replay_asked_tokens"), ==, asked);
    g_assert_cmpuint(asked_or_drawn(store, "replay_drawn_tokens"), ==, drawn);
    double largest = -1, threshold = NAN;
    guint64 last = 0, not_sampled = 0;
    for (Docno docno = 2; docno < FIXTURE_DOCUMENTS; docno += 3) {
        Verdict verdict = fixture_verdict(store, docno);
        if (verdict.outcome == OUTCOME_DROPPED) {
            g_assert_cmpstr(verdict.stage, ==, "mix");
            g_assert_cmpstr(verdict.rule, ==, "not-sampled");
            g_assert_cmpfloat(verdict.value, >, verdict.threshold);
            threshold = verdict.threshold;
            not_sampled++;
            continue;
        }
        g_autofree char *key = g_strdup_printf("replay\ndoc-%d", (int)docno);
        double draw = random_unit_at(7, "replay", hash64(key, strlen(key), 0));
        g_autoptr(GArray) ids = fixture_ids(fixture, store, docno);
        if (draw > largest) {
            largest = draw;
            last = ids->len;
        }
    }
    g_assert_cmpuint(not_sampled, >, 0);
    g_assert_cmpuint(drawn - last, <, asked);
    g_assert_cmpfloat_with_epsilon(largest, threshold, 1e-12);
}

static void test_every_document_has_its_verdict(void)
{
    g_autoptr(Store) store = mixed_store("all", NULL);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        Verdict verdict = fixture_verdict(store, docno);
        g_assert_cmpstr(verdict.stage, ==, "mix");
        if (docno % 3 != 2) {
            g_assert_cmpint(verdict.outcome, ==, OUTCOME_KEPT);
            g_assert_cmpstr(verdict.rule, ==, "kept");
        }
    }
}

static void test_no_share_means_no_replay(void)
{
    g_autoptr(GString) notices = g_string_new(NULL);
    fixture->recipe->mix.replay_share = 0;
    g_autoptr(Store) store = mixed_store("none", notices);
    fixture->recipe->mix.replay_share = 0.1;
    for (Docno docno = 2; docno < FIXTURE_DOCUMENTS; docno += 3)
        g_assert_cmpint(fixture_verdict(store, docno).outcome, ==, OUTCOME_DROPPED);
    g_assert_cmpint(fixture_verdict(store, 0).outcome, ==, OUTCOME_KEPT);
    g_assert_cmpstr(notices->str, ==, "");
}

static guint64 of_source(Store *store, guint source, const char *key)
{
    g_autoptr(json_t) mix = description(store);
    const json_t *part = json_array_get(json_object_get(mix, "sources"), source);
    g_assert_true(json_is_integer(json_object_get(part, key)));
    return (guint64)json_integer_value(json_object_get(part, key));
}

static Draw draw_of(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Draw draw = {.passes = 0};
    draw_get(txn, docno, &draw, &error);
    g_assert_no_error(error);
    return draw;
}

/* The draws of a source in training, added up document by document; *largest is the longest one, a pass of the mix. */
static guint64 drawn_of(Store *store, guint source, guint64 *largest)
{
    guint64 sum = 0;
    *largest = 0;
    for (Docno docno = source; docno < FIXTURE_DOCUMENTS; docno += 3) {
        Draw draw = draw_of(store, docno);
        g_assert_true((draw.passes > 0) == (fixture_verdict(store, docno).outcome == OUTCOME_KEPT));
        if (draw.passes == 0 || draw.split != SPLIT_TRAIN)
            continue;
        g_autoptr(GArray) ids = fixture_ids(fixture, store, docno);
        g_assert_cmpuint(draw.tokens, ==, ids->len);
        g_assert_cmpuint(draw.source, ==, source);
        sum += (guint64)draw.tokens * draw.passes;
        *largest = MAX(*largest, (guint64)draw.tokens * fixture->recipe->sources[source].repeat);
    }
    return sum;
}

static void test_a_limit_of_tokens_is_kept_to_within_a_document(void)
{
    guint64 largest;
    fixture->recipe->sources[0].max_tokens = 500;
    g_autoptr(Store) store = mixed_store("capped", NULL);
    fixture->recipe->sources[0].max_tokens = 0;
    guint64 drawn = drawn_of(store, 0, &largest);
    g_assert_cmpuint(drawn, ==, of_source(store, 0, "drawn_tokens"));
    g_assert_cmpuint(drawn, <=, 500);
    g_assert_cmpuint(drawn + largest, >, 500);
    g_assert_cmpuint(of_source(store, 0, "target_tokens"), ==, 500);
    g_assert_cmpuint(of_source(store, 0, "not_sampled"), >, 0);
    g_assert_cmpuint(of_source(store, 1, "not_sampled"), ==, 0);
}

static void test_a_limit_of_share_holds_for_the_whole_mix(void)
{
    guint64 largest;
    fixture->recipe->sources[1].max_share = 0.3;
    g_autoptr(Store) store = mixed_store("shared", NULL);
    fixture->recipe->sources[1].max_share = 1;
    guint64 drawn = drawn_of(store, 1, &largest), total = asked_or_drawn(store, "drawn_tokens");
    g_assert_cmpuint(drawn * 10, <=, total * 3);
    g_assert_cmpuint((drawn + largest) * 10, >, total * 3 - 10 * largest); /* no smaller than it must be */
    g_assert_cmpuint(total, ==, drawn + drawn_of(store, 0, &largest) + drawn_of(store, 2, &largest));
}

/* The paper is asked for three times the guide's tokens, of which it has fewer: it goes round again, the guide is sampled. */
static void test_weights_make_the_shares_and_repeat_what_is_short(void)
{
    guint64 largest;
    RecipeSource *sources = fixture->recipe->sources;
    sources[0].weight = 1;
    sources[1].weight = 3;
    g_autoptr(Store) store = mixed_store("weighted", NULL);
    sources[0].weight = sources[1].weight = NAN;
    guint64 guide = drawn_of(store, 0, &largest), most = largest;
    guint64 paper = drawn_of(store, 1, &largest);
    g_assert_cmpuint(of_source(store, 0, "asked_tokens") * 3, <=, of_source(store, 1, "asked_tokens") + 3);
    g_assert_cmpuint(guide, >=, of_source(store, 0, "asked_tokens"));
    g_assert_cmpuint(guide, <, of_source(store, 0, "asked_tokens") + most);
    g_assert_cmpuint(paper, >=, of_source(store, 1, "asked_tokens"));
    g_assert_cmpuint(paper, <, of_source(store, 1, "asked_tokens") + largest);
    g_assert_cmpuint(paper, >, of_source(store, 1, "available_tokens"));
    guint twice = 0, four = 0;
    for (Docno docno = 1; docno < FIXTURE_DOCUMENTS; docno += 3) {
        Draw draw = draw_of(store, docno);
        twice += draw.split == SPLIT_TRAIN && draw.passes == 2;
        four += draw.split == SPLIT_TRAIN && draw.passes == 4;
        g_assert_true(draw.split != SPLIT_TRAIN || draw.passes == 2 || draw.passes == 4);
        g_assert_true(draw.split == SPLIT_TRAIN || draw.passes == 1);
    }
    g_assert_cmpuint(twice, >, 0);
    g_assert_cmpuint(four, >, 0);
}

static void test_a_mix_that_cannot_be_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "impossible");
    StageContext context = fixture_context(store);
    g_autofree char *tokenised = run_tokenise(&context);
    fixture->recipe->mix.tokens = 1000000;
    g_assert_false(mix_run(&context, fixture->recipe, tokenised, &fingerprint, &error));
    fixture->recipe->mix.tokens = 0;
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "raise mix.max_passes (4)"));
    run_mix(&context, tokenised); /* and the store is as good as before */
    g_assert_cmpint(fixture_verdict(store, 0).outcome, ==, OUTCOME_KEPT);
}

static void test_what_lacks_tokens_is_not_passed_over(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "untokenised");
    StageContext context = fixture_context(store);
    g_assert_false(mix_run(&context, fixture->recipe, "x", &fingerprint, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "run the stage tokenise first"));
}

static void test_threads_do_not_change_the_mix(void)
{
    fixture->recipe->sources[0].max_tokens = 400;
    g_autoptr(Store) two = mixed_store("two threads", NULL), one = fixture_store(fixture, "one thread");
    StageContext context = fixture_context(one);
    context.jobs = 1;
    context.batch_documents = 3;
    g_autofree char *tokenised = run_tokenise(&context);
    run_mix(&context, tokenised);
    fixture->recipe->sources[0].max_tokens = 0;
    static const StoreTable tables[] = {TABLE_LEDGER, TABLE_DRAWS, TABLE_META, TABLE_RUNS};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *left = fixture_table_digest(one, tables[i]), *right = fixture_table_digest(two, tables[i]);
        g_assert_cmpstr(left, ==, right);
    }
}

static void test_too_little_replay_is_all_taken_and_said(void)
{
    g_autoptr(GString) notices = g_string_new(NULL);
    fixture->recipe->mix.replay_share = 0.9;
    g_autoptr(Store) store = mixed_store("scarce", notices);
    fixture->recipe->mix.replay_share = 0.1;
    for (Docno docno = 2; docno < FIXTURE_DOCUMENTS; docno += 3)
        g_assert_cmpint(fixture_verdict(store, docno).outcome, ==, OUTCOME_KEPT);
    g_assert_nonnull(strstr(notices->str, "90 %"));
    g_assert_cmpint(asked_or_drawn(store, "replay_drawn_tokens"), <, asked_or_drawn(store, "replay_asked_tokens"));
}

static void test_verdicts_of_earlier_stages_stay_and_do_not_count(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "earlier");
    Verdict dropped = {OUTCOME_DROPPED, "clean", "too-short", 1, 2, DOCNO_NONE, NULL};
    Verdict merged = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 0, NULL};
    fixture_put_verdict(store, 3, &dropped);
    fixture_put_verdict(store, 4, &merged);
    StageContext context = fixture_context(store);
    g_autofree char *tokenised = run_tokenise(&context);
    run_mix(&context, tokenised);
    g_assert_cmpstr(fixture_verdict(store, 3).rule, ==, "too-short");
    g_assert_cmpint(fixture_verdict(store, 4).outcome, ==, OUTCOME_MERGED);
    g_assert_cmpuint(asked_or_drawn(store, "replay_asked_tokens"), ==, (training_tokens(store, FALSE) + 8) / 9);
}

static void test_the_seed_decides_which_replay_is_taken(void)
{
    g_autoptr(Store) first = mixed_store("seed7", NULL), again = mixed_store("seed7-again", NULL);
    fixture->recipe->seed = 8;
    g_autoptr(Store) other = mixed_store("seed8", NULL);
    fixture->recipe->seed = 7;
    g_autofree char *one = fixture_table_digest(first, TABLE_LEDGER), *same = fixture_table_digest(again, TABLE_LEDGER);
    g_autofree char *different = fixture_table_digest(other, TABLE_LEDGER);
    g_assert_cmpstr(one, ==, same);
    g_assert_cmpstr(one, !=, different);
}

/* The state after some committed batches: the first verdicts are there, the rest and the end of the run are not. */
static gboolean take_back(StoreTxn *txn, gpointer user, GError **error)
{
    g_auto(StageRun) run = {0};
    if (!stage_load(txn, "mix", &run, error))
        return FALSE;
    run.complete = FALSE;
    run.next = 20;
    for (Docno docno = 20; docno < FIXTURE_DOCUMENTS; docno++) {
        guint8 key[8];
        docno_write(docno, key);
        if (!store_delete(txn, TABLE_LEDGER, key, sizeof key, error) || !store_delete(txn, TABLE_DRAWS, key, sizeof key, error))
            return FALSE;
    }
    return stage_save(txn, &run, error);
}

static void test_a_run_that_was_cut_off_finds_the_same_documents(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "cut");
    StageContext context = fixture_context(store);
    g_autofree char *tokenised = run_tokenise(&context);
    run_mix(&context, tokenised);
    g_autofree char *straight = fixture_table_digest(store, TABLE_LEDGER), *draws = fixture_table_digest(store, TABLE_DRAWS);
    fixture_write(store, take_back, NULL);
    context.batch_documents = 7;
    run_mix(&context, tokenised);
    g_autofree char *resumed = fixture_table_digest(store, TABLE_LEDGER), *draws_again = fixture_table_digest(store, TABLE_DRAWS);
    g_assert_cmpstr(straight, ==, resumed);
    g_assert_cmpstr(draws, ==, draws_again);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/mix/tokens are the ids of the clean text", test_tokens_are_the_ids_of_the_clean_text);
    g_test_add_func("/mix/the replay first reaches its share", test_the_replay_first_reaches_its_share);
    g_test_add_func("/mix/every document has its verdict", test_every_document_has_its_verdict);
    g_test_add_func("/mix/no share means no replay", test_no_share_means_no_replay);
    g_test_add_func("/mix/too little replay is all taken and said", test_too_little_replay_is_all_taken_and_said);
    g_test_add_func("/mix/a limit of tokens is kept to within a document", test_a_limit_of_tokens_is_kept_to_within_a_document);
    g_test_add_func("/mix/a limit of share holds for the whole mix", test_a_limit_of_share_holds_for_the_whole_mix);
    g_test_add_func("/mix/weights make the shares and repeat what is short", test_weights_make_the_shares_and_repeat_what_is_short);
    g_test_add_func("/mix/a mix that cannot be is refused", test_a_mix_that_cannot_be_is_refused);
    g_test_add_func("/mix/what lacks tokens is not passed over", test_what_lacks_tokens_is_not_passed_over);
    g_test_add_func("/mix/threads do not change the mix", test_threads_do_not_change_the_mix);
    g_test_add_func("/mix/verdicts of earlier stages stay and do not count",
                    test_verdicts_of_earlier_stages_stay_and_do_not_count);
    g_test_add_func("/mix/the seed decides which replay is taken", test_the_seed_decides_which_replay_is_taken);
    g_test_add_func("/mix/a run that was cut off finds the same documents",
                    test_a_run_that_was_cut_off_finds_the_same_documents);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
