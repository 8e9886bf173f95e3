/* SPDX-License-Identifier: Apache-2.0
 * dedup/extension.h: a store whose documents came and went in any order ends with the verdicts of one that had them all at
 * once, and a damaged index is found and made anew. */
#include "dedup/extension.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "dedup/dedup.h"
#include "store/changes.h"
#include "store/ledger.h"
#include "tests/unit/store_fixture.h"

static char *directory;
static guint64 memory;

static RecipeSource sources[] = {
    {.tag = (char *)"cdc", .group = GROUP_GUIDELINES},
    {.tag = (char *)"pubmed", .group = GROUP_ABSTRACTS},
    {.tag = (char *)"pmc", .group = GROUP_PAPERS},
    {.tag = (char *)"replay", .group = GROUP_REPLAY},
};

static Recipe make_recipe(void)
{
    return (Recipe){.sources = sources,
                    .sources_count = G_N_ELEMENTS(sources),
                    .dedup = {.ids = true, .urls = true, .exact = true, .titles = true, .near = true, .verify = true, .shingle = 3,
                              .permutations = 112, .bands = 14, .rows = 8, .threshold = 0.7, .min_title = 10}};
}

/* ---- Documents drawn at random, with much in common -------------------------------------------------------------- */

static guint64 draw(guint64 seed, Docno docno, const char *what, guint64 below)
{
    return random_at(seed, what, docno) % below;
}

/* A family's words, of which each document changes a few. Some families are as large as no bucket is compared pair by pair. */
static char *make_text(guint64 seed, Docno docno, guint64 count)
{
    guint64 family = draw(seed, docno, "large", 4) == 0 ? 1000 : draw(seed, docno, "family", count / 4 + 1);
    guint64 changes = draw(seed, docno, "changes", 9), length = 60 + family % 40;
    GString *text = g_string_new(NULL);
    for (guint64 i = 0; i < length; i++) {
        gboolean changed = FALSE;
        for (guint64 c = 0; c < changes; c++)
            changed |= random_at(seed + c, "place", docno) % length == i;
        if (changed)
            g_string_append_printf(text, "x%dy%d ", (int)draw(seed + i, docno, "word", 3), (int)i);
        else
            g_string_append_printf(text, "%s%dv%d ", draw(seed, docno, "case", 3) && i % 7 == 0 ? "W" : "w", (int)family, (int)i);
    }
    if (draw(seed, docno, "point", 3) == 0)
        g_string_append(text, "!");
    return g_string_free(text, FALSE);
}

static void make_document(guint64 seed, Docno docno, guint64 count, Document *document)
{
    static const char *const kinds[] = {"page", "abstract", "article", "text"};
    guint64 source = draw(seed, docno, "source", 4);
    *document = (Document){.source = g_strdup(sources[source].tag), .kind = g_strdup(kinds[source]),
                           .id = g_strdup_printf("id-%d", (int)docno)};
    if (draw(seed, docno, "titled", 3) == 0)
        document->title = g_strdup_printf("The title of number %d", (int)draw(seed, docno, "title", count / 5 + 1));
    if (draw(seed, docno, "addressed", 3) == 0)
        document->url = g_strdup_printf("https://example.org/%d", (int)draw(seed, docno, "url", count / 5 + 1));
    if (draw(seed, docno, "identified", 4) == 0)
        document->meta = g_strdup_printf("{\"pmid\":\"%d\",\"doi\":\"10.1/%d\"}", 1 + (int)draw(seed, docno, "pmid", count / 3 + 1),
                                         (int)draw(seed, docno, "doi", count / 3 + 1));
    g_autofree char *text = make_text(seed, docno, count);
    document_set_text(document, text, strlen(text));
}

/* ---- Stores ------------------------------------------------------------------------------------------------------ */

typedef struct Part {
    guint64 seed, count;
    const gboolean *wanted; /* by number */
    gboolean *present;
    gboolean marked; /* the store was built: documents go on the list of changes */
} Part;

static gboolean put_document(StoreTxn *txn, const Part *part, Docno docno, GError **error)
{
    g_auto(Document) document = {0};
    make_document(part->seed, docno, part->count, &document);
    return document_put(txn, docno, &document, error) && cleaned_put(txn, docno, document.text, document.text_length, error) &&
           (!part->marked || changes_enter(txn, docno, "clean", error));
}

/* Documents that go get the verdict of an earlier stage, as one that was superseded. */
static gboolean put_part(StoreTxn *txn, gpointer user, GError **error)
{
    const Part *part = user;
    Verdict gone = {OUTCOME_DROPPED, "updates", "superseded", NAN, NAN, DOCNO_NONE, NULL};
    for (Docno docno = 0; docno < part->count; docno++) {
        if (part->wanted[docno] && !part->present[docno] && !ledger_has(txn, docno) && !put_document(txn, part, docno, error))
            return FALSE;
        if (!part->wanted[docno] && part->present[docno] && !changes_decide(txn, docno, &gone, error))
            return FALSE;
    }
    return TRUE;
}

