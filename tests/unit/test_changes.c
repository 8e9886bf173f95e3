/* SPDX-License-Identifier: Apache-2.0
 * store/fingerprint.h, reading_order.h and changes.h: what a store that gets documents must look at anew, and nothing else. */
#include "store/changes.h"

#include <math.h>
#include <string.h>

#include "store/fingerprint.h"
#include "store/note.h"
#include "store/reading_order.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

/* ---- Fingerprints ---------------------------------------------------------------------------------------------- */

static char *fingerprint(const char *version, const char *const *tags, const char *setting)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "stage %s", version);
    for (; *tags; tags++)
        fingerprint_add_source(text, *tags, "setting=%s", setting);
    fingerprint_add_before(text, "before 1");
    return g_string_free(text, FALSE);
}

static void assert_match(const char *version, const char *const *tags, const char *setting, FingerprintMatch expected)
{
    static const char *const first[] = {"one", "two", NULL};
    g_autofree char *before = fingerprint("1", first, "a"), *now = fingerprint(version, tags, setting);
    g_assert_cmpint(fingerprint_compare(before, now), ==, expected);
}

static void test_further_sources_extend_a_fingerprint(void)
{
    static const char *const same[] = {"one", "two", NULL}, *const turned[] = {"two", "one", NULL},
                      *const more[] = {"zero", "one", "two", NULL}, *const fewer[] = {"one", NULL};
    assert_match("1", same, "a", FINGERPRINT_SAME);
    assert_match("1", turned, "a", FINGERPRINT_SAME);
    assert_match("1", more, "a", FINGERPRINT_EXTENDS);
    assert_match("1", fewer, "a", FINGERPRINT_DIFFERENT);
    assert_match("2", more, "a", FINGERPRINT_DIFFERENT);
    assert_match("1", more, "b", FINGERPRINT_DIFFERENT);
}

static void test_a_further_line_of_a_source_that_was_there_is_a_difference(void)
{
    g_assert_cmpint(fingerprint_compare("source one a\n", "source one a\nsource one b\n"), ==, FINGERPRINT_DIFFERENT);
    g_assert_cmpint(fingerprint_compare("source one a\n", "source one a\nsource oneself b\n"), ==, FINGERPRINT_EXTENDS);
    g_assert_cmpint(fingerprint_compare("source one a\n", "source one a\nsetting b\n"), ==, FINGERPRINT_DIFFERENT);
}

static void test_settings_with_line_breaks_stay_on_their_line(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    fingerprint_add(text, "%s", "a\nsource two b");
    g_assert_cmpstr(text->str, ==, "a source two b\n");
}

/* ---- The order of reading -------------------------------------------------------------------------------------- */

static gboolean save_order(StoreTxn *txn, gpointer user, GError **error)
{
    return reading_order_save(txn, user, error);
}

static void test_places_follow_the_order_of_reading(void)
{
    static const ReadingStretch read[] = {{"a", 0, 3}, {"a", 10, 2}, {"b", 3, 4}, {"b", 7, 0}, {"b", 7, 3}};
    static const guint64 places[] = {0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 3, 4};
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "places");
    g_autoptr(GArray) stretches = g_array_new(FALSE, FALSE, sizeof(ReadingStretch));
    g_array_append_vals(stretches, read, G_N_ELEMENTS(read));
    fixture_write(store, save_order, stretches);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(ReadingOrder) order = reading_order_load(txn, &error);
    g_assert_no_error(error);
    for (Docno docno = 0; docno < G_N_ELEMENTS(places); docno++)
        g_assert_cmpuint(reading_order_place(order, docno), ==, places[docno]);
    g_assert_cmpuint(reading_order_place(order, 12), >, 11);
    g_autoptr(GArray) of_b = reading_order_source(order, "b");
    g_assert_cmpuint(of_b->len, ==, 1);
    g_assert_cmpuint(g_array_index(of_b, ReadingStretch, 0).count, ==, 7);
}

static void test_without_a_record_places_are_numbers(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "numbers");
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(ReadingOrder) order = reading_order_load(txn, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(reading_order_place(order, 7), ==, 7);
}

/* ---- The list of changes --------------------------------------------------------------------------------------- */

typedef struct Step {
    const char *what;
    Docno docno;
    const char *stage;
} Step;

static const Verdict kept = {OUTCOME_KEPT, "mix", "kept", NAN, NAN, DOCNO_NONE, NULL};

