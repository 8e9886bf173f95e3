/* SPDX-License-Identifier: Apache-2.0
 * Passages: filter, anchors, sort on disk, the search against brute force, what may be cut, and the stage: threads, memory, kills, order of
 * sources, all three actions. */
#include <string.h>

#include "base/error.h"
#include "dedup/anchor.h"
#include "dedup/count_filter.h"
#include "dedup/dedup.h"
#include "dedup/passage_search.h"
#include "dedup/passages.h"
#include "dedup/place_runs.h"
#include "dedup/word_list.h"
#include "store/note.h"
#include "store/passage_list.h"
#include "tests/unit/store_fixture.h"

static char *directory;

static RecipeSource sources[] = {
    {.tag = (char *)"cdc", .group = GROUP_GUIDELINES},
    {.tag = (char *)"web", .group = GROUP_REPLAY},
};

static Recipe make_recipe(PassagesAction action, unsigned window, unsigned occurrences)
{
    return (Recipe){.sources = sources,
                    .sources_count = G_N_ELEMENTS(sources),
                    .base_directory = directory,
                    .clean = {.min_words = 5},
                    .dedup = {.shingle = 5, .permutations = 8, .bands = 2, .rows = 4, .threshold = 0.8},
                    .passages = {.action = action, .min_words = window, .occurrences = occurrences}};
}

/* ---- Stores ------------------------------------------------------------------------------------------------------ */

static gboolean put_texts(StoreTxn *txn, gpointer user, GError **error)
{
    char **texts = user;
    for (Docno docno = 0; texts[docno]; docno++) {
        g_auto(Document) document = {.source = g_strdup(sources[docno % 2].tag), .id = g_strdup_printf("d%" G_GUINT64_FORMAT, docno),
                                     .kind = g_strdup("page"), .meta = g_strdup("{}"), .origin = g_strdup("x")};
        document_set_text(&document, texts[docno], strlen(texts[docno]));
        if (!document_put(txn, docno, &document, error) || !cleaned_put(txn, docno, texts[docno], strlen(texts[docno]), error))
            return FALSE;
    }
    return TRUE;
}

/* A store of these texts, alternately of the two sources, through deduplication with all rules off. */
static Store *make_store(const char *name, char **texts, const Recipe *recipe)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL), *fingerprint = NULL;
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    fixture_write(store, put_texts, texts);
    StageContext context = {.store = store, .jobs = 1};
    dedup_run(&context, recipe, "clean", &fingerprint, &error);
    g_assert_no_error(error);
    return store;
}

static void run_passages(Store *store, const Recipe *recipe, unsigned jobs, guint64 memory)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = jobs, .memory = memory, .batch_documents = jobs == 1 ? 3 : 0};
    passages_run(&context, recipe, "dedup", &fingerprint, &error);
    g_assert_no_error(error);
}

/* Everything that the stage left, as text. */
static char *results(Store *store)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (Docno docno = 0; docno < store_count(txn, TABLE_DOCUMENTS); docno++) {
        g_autoptr(json_t) note = note_get(txn, docno, PASSAGES_STAGE, &error);
        g_autofree char *line = note ? json_write(note) : NULL, *final = NULL;
        gsize length;
        Verdict verdict;
        g_assert_no_error(error);
        g_assert_true(final_text_get(txn, docno, &final, &length, &error));
        g_string_append_printf(text, "%" G_GUINT64_FORMAT " %s\n%s\n%s\n", docno, line ? line : "-", final,
                               ledger_get(txn, docno, &verdict, &error) ? verdict.rule : "kept");
    }
    return g_string_free(text, FALSE);
}

/* Texts of few different words, with copied stretches, repetitions and texts of one word. */
static char **random_texts(unsigned count, guint64 seed)
{
    char **texts = g_new0(char *, count + 1);
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)seed);
    for (unsigned i = 0; i < count; i++) {
        GString *text = g_string_new(NULL);
        unsigned words = (unsigned)g_rand_int_range(rand, 0, 120), vocabulary = i % 5 ? 200 : 2;
        for (unsigned w = 0; w < words; w++)
            g_string_append_printf(text, "%s%d", w % 7 ? " " : ".\n", g_rand_int_range(rand, 0, (gint32)vocabulary));
        for (unsigned copies = (unsigned)g_rand_int_range(rand, 0, 3); i > 0 && copies > 0; copies--) {
            const char *other = texts[g_rand_int_range(rand, 0, (gint32)i)];
            gsize length = strlen(other), from = length ? (gsize)g_rand_int_range(rand, 0, (gint32)length) : 0;
            g_string_append_c(text, ' ');
            g_string_append_len(text, other + from, g_rand_int_range(rand, 0, (gint32)(length - from) + 1));
        }
        texts[i] = g_string_free(text, FALSE);
    }
    return texts;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