static Store *open_store(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    return store;
}

static void begin_stage(Store *store, const char *stage)
{
    g_autoptr(GError) error = NULL;
    g_auto(StageRun) run = {0};
    StageAction action;
    g_assert_true(stage_begin(store, stage, "1\n", &run, &action, &error) && stage_finish(store, &run, &error));
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

static char *run_dedup(Store *store, unsigned jobs)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) notices = g_string_new(NULL);
    g_autofree char *fingerprint = NULL;
    Recipe recipe = make_recipe();
    StageContext context = {.store = store, .jobs = jobs, .memory = memory, .notices = notices};
    dedup_run(&context, &recipe, "clean 1", &fingerprint, &error);
    g_assert_no_error(error);
    return g_strdup(notices->str);
}

static char *read_verdicts(Store *store, const gboolean *wanted, guint64 count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    GString *lines = g_string_new(NULL);
    for (Docno docno = 0; docno < count; docno++) {
        Verdict verdict;
        if (wanted[docno] && ledger_get(txn, docno, &verdict, &error))
            g_string_append_printf(lines, "%d>%d %s %.4f %s\n", (int)docno, (int)verdict.winner, verdict.rule, verdict.value, verdict.detail);
        g_assert_no_error(error);
    }
    return g_string_free(lines, FALSE);
}

static char *whole_verdicts(const char *name, guint64 seed, guint64 count, const gboolean *wanted)
{
    g_autofree gboolean *present = g_new0(gboolean, count);
    g_autoptr(Store) store = open_store(name);
    Part part = {seed, count, wanted, present, FALSE};
    begin_stage(store, "ingest");
    fixture_write(store, put_part, &part);
    g_free(run_dedup(store, 2));
    return read_verdicts(store, wanted, count);
}

static void draw_wanted(guint64 seed, unsigned step, guint64 count, const gboolean *present, const gboolean *gone, gboolean *wanted)
{
    for (Docno docno = 0; docno < count; docno++) {
        guint64 number = random_at(seed + step, "wanted", docno) % 100;
        wanted[docno] = present[docno] ? number >= 7 : !gone[docno] && number < 25;
    }
}

static void assert_steps(guint64 seed, guint64 count, unsigned steps)
{
    g_autofree gboolean *present = g_new0(gboolean, count), *gone = g_new0(gboolean, count), *wanted = g_new0(gboolean, count);
    g_autofree char *name = g_strdup_printf("grown-%d", (int)seed);
    g_autoptr(Store) store = open_store(name);
    begin_stage(store, "ingest");
    for (unsigned step = 0; step < steps; step++) {
        draw_wanted(seed, step, count, present, gone, wanted);
        Part part = {seed, count, wanted, present, step > 0};
        fixture_write(store, put_part, &part);
        if (step > 0)
            next_generation(store);
        g_autofree char *notices = run_dedup(store, 1 + step % 3);
        g_assert_cmpstr(notices, ==, "");
        g_autofree char *whole_name = g_strdup_printf("whole-%d-%u", (int)seed, step);
        g_autofree char *whole = whole_verdicts(whole_name, seed, count, wanted), *grown = read_verdicts(store, wanted, count);
        if (strcmp(whole, grown) != 0)
            g_test_message("seed %d, step %u", (int)seed, step);
        g_assert_cmpstr(grown, ==, whole);
        for (Docno docno = 0; docno < count; docno++) {
            gone[docno] |= present[docno] && !wanted[docno];
            present[docno] = wanted[docno];
        }
    }
}

static void test_documents_that_come_and_go_leave_the_verdicts_of_one_run(void)
{
    for (guint64 seed = 1; seed <= 6; seed++)
        assert_steps(seed, 60 + 25 * seed, 5);
}

static void test_the_same_with_buckets_that_are_not_compared_pair_by_pair(void)
{
    memory = 4096; /* and sorted on disk */
    assert_steps(101, 700, 4);
    memory = 0;
}

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

/* A record with a value that is not its own: as good as any flipped byte. */
static gboolean damage_block(StoreTxn *txn, gpointer user, GError **error)
{
    StoreTable table = (StoreTable)GPOINTER_TO_INT(user);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
    StoreValue key, value;
    g_assert_cmpint(store_cursor_next(cursor, &key, &value, error), ==, 1);
    g_autofree guint8 *name = g_memdup2(key.data, key.length), *bytes = g_memdup2(value.data, value.length);
    gsize name_length = key.length, length = value.length;
    g_clear_pointer(&cursor, store_cursor_free);
    bytes[length - 1] ^= 0x40;
    return store_put(txn, table, name, name_length, bytes, length, error);
}

