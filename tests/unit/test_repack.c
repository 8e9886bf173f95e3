/* SPDX-License-Identifier: Apache-2.0
 * store/repack.h and layout.h: shards that hold nothing that has changed stay, and all others are as the mix wants them. */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit.h"
#include "store/layout.h"
#include "store/manifest.h"
#include "store/mix.h"
#include "store/pack.h"
#include "store/shard_record.h"
#include "store/tokens.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

/* ---- Looking --------------------------------------------------------------------------------------------------- */

typedef struct Seen {
    char *name; /* "train/3" */
    GBytes *tokens;
    GArray *docnos; /* of its spans */
} Seen;

static void seen_free(gpointer data)
{
    Seen *seen = data;
    g_free(seen->name);
    g_bytes_unref(seen->tokens);
    g_array_unref(seen->docnos);
    g_free(seen);
}

static GPtrArray *look(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_SHARDS, NULL, 0, &error);
    GPtrArray *shards = g_ptr_array_new_with_free_func(seen_free);
    StoreValue key, value, spans;
    while (store_cursor_next(cursor, &key, &value, &error) > 0) {
        unsigned split;
        guint32 number;
        g_assert_true(shard_key_read(&key, &split, &number));
        g_assert_true(store_get(txn, TABLE_SPANS, key.data, key.length, &spans, &error));
        Seen *seen = g_new(Seen, 1);
        *seen = (Seen){shard_where(split, number), g_bytes_new(value.data, value.length), g_array_new(FALSE, FALSE, sizeof(Docno))};
        for (gsize i = 0; i < spans.length / sizeof(Span); i++) {
            Docno docno = span_at(spans.data, i).docno;
            g_array_append_val(seen->docnos, docno);
        }
        g_ptr_array_add(shards, seen);
    }
    g_assert_no_error(error);
    return shards;
}

static gboolean holds(const Seen *seen, Docno docno)
{
    for (guint i = 0; i < seen->docnos->len; i++)
        if (g_array_index(seen->docnos, Docno, i) == docno)
            return TRUE;
    return FALSE;
}

static guint count_of(const GPtrArray *shards, Docno docno)
{
    guint count = 0;
    for (guint i = 0; i < shards->len; i++)
        count += holds(shards->pdata[i], docno);
    return count;
}

/* Shards without the document are there in the same order with the same bytes; how many others there were. */
static guint assert_others_stay(const GPtrArray *before, const GPtrArray *after, Docno docno)
{
    guint at = 0, touched = 0;
    for (guint i = 0; i < before->len; i++) {
        const Seen *seen = before->pdata[i];
        if (holds(seen, docno)) {
            touched++;
            continue;
        }
        while (at < after->len && !g_bytes_equal(((Seen *)after->pdata[at])->tokens, seen->tokens))
            at++;
        g_assert_cmpuint(at, <, after->len);
        at++;
    }
    return touched;
}

/* Findings, "id where" a line, of a store that has a manifest. */
static char *audit(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(GPtrArray) findings = audit_run(&context, &error);
    g_assert_no_error(error);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        if (finding->severity == SEVERITY_ERROR)
            g_string_append_printf(text, "%s %s: %s\n", finding->id, finding->where, finding->message);
    }
    return g_string_free(text, FALSE);
}

static void assert_sound(Store *store)
{
    g_autofree char *findings = audit(store);
    g_assert_cmpstr(findings, ==, "");
}

/* ---- Changing -------------------------------------------------------------------------------------------------- */

typedef struct Change {
    Docno out, back; /* DOCNO_NONE: none */
    Docno other;     /* gets another text */
} Change;

static const Verdict dropped = {OUTCOME_DROPPED, "clean", "too-short", NAN, NAN, DOCNO_NONE, NULL};
static const char *const later[] = {"tokenise", "mix", "pack"};

static gboolean delete_docno(StoreTxn *txn, StoreTable table, Docno docno, GError **error)
{
    guint8 key[8];
    docno_write(docno, key);
    return store_delete(txn, table, key, sizeof key, error);
}

/* Another last letter: as many tokens as before. */
static gboolean change_text(StoreTxn *txn, Docno docno, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!cleaned_get(txn, docno, &text, &length, error))
        return FALSE;
    text[length - 1] = 'x';
    return cleaned_put(txn, docno, text, length, error);
}