static void test_the_filter_denies_nothing_that_was_added(void)
{
    g_autoptr(CountFilter) filter = count_filter_new(1 << 14);
    unsigned wrong = 0;
    for (guint64 i = 0; i < 8000; i++)
        for (guint64 k = 0; k < 1 + i % 4; k++)
            count_filter_add(filter, random_at(1, "filter", i));
    for (guint64 i = 0; i < 8000; i++) {
        unsigned times = (unsigned)MIN(1 + i % 4, COUNT_FILTER_MOST);
        g_assert_true(count_filter_has(filter, random_at(1, "filter", i), times));
        wrong += i % 4 == 0 && count_filter_has(filter, random_at(1, "filter", i), 2);
    }
    g_assert_cmpuint(wrong, <, 400); /* of 2,000, at 8 counters for each */
}

static void test_records_come_back_in_order(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PlaceRuns) runs = place_runs_new(directory, 0, &error);
    Place place, before = {0};
    guint64 sum = 0, count = 0, wanted = 0;
    for (guint64 i = 0; i < 20000; i++) {
        Place next = {random_at(1, "key", i) % 100, i % 3, random_at(1, "value", i)};
        wanted += next.value;
        g_assert_true(place_runs_add(runs, &next, 1, &error));
    }
    g_assert_true(place_runs_rewind(runs, &error));
    for (; place_runs_next(runs, &place, &error); count++) {
        g_assert_true(place.key > before.key || (place.key == before.key && (place.extra > before.extra || (place.extra == before.extra &&
                                                                                                          place.value >= before.value))));
        before = place;
        sum += place.value;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(count, ==, 20000);
    g_assert_cmpuint(sum, ==, wanted);
}

/* Anchors of every window of a text, as words from its beginning and a hash. */
static void test_equal_windows_have_equal_anchors(void)
{
    g_autoptr(Anchors) anchors = anchors_new(8);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    guint64 runs = 0, windows = 0;
    for (guint64 seed = 0; seed < 50; seed++) {
        g_auto(GStrv) texts = random_texts(3, seed);
        g_auto(WordList) list = {0};
        AnchorRun run;
        word_list_run(&list, texts[2], strlen(texts[2]));
        anchors_set(anchors, texts[2], strlen(texts[2]));
        g_assert_cmpuint(anchors_words(anchors), ==, list.count);
        gsize next = 0;
        for (; anchors_next(anchors, &run); runs++) {
            g_assert_cmpuint(run.first, ==, next);
            for (gsize i = 0; i < run.count; i++, next++) {
                GString *key = g_string_new(NULL);
                for (gsize w = next; w < next + 8; w++)
                    g_string_append_printf(key, "%.*s ", (int)list.words[w].folded_length, list.folded + list.words[w].folded);
                const guint64 *hash = g_hash_table_lookup(seen, key->str);
                g_assert_true(!hash || *hash == run.hash);
                g_hash_table_insert(seen, g_string_free(key, FALSE), g_memdup2(&run.hash, sizeof run.hash));
            }
        }
        g_assert_cmpuint(next, ==, list.count < 8 ? 0 : list.count - 7);
        windows += next;
    }
    g_assert_cmpuint(2 * runs, <, windows + 100);
}

/* ---- The search against brute force -------------------------------------------------------------------------------- */

/* Key of a window -> its places, in order of candidates. */
static GHashTable *all_windows(Corpus *corpus, char **texts, unsigned window)
{
    GHashTable *windows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
    for (guint32 index = 0; index < corpus->count; index++) {
        const char *text = texts[corpus->candidates[index].docno];
        g_auto(WordList) list = {0};
        word_list_run(&list, text, strlen(text));
        for (gsize first = 0; first + window <= list.count; first++) {
            g_autoptr(GString) key = g_string_new(NULL);
            for (gsize w = first; w < first + window; w++)
                g_string_append_printf(key, "%.*s ", (int)list.words[w].folded_length, list.folded + list.words[w].folded);
            GArray *places = g_hash_table_lookup(windows, key->str);
            if (!places) {
                places = g_array_new(FALSE, FALSE, sizeof(guint64));
                g_hash_table_insert(windows, g_strdup(key->str), places);
            }
            guint64 place = (guint64)index << 32 | first;
            g_array_append_val(places, place);
        }
    }
    return windows;
}