static gboolean take_step(StoreTxn *txn, gpointer user, GError **error)
{
    const Step *step = user;
    Verdict verdict = {OUTCOME_DROPPED, step->stage, "rule", NAN, NAN, DOCNO_NONE, NULL};
    g_autoptr(json_t) note = json_pack("{s:s}", "of", step->stage);
    if (strcmp(step->what, "redo") == 0)
        return changes_redo(txn, step->docno, step->stage, error);
    if (strcmp(step->what, "decide") == 0)
        return changes_decide(txn, step->docno, &verdict, error);
    if (strcmp(step->what, "reopen") == 0)
        return changes_reopen(txn, step->docno, step->stage, error);
    if (strcmp(step->what, "pass") == 0)
        return changes_pass(txn, step->docno, step->stage, error);
    if (strcmp(step->what, "note") == 0)
        return note_put(txn, step->docno, step->stage, note, error);
    if (strcmp(step->what, "sign") == 0)
        return store_put_docno(txn, TABLE_SIGNATURES, step->docno, step->stage, strlen(step->stage), error);
    if (strcmp(step->what, "keep") == 0)
        return ledger_put(txn, step->docno, &kept, error);
    return changes_enter(txn, step->docno, step->stage, error);
}

static void step(Store *store, const char *what, Docno docno, const char *stage)
{
    Step taken = {what, docno, stage};
    fixture_write(store, take_step, &taken);
}

/* The documents that a stage must look at, and what is known of number 1: "0 2; clean sign ledger=mix/kept". */
static char *describe(Store *store, const char *stage)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    GString *text = g_string_new(NULL);
    Docno docno;
    Verdict verdict;
    StoreValue value;
    for (Docno from = 0; changes_next(txn, from, stage, &docno, &error); from = docno + 1)
        g_string_append_printf(text, "%d ", (int)docno);
    g_string_append_c(text, ';');
    if (store_get_docno(txn, TABLE_CLEANED, 1, &value, &error))
        g_string_append(text, " clean");
    if (store_get_docno(txn, TABLE_SIGNATURES, 1, &value, &error))
        g_string_append(text, " sign");
    Withdrawn withdrawn;
    if (withdrawn_get(txn, 1, &withdrawn, &error))
        g_string_append_printf(text, " withdrawn=%.*s", (int)withdrawn.sketch.length, (const char *)withdrawn.sketch.data);
    g_autoptr(json_t) notes = notes_get(txn, 1, &error);
    const char *key;
    json_t *note;
    json_object_foreach(notes, key, note)
        g_string_append_printf(text, " note=%s", key);
    if (ledger_get(txn, 1, &verdict, &error))
        g_string_append_printf(text, " ledger=%s/%s", verdict.stage, verdict.rule);
    g_assert_no_error(error);
    return g_string_free(text, FALSE);
}

static void assert_state(Store *store, const char *stage, const char *expected)
{
    g_autofree char *state = describe(store, stage);
    g_assert_cmpstr(state, ==, expected);
}

static Store *whole_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    step(store, "sign", 1, "first");
    step(store, "note", 1, "metadata");
    step(store, "note", 1, "contamination");
    step(store, "keep", 1, "mix");
    assert_state(store, "mix", "; clean sign note=contamination note=metadata ledger=mix/kept");
    return store;
}

static void test_what_is_redone_is_withdrawn_from_its_stage_on(void)
{
    g_autoptr(Store) store = whole_store("redo");
    step(store, "redo", 1, "sign");
    assert_state(store, "sign", "1 ; clean withdrawn=first note=metadata");
    assert_state(store, "clean", "; clean withdrawn=first note=metadata");
    step(store, "sign", 1, "second");
    step(store, "redo", 1, "clean");
    assert_state(store, "clean", "1 ; withdrawn=first note=metadata");
}

static void test_a_decision_withdraws_what_later_stages_made(void)
{
    g_autoptr(Store) store = whole_store("decide");
    step(store, "decide", 1, "updates");
    assert_state(store, "chapters", "1 ; withdrawn=first ledger=updates/rule");
    step(store, "pass", 1, "metadata");
    assert_state(store, "lines", "1 ; withdrawn=first ledger=updates/rule");
    step(store, "pass", 1, "clean");
    assert_state(store, "pack", "; withdrawn=first ledger=updates/rule");
    step(store, "reopen", 1, "updates");
    assert_state(store, "chapters", "1 ; withdrawn=first");
}