/* As if stages before had found other things: those behind are to run again. */
static gboolean apply(StoreTxn *txn, gpointer user, GError **error)
{
    const Change *change = user;
    gboolean good = layout_keep(txn, error);
    for (gsize i = 0; good && i < G_N_ELEMENTS(later); i++)
        good = store_delete(txn, TABLE_RUNS, later[i], strlen(later[i]), error);
    return good && (change->out == DOCNO_NONE || ledger_put(txn, change->out, &dropped, error)) &&
           (change->back == DOCNO_NONE || delete_docno(txn, TABLE_LEDGER, change->back, error)) &&
           (change->other == DOCNO_NONE || change_text(txn, change->other, error));
}

/* A store that was packed without the document that comes back, and then changed, but not packed again. */
static Store *changed_store(const char *name, const Change *change, GPtrArray **before)
{
    Store *store = fixture_store(fixture, name);
    if (change->back != DOCNO_NONE)
        fixture_put_verdict(store, change->back, &dropped);
    fixture_build(fixture, store);
    if (before)
        *before = look(store);
    store_mark_unfinished(store);
    fixture_write(store, apply, (gpointer)change);
    return store;
}

/* ---- Tests ----------------------------------------------------------------------------------------------------- */

static void test_shards_without_the_document_stay_as_they_are(void)
{
    guint touched = 0;
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        Change change = {docno, DOCNO_NONE, DOCNO_NONE};
        g_autofree char *name = g_strdup_printf("out-%d", (int)docno);
        g_autoptr(GPtrArray) before = NULL, after = NULL;
        g_autoptr(Store) store = changed_store(name, &change, &before);
        fixture_build(fixture, store);
        after = look(store);
        touched += assert_others_stay(before, after, docno);
        g_assert_cmpuint(count_of(after, docno), ==, 0);
        for (Docno other = 0; other < FIXTURE_DOCUMENTS; other++) /* nobody is drawn in its place */
            g_assert_true(other == docno || (count_of(before, other) > 0) == (count_of(after, other) > 0));
        assert_sound(store);
    }
    g_assert_cmpuint(touched, >, FIXTURE_DOCUMENTS); /* some were cut between two */
}

static void test_a_document_that_comes_back_takes_the_room(void)
{
    g_autoptr(GPtrArray) before = NULL, after = NULL;
    Change change = {4, 7, DOCNO_NONE}; /* both go into training twice */
    g_autoptr(Store) store = changed_store("back", &change, &before);
    g_assert_cmpuint(count_of(before, 7), ==, 0);
    fixture_build(fixture, store);
    after = look(store);
    assert_others_stay(before, after, 4);
    g_assert_cmpuint(count_of(after, 4), ==, 0);
    g_assert_cmpuint(count_of(after, 7), >, 0);
    assert_sound(store);
}

static void test_a_document_with_another_text_is_packed_again(void)
{
    g_autoptr(GPtrArray) before = NULL, after = NULL;
    Change change = {DOCNO_NONE, DOCNO_NONE, 10};
    g_autoptr(Store) store = changed_store("other", &change, &before);
    fixture_build(fixture, store);
    after = look(store);
    assert_others_stay(before, after, 10);
    g_assert_cmpuint(count_of(after, 10), >, 0);
    assert_sound(store);
}

static void test_where_nothing_has_changed_nothing_is_written(void)
{
    Change change = {DOCNO_NONE, DOCNO_NONE, DOCNO_NONE};
    g_autoptr(Store) store = changed_store("same", &change, NULL);
    g_autofree char *shards = fixture_table_digest(store, TABLE_SHARDS), *spans = fixture_table_digest(store, TABLE_SPANS),
                    *placements = fixture_table_digest(store, TABLE_PLACEMENTS);
    fixture_build(fixture, store);
    g_autofree char *shards_now = fixture_table_digest(store, TABLE_SHARDS), *spans_now = fixture_table_digest(store, TABLE_SPANS),
                    *placements_now = fixture_table_digest(store, TABLE_PLACEMENTS);
    g_assert_cmpstr(shards, ==, shards_now);
    g_assert_cmpstr(spans, ==, spans_now);
    g_assert_cmpstr(placements, ==, placements_now);
    assert_sound(store);
}