/* Place -> partner of every window that stands often enough. */
static GHashTable *expected(Corpus *corpus, char **texts, unsigned window, unsigned occurrences)
{
    GHashTable *partners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autoptr(GHashTable) windows = all_windows(corpus, texts, window);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, windows);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        GArray *places = value;
        for (guint i = 0; places->len >= occurrences && i < places->len; i++)
            g_hash_table_insert(partners, g_memdup2(&g_array_index(places, guint64, i), 8), g_memdup2(&g_array_index(places, guint64, i == 0), 8));
    }
    return partners;
}

static void compare_search(char **texts, unsigned window, unsigned occurrences, guint64 memory)
{
    g_autoptr(GError) error = NULL;
    Recipe recipe = make_recipe(PASSAGES_REPORT, window, occurrences);
    g_autoptr(Store) store = make_store("search", texts, &recipe);
    g_autoptr(Corpus) corpus = corpus_load(store, &recipe, 2, NULL, &error);
    corpus->memory = memory;
    g_autoptr(GHashTable) wanted = expected(corpus, texts, window, occurrences);
    g_autoptr(PassageSearch) search = passage_search_run(corpus, &recipe.passages, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(PassageSegment));
    guint32 index;
    guint found = 0;
    while (passage_search_next(search, &index, segments, &error)) {
        for (guint i = 0; i < segments->len; i++) {
            const PassageSegment *segment = &g_array_index(segments, PassageSegment, i);
            for (guint64 k = 0; k < segment->windows; k++, found++) {
                guint64 place = ((guint64)index << 32) + segment->first + k;
                const guint64 *partner = g_hash_table_lookup(wanted, &place);
                g_assert_nonnull(partner);
                g_assert_cmpuint(*partner, ==, segment->partner + k);
                g_assert_true(segment->holder == (place < *partner));
            }
        }
    }
    g_assert_no_error(error);
    g_assert_cmpuint(found, ==, g_hash_table_size(wanted));
    g_clear_pointer(&store, store_free);
    g_autofree char *command = g_strdup_printf("rm -rf '%s/search'", directory);
    g_assert_cmpint(system(command), ==, 0);
}

static void test_the_search_finds_what_brute_force_finds(void)
{
    for (guint64 seed = 0; seed < 12; seed++) {
        g_auto(GStrv) texts = random_texts(40, seed);
        compare_search(texts, 8 + seed % 4 * 3, 2 + seed % 3, seed % 2 ? 1 : 1 << 20);
    }
}

/* ---- The stage --------------------------------------------------------------------------------------------------- */

static void remove_store(Store *store, const char *name)
{
    store_free(store);
    g_autofree char *command = g_strdup_printf("rm -rf '%s/%s'", directory, name);
    g_assert_cmpint(system(command), ==, 0);
}

static void test_threads_memory_and_batches_change_nothing(void)
{
    Recipe recipe = make_recipe(PASSAGES_REMOVE, 10, 2);
    g_auto(GStrv) texts = random_texts(60, 99);
    Store *one = make_store("one", texts, &recipe), *many = make_store("many", texts, &recipe);
    run_passages(one, &recipe, 1, 1);
    run_passages(many, &recipe, 4, 0);
    g_autofree char *left = results(one), *right = results(many);
    g_assert_cmpstr(left, ==, right);
    g_assert_nonnull(strstr(left, "cut out"));
    remove_store(one, "one");
    remove_store(many, "many");
}

/* The final texts of all documents that are kept, as a set of windows. */
static GHashTable *windows_of_finals(Store *store, unsigned window)
{
    g_autoptr(GError) error = NULL;
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (Docno docno = 0; docno < store_count(txn, TABLE_DOCUMENTS); docno++) {
        g_autofree char *text = NULL;
        gsize length;
        g_auto(WordList) list = {0};
        if (ledger_has(txn, docno) || !final_text_get(txn, docno, &text, &length, &error))
            continue;
        word_list_run(&list, text, length);
        for (gsize first = 0; first + window <= list.count; first++) {
            GString *key = g_string_new(NULL);
            for (gsize w = first; w < first + window; w++)
                g_string_append_printf(key, "%.*s ", (int)list.words[w].folded_length, list.folded + list.words[w].folded);
            g_hash_table_add(set, g_string_free(key, FALSE));
        }
    }
    return set;
}

