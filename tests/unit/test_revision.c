/* SPDX-License-Identifier: Apache-2.0
 * store/revision.h: a store that grows and shrinks has the containment and passages of one build over all, and what later stages
 * made of a document goes exactly where its cuts or its verdict are others now. */
#include "store/revision.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "dedup/containment.h"
#include "dedup/dedup.h"
#include "dedup/passages.h"
#include "store/changes.h"
#include "store/note.h"
#include "tests/unit/store_fixture.h"

enum { DOCUMENTS = 90, STEPS = 6 };

static char *directory;

static RecipeSource sources[] = {
    {.tag = (char *)"cdc", .group = GROUP_GUIDELINES},
    {.tag = (char *)"web", .group = GROUP_REPLAY},
};

static Recipe make_recipe(void)
{
    return (Recipe){.sources = sources,
                    .sources_count = G_N_ELEMENTS(sources),
                    .base_directory = directory,
                    .clean = {.min_words = 5},
                    .dedup = {.shingle = 5, .permutations = 8, .bands = 2, .rows = 4, .threshold = 0.8},
                    .containment = {.action = CONTAINMENT_DROP, .threshold = 0.8, .min_words = 20},
                    .passages = {.action = PASSAGES_REMOVE, .min_words = 10, .occurrences = 2}};
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

static guint64 draw(guint64 seed, const char *what, guint64 number, guint64 below)
{
    return random_at(seed, what, number) % below;
}

/* Words of the document's own, and pieces of a few texts that many have pieces of. */
static char *make_text(guint64 seed, Docno docno)
{
    GString *text = g_string_new(NULL);
    guint64 pieces = 1 + draw(seed, "pieces", docno, 4);
    for (guint64 piece = 0; piece < pieces; piece++) {
        guint64 place = docno * 8 + piece, model = draw(seed, "model", place, 12), words = 12 + draw(seed, "words", place, 30);
        gboolean shared = draw(seed, "shared", place, 3) > 0;
        for (guint64 i = 0; i < words; i++)
            g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "w%" G_GUINT64_FORMAT "%s", shared ? "m" : "own", shared ? model : place,
                                   i + (shared ? draw(seed, "from", place, 10) : 0), i % 9 == 8 ? ".\n" : " ");
    }
    return g_string_free(text, FALSE);
}

typedef struct Part {
    guint64 seed;
    gboolean wanted[DOCUMENTS], present[DOCUMENTS];
    gboolean marked; /* the store was built: what comes and goes is told */
} Part;

static gboolean put_document(StoreTxn *txn, const Part *part, Docno docno, GError **error)
{
    g_autofree char *text = make_text(part->seed, docno);
    g_auto(Document) document = {.source = g_strdup(sources[docno % 2].tag), .id = g_strdup_printf("d%" G_GUINT64_FORMAT, docno),
                                 .kind = g_strdup("page"), .meta = g_strdup("{}"), .origin = g_strdup("x")};
    document_set_text(&document, text, strlen(text));
    return document_put(txn, docno, &document, error) && cleaned_put(txn, docno, text, strlen(text), error) &&
           (!part->marked || changes_enter(txn, docno, "clean", error));
}