static void assert_same_tables(Store *left, Store *right)
{
    static const StoreTable tables[] = {TABLE_LEDGER, TABLE_DRAWS, TABLE_SHARDS, TABLE_SPANS, TABLE_PLACEMENTS, TABLE_RUNS, TABLE_META};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *one = fixture_table_digest(left, tables[i]), *other = fixture_table_digest(right, tables[i]);
        g_test_message("table %s", store_table_name(tables[i]));
        g_assert_cmpstr(one, ==, other);
    }
}

/* With another seed, or another size of shards, nothing can be kept. */
static void test_other_settings_pack_all_anew(void)
{
    Change change = {4, 7, DOCNO_NONE};
    g_autoptr(Store) fresh = fixture_store(fixture, "fresh");
    fixture_put_verdict(fresh, 4, &dropped);
    g_autoptr(Store) seeded = changed_store("seeded", &change, NULL), sized = changed_store("sized", &change, NULL);
    fixture->recipe->seed = 8;
    fixture_build(fixture, fresh);
    fixture_build(fixture, seeded);
    fixture->recipe->seed = 7;
    assert_same_tables(fresh, seeded);
    fixture->recipe->pack.shard_tokens = 80;
    g_autoptr(Store) large = fixture_store(fixture, "large");
    fixture_put_verdict(large, 4, &dropped);
    fixture_build(fixture, large);
    fixture_build(fixture, sized);
    fixture->recipe->pack.shard_tokens = 64;
    g_autofree char *one = fixture_table_digest(large, TABLE_SHARDS), *other = fixture_table_digest(sized, TABLE_SHARDS);
    g_assert_cmpstr(one, ==, other);
    assert_sound(sized);
}

/* ---- Kills ----------------------------------------------------------------------------------------------------- */

typedef struct Killer {
    Progress *progress;
    guint64 part; /* of 20 of the work */
} Killer;

static gpointer kill_when_under_way(gpointer data)
{
    Killer *killer = data;
    ProgressReading reading;
    do {
        g_usleep(20);
        progress_read(killer->progress, &reading);
    } while (strcmp(reading.task, "repack") != 0 || reading.done * 20 < reading.total * killer->part);
    kill(getpid(), SIGKILL);
    return NULL;
}

static void repack_and_die(const char *path, guint64 part)
{
    Killer killer = {progress_new(), part};
    StageContext context = {.store = store_open(path, STORE_WRITE, NULL), .jobs = 1, .progress = killer.progress};
    char *tokenised, *mixed, *packed;
    g_thread_new("killer", kill_when_under_way, &killer);
    tokenise_run(&context, fixture->recipe, fixture->tokenizer, "clean", &tokenised, NULL);
    mix_run(&context, fixture->recipe, tokenised, &mixed, NULL);
    pack_run(&context, fixture->recipe, fixture->tokenizer, mixed, &packed, NULL);
    _exit(0);
}

static gboolean die(const char *path, guint64 part)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        repack_and_die(path, part);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFSIGNALED(status);
}

static void test_a_killed_run_goes_on_to_the_same_bytes(void)
{
    g_autoptr(GError) error = NULL;
    Change change = {16, 7, 10};
    guint killed = 0;
    g_autoptr(Store) straight = changed_store("straight", &change, NULL);
    fixture_build(fixture, straight);
    for (guint64 part = 9; part < 21; part++) {
        g_autofree char *name = g_strdup_printf("killed-%d", (int)part), *path = fixture_path(fixture, name);
        store_free(changed_store(name, &change, NULL));
        killed += die(path, part);
        killed += die(path, 15);
        g_autoptr(Store) store = store_open(path, STORE_WRITE, &error);
        g_assert_no_error(error);
        fixture_build(fixture, store);
        assert_same_tables(straight, store);
        assert_sound(store);
    }
    g_assert_cmpuint(killed, >, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/repack/shards without the document stay as they are", test_shards_without_the_document_stay_as_they_are);
    g_test_add_func("/repack/a document that comes back takes the room", test_a_document_that_comes_back_takes_the_room);
    g_test_add_func("/repack/a document with another text is packed again", test_a_document_with_another_text_is_packed_again);
    g_test_add_func("/repack/where nothing has changed nothing is written", test_where_nothing_has_changed_nothing_is_written);
    g_test_add_func("/repack/other settings pack all anew", test_other_settings_pack_all_anew);
    g_test_add_func("/repack/a killed run goes on to the same bytes", test_a_killed_run_goes_on_to_the_same_bytes);
    int status = g_test_run();
    fixture_free(fixture);
    return status;
}