/* Every window that a cut touched still stands somewhere: so nothing that was repeated is gone. */
static void test_what_is_cut_stays_whole_elsewhere(void)
{
    for (guint64 seed = 0; seed < 8; seed++) {
        g_autoptr(GError) error = NULL;
        Recipe recipe = make_recipe(PASSAGES_REMOVE, 9, 2);
        recipe.clean.min_words = 0;
        g_auto(GStrv) texts = random_texts(40, 1000 + seed);
        Store *store = make_store("whole", texts, &recipe);
        run_passages(store, &recipe, 2, 0);
        {
            g_autoptr(Corpus) corpus = corpus_load(store, &recipe, 1, NULL, &error);
            g_autoptr(GHashTable) before = all_windows(corpus, texts, 9), after = windows_of_finals(store, 9);
            GHashTableIter iter;
            gpointer key, value;
            g_hash_table_iter_init(&iter, before);
            while (g_hash_table_iter_next(&iter, &key, &value))
                g_assert_true(((GArray *)value)->len < 2 || g_hash_table_contains(after, key));
        }
        remove_store(store, "whole");
    }
}

static char *passage(unsigned words, const char *stem)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < words; i++)
        g_string_append_printf(text, "%s%s%u", i ? " " : "", stem, i);
    return g_string_free(text, FALSE);
}

static void test_actions(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = passage(12, "notice"), *own = passage(30, "own"), *more = passage(20, "more");
    g_autofree char *first = g_strdup_printf("%s\n\n%s.\n\nFirst one two three", own, notice);
    g_autofree char *second = g_strdup_printf("%s\n\n%s.\n\nSecond four five six", more, notice);
    char *texts[] = {first, second, notice, NULL};
    Recipe recipe = make_recipe(PASSAGES_REMOVE, 10, 2);
    Store *store = make_store("actions", texts, &recipe);
    run_passages(store, &recipe, 2, 0);
    g_autofree char *removed = results(store);
    {
        g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
        g_autofree char *final = NULL;
        gsize length;
        Verdict verdict;
        g_assert_true(final_text_get(txn, 0, &final, &length, &error));
        g_assert_cmpstr(final, ==, first); /* of the longer of two documents that are no replay: the holder */
        g_clear_pointer(&final, g_free);
        g_assert_true(final_text_get(txn, 1, &final, &length, &error));
        g_autofree char *left = g_strdup_printf("%s\n\nSecond four five six", more);
        g_assert_cmpstr(final, ==, left);
        g_assert_true(ledger_get(txn, 2, &verdict, &error));
        g_assert_cmpstr(verdict.rule, ==, "repeated-passages");
        g_assert_cmpfloat(verdict.value, ==, 0);
        g_autoptr(json_t) note = note_get(txn, 1, PASSAGES_STAGE, &error);
        const json_t *found = json_array_get(json_object_get(note, "found"), 0);
        g_assert_cmpstr(json_get_string(found, "summary"), ==, "12 words at bytes 131 to 228 of the clean text stand in 3 places, first in document 0; cut out");
    }
    Recipe report = make_recipe(PASSAGES_REPORT, 10, 2), off = make_recipe(PASSAGES_OFF, 10, 2);
    run_passages(store, &report, 2, 0);
    g_autofree char *reported = results(store);
    g_assert_nonnull(strstr(reported, second));
    g_assert_null(strstr(reported, "repeated-passages"));
    run_passages(store, &recipe, 2, 0);
    g_autofree char *again = results(store);
    g_assert_cmpstr(again, ==, removed);
    run_passages(store, &off, 2, 0);
    g_autofree char *none = results(store);
    g_assert_null(strstr(none, "stand in"));
    g_assert_nonnull(strstr(none, second));
    remove_store(store, "actions");
}

static gboolean damage_note(StoreTxn *txn, gpointer user, GError **error)
{
    g_autoptr(json_t) note = json_pack("{s:[{s:i, s:i, s:i, s:i}]}", "found", "start", 5, "end", 100000, "words", 12, "copies", 2);
    return note_put(txn, 1, PASSAGES_STAGE, note, error);
}