static void test_documents_go_from_stage_to_stage(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "pass");
    step(store, "enter", 5, "updates");
    step(store, "enter", 3, "clean");
    assert_state(store, "ingest", "; clean");
    assert_state(store, "updates", "5 ; clean");
    assert_state(store, "sign", "3 5 ; clean");
    step(store, "pass", 5, "clean");
    assert_state(store, "clean", "3 ; clean");
    step(store, "pass", 3, "pack");
    assert_state(store, "pack", "5 ; clean");
}

/* ---- Generations ----------------------------------------------------------------------------------------------- */

static StageAction begin(Store *store, const char *stage, const char *fingerprint, gboolean extending, gboolean finish)
{
    g_autoptr(GError) error = NULL;
    g_auto(StageRun) run = {0};
    StageAction action = STAGE_SKIP;
    if (extending)
        stage_begin_extending(store, stage, fingerprint, STAGE_NEEDS_RECORD, &run, &action, &error);
    else
        stage_begin(store, stage, fingerprint, &run, &action, &error);
    g_assert_no_error(error);
    if (finish)
        stage_finish(store, &run, &error);
    g_assert_no_error(error);
    return action;
}

static void next_generation(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_auto(StageRun) run = {0};
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_assert_true(stage_load(txn, "ingest", &run, &error));
    g_clear_pointer(&txn, store_read_end);
    g_assert_true(stage_open_generation(store, &run, &error) && stage_finish(store, &run, &error));
}

static void test_a_store_that_changed_is_extended_or_begun_anew(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "generations");
    g_assert_cmpint(begin(store, "ingest", "i\n", TRUE, TRUE), ==, STAGE_START);
    g_assert_cmpint(begin(store, "clean", "c\n", TRUE, TRUE), ==, STAGE_START);
    g_assert_cmpint(begin(store, "mix", "m\n", FALSE, TRUE), ==, STAGE_START);
    g_assert_cmpint(begin(store, "clean", "c\n", TRUE, TRUE), ==, STAGE_SKIP);
    next_generation(store);
    g_assert_cmpint(begin(store, "ingest", "i\n", TRUE, TRUE), ==, STAGE_SKIP);
    g_assert_cmpint(begin(store, "clean", "c\nsource x 1\n", TRUE, FALSE), ==, STAGE_EXTEND);
    g_assert_cmpint(begin(store, "clean", "c\nsource x 1\n", TRUE, TRUE), ==, STAGE_EXTEND); /* it was not finished */
    g_assert_cmpint(begin(store, "clean", "c\nsource x 1\n", TRUE, TRUE), ==, STAGE_SKIP);
    g_assert_cmpint(begin(store, "mix", "m\n", FALSE, TRUE), ==, STAGE_START);
    next_generation(store);
    g_assert_cmpint(begin(store, "clean", "c\nsource x 2\n", TRUE, TRUE), ==, STAGE_START);
}

static void test_a_run_that_was_never_finished_is_not_extended(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "unfinished");
    begin(store, "ingest", "i\n", TRUE, TRUE);
    begin(store, "clean", "c\n", TRUE, FALSE);
    g_assert_cmpint(begin(store, "clean", "c\n", TRUE, FALSE), ==, STAGE_RESUME);
    next_generation(store);
    g_assert_cmpint(begin(store, "clean", "c\n", TRUE, FALSE), ==, STAGE_START);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/changes/further sources extend a fingerprint", test_further_sources_extend_a_fingerprint);
    g_test_add_func("/changes/a further line of a source that was there is a difference",
                    test_a_further_line_of_a_source_that_was_there_is_a_difference);
    g_test_add_func("/changes/settings with line breaks stay on their line", test_settings_with_line_breaks_stay_on_their_line);
    g_test_add_func("/changes/places follow the order of reading", test_places_follow_the_order_of_reading);
    g_test_add_func("/changes/without a record places are numbers", test_without_a_record_places_are_numbers);
    g_test_add_func("/changes/what is redone is withdrawn from its stage on", test_what_is_redone_is_withdrawn_from_its_stage_on);
    g_test_add_func("/changes/a decision withdraws what later stages made", test_a_decision_withdraws_what_later_stages_made);
    g_test_add_func("/changes/documents go from stage to stage", test_documents_go_from_stage_to_stage);
    g_test_add_func("/changes/a store that changed is extended or begun anew", test_a_store_that_changed_is_extended_or_begun_anew);
    g_test_add_func("/changes/a run that was never finished is not extended", test_a_run_that_was_never_finished_is_not_extended);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