static gboolean put_part(StoreTxn *txn, gpointer user, GError **error)
{
    const Part *part = user;
    Verdict gone = {OUTCOME_DROPPED, "updates", "superseded", NAN, NAN, DOCNO_NONE, NULL};
    for (Docno docno = 0; docno < DOCUMENTS; docno++) {
        if (part->wanted[docno] && !part->present[docno] && !put_document(txn, part, docno, error))
            return FALSE;
        if (!part->wanted[docno] && part->present[docno] && !changes_decide(txn, docno, &gone, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- Stores ------------------------------------------------------------------------------------------------------ */

static Store *new_store(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    g_auto(StageRun) run = {0};
    StageAction action;
    g_assert_true(stage_begin(store, "ingest", "1\n", &run, &action, &error) && stage_finish(store, &run, &error));
    return store;
}

static void remove_store(Store *store, const char *name)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s/%s'", directory, name);
    store_free(store);
    g_assert_cmpint(system(command), ==, 0);
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

static void run_stages(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dedup = NULL, *containment = NULL, *passages = NULL;
    Recipe recipe = make_recipe();
    StageContext context = {.store = store, .jobs = 2, .batch_documents = 7};
    dedup_run(&context, &recipe, "1\n", &dedup, &error);
    g_assert_no_error(error);
    containment_run(&context, &recipe, dedup, &containment, &error);
    g_assert_no_error(error);
    passages_run(&context, &recipe, containment, &passages, &error);
    g_assert_no_error(error);
}

/* What a later stage sees of a document, and what these stages say of it. g_free. */
static char *fate(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *final = NULL;
    gsize length;
    Verdict verdict;
    if (!final_text_get(txn, docno, &final, &length, &error))
        return g_strdup("absent");
    if (ledger_get(txn, docno, &verdict, &error))
        return g_strdup_printf("%s %s %" G_GUINT64_FORMAT, verdict.stage, verdict.rule, verdict.winner);
    return g_strdup(final);
}

static char *notes(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(json_t) all = notes_get(txn, docno, &error);
    g_assert_no_error(error);
    return json_write(all);
}

static gboolean has_tokens(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    StoreValue value;
    return store_get_docno(txn, TABLE_TOKENS, docno, &value, &error);
}

static gboolean is_listed(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Docno found;
    return changes_next(txn, docno, "contamination", &found, &error) && found == docno;
}

/* In place of the stages behind: every undecided document has a record, and the list is empty. */
static gboolean finish_later_stages(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < DOCUMENTS; docno++) {
        StoreValue value;
        if (store_get_docno(txn, TABLE_DOCUMENTS, docno, &value, error) && !ledger_has(txn, docno) &&
            !store_put_docno(txn, TABLE_TOKENS, docno, "t", 1, error))
            return FALSE;
        if (!changes_leave(txn, docno, error))
            return FALSE;
    }
    return TRUE;
}

static void choose_documents(Part *part, unsigned step)
{
    for (Docno docno = 0; docno < DOCUMENTS; docno++) {
        part->present[docno] = part->wanted[docno];
        gboolean fresh = draw(part->seed, "step", docno, STEPS) == step;
        gboolean goes = part->present[docno] && draw(part->seed + step, "goes", docno, 12) == 0;
        part->wanted[docno] = (part->wanted[docno] || fresh) && !goes;
    }
}

static void check_against_one_build(Store *grown, const Part *part)
{
    Part all = {.seed = part->seed};
    memcpy(all.wanted, part->wanted, sizeof all.wanted);
    Store *whole = new_store("whole");
    fixture_write(whole, put_part, &all);
    run_stages(whole);
    for (Docno docno = 0; docno < DOCUMENTS; docno++) {
        if (!part->wanted[docno])
            continue;
        g_autofree char *expected = fate(whole, docno), *got = fate(grown, docno), *said = notes(whole, docno), *says = notes(grown, docno);
        g_assert_cmpstr(got, ==, expected);
        g_assert_cmpstr(says, ==, said);
    }
    remove_store(whole, "whole");
}

/* Returns how many documents that stayed kept their tokens, and how many lost them. */
static void check_what_is_left(Store *store, const Part *part, char *const *before, unsigned *kept, unsigned *lost)
{
    for (Docno docno = 0; docno < DOCUMENTS; docno++) {
        g_autofree char *now = fate(store, docno);
        gboolean stays = part->wanted[docno] && part->present[docno];
        if (!stays)
            continue;
        gboolean same = g_str_equal(now, before[docno]);
        gboolean decided = g_str_has_prefix(now, "containment") || g_str_has_prefix(now, "passages");
        g_assert_cmpint(has_tokens(store, docno), ==, same && !decided);
        if (!decided) /* those that the next stages must look at, and no others */
            g_assert_cmpint(is_listed(store, docno), ==, !same);
        *kept += same && !decided;
        *lost += !same;
    }
}

static void test_a_store_that_changes_redoes_what_changed_and_nothing_else(void)
{
    unsigned kept = 0, lost = 0;
    for (guint64 seed = 1; seed <= 6; seed++) {
        Part part = {.seed = seed};
        Store *store = new_store("grown");
        for (unsigned step = 0; step < STEPS; step++) {
            char *before[DOCUMENTS];
            for (Docno docno = 0; docno < DOCUMENTS; docno++)
                before[docno] = fate(store, docno);
            choose_documents(&part, step);
            fixture_write(store, put_part, &part);
            if (step > 0)
                next_generation(store);
            run_stages(store);
            check_against_one_build(store, &part);
            if (step > 0)
                check_what_is_left(store, &part, before, &kept, &lost);
            fixture_write(store, finish_later_stages, NULL);
            part.marked = TRUE;
            for (Docno docno = 0; docno < DOCUMENTS; docno++)
                g_free(before[docno]);
        }
        remove_store(store, "grown");
    }
    g_test_message("%u times a document kept its tokens, %u times it lost them", kept, lost);
    g_assert_cmpuint(kept, >, 200);
    g_assert_cmpuint(lost, >, 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-revision-XXXXXX", NULL);
    g_test_add_func("/revision/a store that changes redoes what changed and nothing else",
                    test_a_store_that_changes_redoes_what_changed_and_nothing_else);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