static void test_the_list_has_every_place_of_a_passage(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *notice = passage(12, "notice"), *more = passage(20, "more"), *loud = g_ascii_strup(notice, -1);
    g_autofree char *first = g_strdup_printf("One. %s. Two", notice), *second = g_strdup_printf("Three (%s) four. %s! Five %s", loud, more, more);
    char *texts[] = {first, second, notice, NULL};
    Recipe recipe = make_recipe(PASSAGES_REPORT, 10, 2);
    Store *store = make_store("list", texts, &recipe);
    run_passages(store, &recipe, 1, 0);
    {
        g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
        g_autoptr(PassageList) list = passage_list_load(txn, 0, &error);
        g_autoptr(PassageList) one = passage_list_load(txn, 1, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(list->passages->len, ==, 2);
        const Passage *notices = list->passages->pdata[0], *mores = list->passages->pdata[1]; /* 24 words too many, and 20 */
        g_assert_cmpuint(notices->words, ==, 12);
        g_assert_cmpuint(notices->copies, ==, 3);
        g_assert_cmpuint(notices->documents, ==, 3);
        g_assert_cmpuint(notices->places->len, ==, 3);
        g_assert_cmpuint(mores->words, ==, 20);
        g_assert_cmpuint(mores->documents, ==, 1);
        g_assert_cmpuint(mores->places->len, ==, 2);
        g_assert_cmpuint(one->total, ==, 2);
        g_assert_cmpuint(one->passages->len, ==, 1);
        g_autoptr(json_t) object = passage_json(txn, notices, 2, 10, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(json_get_string(object, "text"), ==, "notice0 no");
        g_assert_cmpuint(json_array_size(json_object_get(object, "places")), ==, 2);
    }
    g_assert_true(store_write(store, damage_note, NULL, &error));
    {
        g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
        g_assert_null(passage_list_load(txn, 0, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "document 1 "));
    }
    remove_store(store, "list");
}

/* A kill leaves verdicts and notes of a part of the documents, and a record that is not complete. */
static gboolean half_undo(StoreTxn *txn, gpointer user, GError **error)
{
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, PASSAGES_STAGE, &run, error));
    run.complete = FALSE;
    Verdict stale = {.outcome = OUTCOME_DROPPED, .stage = PASSAGES_STAGE, .rule = "repeated-passages", .winner = DOCNO_NONE};
    return stage_save(txn, &run, error) && ledger_put(txn, *(Docno *)user, &stale, error);
}

static void test_a_killed_run_starts_again_and_writes_the_same(void)
{
    Recipe recipe = make_recipe(PASSAGES_REMOVE, 10, 2);
    g_auto(GStrv) texts = random_texts(60, 7);
    Store *store = make_store("killed", texts, &recipe);
    run_passages(store, &recipe, 2, 0);
    g_autofree char *straight = results(store);
    for (Docno docno = 0; docno < 60; docno += 13) {
        g_autoptr(GError) error = NULL;
        g_assert_true(store_write(store, half_undo, &docno, &error));
        run_passages(store, &recipe, 2, 0);
        g_autofree char *resumed = results(store);
        g_assert_cmpstr(resumed, ==, straight);
    }
    remove_store(store, "killed");
}

static void test_a_passage_in_very_many_places_takes_little_time(void)
{
    g_autofree char *notice = passage(60, "notice");
    char **texts = g_new0(char *, 20001);
    for (unsigned i = 0; i < 20000; i++)
        texts[i] = g_strdup_printf("a%u %s b%u", i, notice, i);
    Recipe recipe = make_recipe(PASSAGES_REPORT, 50, 2);
    Store *store = make_store("many", texts, &recipe);
    gint64 begun = g_get_monotonic_time();
    run_passages(store, &recipe, 2, 0);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 60 * G_USEC_PER_SEC);
    g_autofree char *told = results(store);
    g_assert_nonnull(strstr(told, "stand in 20000 places"));
    remove_store(store, "many");
    g_strfreev(texts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-passages-XXXXXX", NULL);
    g_test_add_func("/passages/the filter denies nothing that was added", test_the_filter_denies_nothing_that_was_added);
    g_test_add_func("/passages/records come back in order", test_records_come_back_in_order);
    g_test_add_func("/passages/equal windows have equal anchors", test_equal_windows_have_equal_anchors);
    g_test_add_func("/passages/the search finds what brute force finds", test_the_search_finds_what_brute_force_finds);
    g_test_add_func("/passages/threads, memory and batches change nothing", test_threads_memory_and_batches_change_nothing);
    g_test_add_func("/passages/what is cut stays whole elsewhere", test_what_is_cut_stays_whole_elsewhere);
    g_test_add_func("/passages/actions report, remove and take back", test_actions);
    g_test_add_func("/passages/the list has every place of a passage", test_the_list_has_every_place_of_a_passage);
    g_test_add_func("/passages/a killed run starts again and writes the same", test_a_killed_run_starts_again_and_writes_the_same);
    g_test_add_func("/passages/a passage in very many places takes little time", test_a_passage_in_very_many_places_takes_little_time);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_assert_cmpint(system(command), ==, 0);
    g_free(directory);
    return status;
}