static void test_a_damaged_index_is_found_and_made_anew(void)
{
    static gboolean wanted[120], present[120];
    g_autoptr(Store) store = open_store("damaged");
    for (unsigned i = 0; i < G_N_ELEMENTS(wanted); i++)
        wanted[i] = TRUE;
    Part part = {9, G_N_ELEMENTS(wanted), wanted, present, FALSE};
    begin_stage(store, "ingest");
    fixture_write(store, put_part, &part);
    g_free(run_dedup(store, 1));
    g_autofree char *before = read_verdicts(store, wanted, G_N_ELEMENTS(wanted)), *quiet = run_dedup(store, 1);
    g_assert_cmpstr(quiet, ==, "");
    fixture_write(store, damage_block, GINT_TO_POINTER(TABLE_BANDS));
    g_autofree char *notices = run_dedup(store, 1), *after = read_verdicts(store, wanted, G_N_ELEMENTS(wanted));
    g_assert_nonnull(strstr(notices, "The index of duplicates was damaged, and was built anew"));
    g_assert_cmpstr(before, ==, after);
    g_autofree char *again = run_dedup(store, 1);
    g_assert_cmpstr(again, ==, "");
}

/* The bytes of a table's record in the middle as they lie in the file: key, then value. */
static GByteArray *record_bytes(Store *store, StoreTable table)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, &error);
    StoreValue key, value;
    guint64 count = store_count(txn, table);
    g_assert_cmpuint(count, >, 0);
    for (guint64 i = 0; i <= count / 2 && i < count; i++)
        g_assert_cmpint(store_cursor_next(cursor, &key, &value, &error), ==, 1);
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, key.data, (guint)key.length);
    return g_byte_array_append(bytes, value.data, (guint)value.length);
}

/* Flips a bit of the record's value behind the store's back. The store is closed meanwhile. */
static Store *flip_bit(Store *store, const char *name, StoreTable table)
{
    g_autoptr(GByteArray) record = record_bytes(store, table);
    g_autofree char *path = g_build_filename(directory, name, "part-0000.mdb", NULL), *data = NULL;
    gsize length, flipped = 0;
    store_free(store);
    g_assert_true(g_file_get_contents(path, &data, &length, NULL));
    for (char *at = data; (at = memmem(at, length - (gsize)(at - data), record->data, record->len)); at++, flipped++)
        at[record->len - 1] ^= 0x10;
    g_assert_cmpuint(flipped, >, 0);
    FILE *file = fopen(path, "r+b"); /* in place: the store's map may not change its inode */
    g_assert_nonnull(file);
    g_assert_cmpuint(fwrite(data, 1, length, file), ==, length);
    g_assert_cmpint(fclose(file), ==, 0);
    return open_store(name);
}

/* Documents that were taken out wait in TABLE_WITHDRAWN when the bit is flipped. */
static void check_mending(StoreTable table)
{
    static gboolean first[120], later[120], present[120];
    g_autofree char *name = g_strdup_printf("flipped-%d", (int)table), *whole_name = g_strdup_printf("unflipped-%d", (int)table);
    Store *store = open_store(name);
    for (unsigned i = 0; i < G_N_ELEMENTS(first); i++) {
        first[i] = TRUE;
        later[i] = i % 11 != 0;
    }
    Part part = {9, G_N_ELEMENTS(first), first, present, FALSE}, change = {9, G_N_ELEMENTS(first), later, first, TRUE};
    begin_stage(store, "ingest");
    fixture_write(store, put_part, &part);
    g_free(run_dedup(store, 1));
    fixture_write(store, put_part, &change);
    next_generation(store);
    store = flip_bit(store, name, table);
    g_autofree char *notices = run_dedup(store, 2), *got = read_verdicts(store, later, G_N_ELEMENTS(later));
    g_autofree char *expected = whole_verdicts(whole_name, 9, G_N_ELEMENTS(later), later), *again = run_dedup(store, 1);
    g_assert_nonnull(strstr(notices, "The index of duplicates was damaged, and was built anew"));
    g_assert_cmpstr(got, ==, expected);
    g_assert_cmpstr(again, ==, "");
    store_free(store);
}

static void test_a_flipped_bit_in_any_table_is_found_and_mended(void)
{
    static const StoreTable tables[] = {TABLE_BANDS, TABLE_CLUSTERS, TABLE_SIGNATURES, TABLE_WITHDRAWN};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        check_mending(tables[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-extension-XXXXXX", NULL);
    g_test_add_func("/extension/documents that come and go leave the verdicts of one run",
                    test_documents_that_come_and_go_leave_the_verdicts_of_one_run);
    g_test_add_func("/extension/the same with buckets that are not compared pair by pair",
                    test_the_same_with_buckets_that_are_not_compared_pair_by_pair);
    g_test_add_func("/extension/a damaged index is found and made anew", test_a_damaged_index_is_found_and_made_anew);
    g_test_add_func("/extension/a flipped bit in any of its tables is found and mended", test_a_flipped_bit_in_any_table_is_found_and_mended);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    g_free(directory);
    return system(command) == 0 ? status : 1;
}
