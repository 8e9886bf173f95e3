/* SPDX-License-Identifier: Apache-2.0
 * store/pack.h and manifest.h: every token traceable, resumable to the byte, shuffled by the seed alone. */
#include "store/pack.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/audit.h"
#include "store/manifest.h"
#include "store/mix.h"
#include "store/shard_record.h"
#include "store/split.h"
#include "store/tokenizer_store.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static Store *built_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    fixture_build(fixture, store);
    return store;
}

static GArray *read_split(Store *store, const char *split, GArray *spans)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ShardReader) reader = shard_reader_open(store, split, &error);
    g_assert_no_error(error);
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_set_size(ids, (guint)shard_reader_tokens(reader));
    g_assert_true(shard_reader_read(reader, 0, ids->len, (guint32 *)(void *)ids->data, &error));
    g_assert_true(shard_reader_spans(reader, 0, ids->len, spans, &error));
    return ids;
}

/* Every token of a split is that of the document which its span names; returns how often each document began. */
static void trace_split(Store *store, const char *split, guint *begins)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_autoptr(GArray) ids = read_split(store, split, spans);
    guint64 position = 0;
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        g_autoptr(GArray) document = fixture_ids(fixture, store, span->docno);
        g_assert_cmpuint(span->position, ==, position);
        g_assert_cmpuint(span->source, ==, span->docno % 3);
        g_assert_cmpuint(span->offset + span->length, <=, document->len);
        g_assert_cmpmem(&g_array_index(ids, guint32, position), span->length * 4,
                        &g_array_index(document, guint32, span->offset), span->length * 4);
        begins[span->docno] += span->offset == 0;
        position += span->length;
    }
    g_assert_cmpuint(position, ==, ids->len);
    g_assert_cmpuint(ids->len, >, 64);
}

static void test_every_token_belongs_to_the_document_its_span_names(void)
{
    g_autoptr(Store) store = built_store("trace");
    guint train[FIXTURE_DOCUMENTS] = {0}, valid[FIXTURE_DOCUMENTS] = {0};
    trace_split(store, "train", train);
    trace_split(store, "valid", valid);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++) {
        const RecipeSource *source = &fixture->recipe->sources[docno % 3];
        g_autofree char *id = g_strdup_printf("doc-%d", (int)docno);
        gboolean kept = fixture_verdict(store, docno).outcome == OUTCOME_KEPT;
        gboolean held_out = split_of(fixture->recipe, source, id) == SPLIT_VALID;
        g_assert_cmpuint(train[docno], ==, kept && !held_out ? source->repeat : 0);
        g_assert_cmpuint(valid[docno], ==, kept && held_out ? 1 : 0);
    }
}

/* Records of shards and tokens as their checksums have them, which whoever reads a shard in place does not look at. */
static guint64 count_sound(Store *store, StoreTable table)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, &error);
    StoreValue key, value;
    guint64 count = 0;
    while (store_cursor_next(cursor, &key, &value, &error) > 0)
        count++;
    g_assert_no_error(error);
    return count;
}

/* Enough for what a small corpus never does: memory that goes round, several digits of documents, hashes in several parts. */
static void test_a_large_corpus_is_packed_token_by_token_too(void)
{
    enum { DOCUMENTS = 5000, LETTERS = 900 };
    g_autoptr(GError) error = NULL;
    g_autofree char *tokenised = NULL, *mixed = NULL, *packed = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "large");
    fixture_add_documents(fixture, store, FIXTURE_DOCUMENTS, DOCUMENTS, LETTERS);
    guint64 shard_tokens = fixture->recipe->pack.shard_tokens;
    fixture->recipe->pack.shard_tokens = 100000;
    StageContext context = fixture_context(store);
    context.batch_documents = 100;
    g_assert_true(tokenise_run(&context, fixture->recipe, fixture->tokenizer, "clean", &tokenised, &error));
    g_assert_true(mix_run(&context, fixture->recipe, tokenised, &mixed, &error));
    g_assert_true(pack_run(&context, fixture->recipe, fixture->tokenizer, mixed, &packed, &error));
    fixture->recipe->pack.shard_tokens = shard_tokens;
    g_autofree guint *begins = g_new0(guint, DOCUMENTS);
    trace_split(store, "train", begins);
    trace_split(store, "valid", begins);
    for (Docno docno = 0; docno < DOCUMENTS; docno++)
        g_assert_cmpuint(begins[docno] > 0, ==, fixture_verdict(store, docno).outcome == OUTCOME_KEPT);
    g_assert_cmpuint(count_sound(store, TABLE_TOKENS), ==, DOCUMENTS);
    g_assert_cmpuint(count_sound(store, TABLE_SHARDS), >, 30);
}

static void test_each_document_lies_in_the_split_it_was_drawn_for(void)
{
    fixture->recipe->sources[1].test = 0.3;
    g_autoptr(Store) store = built_store("test split");
    guint begins[SPLIT_COUNT][FIXTURE_DOCUMENTS] = {0};
    for (unsigned split = 0; split < SPLIT_COUNT; split++)
        trace_split(store, split_names[split], begins[split]);
    for (Docno docno = 1; docno < FIXTURE_DOCUMENTS; docno += 3) {
        const RecipeSource *source = &fixture->recipe->sources[1];
        g_autofree char *id = g_strdup_printf("doc-%d", (int)docno);
        Split side = split_of(fixture->recipe, source, id);
        for (unsigned split = 0; split < SPLIT_COUNT; split++)
            g_assert_cmpuint(begins[split][docno], ==, split != side ? 0 : split == SPLIT_TRAIN ? source->repeat : 1);
    }
    fixture->recipe->sources[1].test = 0;
}

static void test_any_range_reads_the_same_as_the_whole(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("ranges");
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_autoptr(GArray) whole = read_split(store, "train", spans);
    g_autoptr(ShardReader) reader = shard_reader_open(store, "train", &error);
    guint32 ids[301];
    for (guint from = 0; from < 70; from++)
        for (guint count = 0; count <= 300; count += 7) {
            ids[count] = 42;
            g_assert_true(shard_reader_read(reader, from, count, ids, &error));
            g_assert_cmpmem(ids, count * 4, &g_array_index(whole, guint32, from), count * 4);
            g_assert_cmpuint(ids[count], ==, 42);
        }
}

static void test_placements_say_where_each_repeat_begins(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("places");
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_array_unref(read_split(store, "train", spans));
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
        g_autoptr(GArray) document = fixture_ids(fixture, store, span->docno);
        g_assert_true(shard_placements(txn, span->docno, placements, &error));
        g_assert_cmpuint(placements->len, ==, fixture->recipe->sources[span->source].repeat);
        const Placement *placement = &g_array_index(placements, Placement, span->repeat);
        g_assert_cmpuint(placement->position, ==, span->position - span->offset);
        g_assert_cmpuint(placement->length, ==, document->len);
        g_assert_cmpuint(placement->repeat, ==, span->repeat);
        g_assert_cmpstr(placement->split, ==, "train");
    }
}

static void test_shards_have_the_asked_size_but_the_last(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("sizes");
    g_autoptr(ShardReader) reader = shard_reader_open(store, "train", &error);
    unsigned shards = shard_reader_shards(reader), width;
    guint64 tokens;
    g_assert_cmpuint(shards, >, 10);
    for (unsigned i = 0; i < shards; i++) {
        g_assert_nonnull(shard_reader_shard(reader, i, &tokens, &width));
        g_assert_cmpuint(width, ==, 2);
        g_assert_true(i + 1 < shards ? tokens == 64 : tokens > 0 && tokens <= 64);
    }
}

static void test_bos_and_eos_stand_where_the_recipe_wants_them(void)
{
    fixture->recipe->pack.bos = true;
    g_autoptr(Store) store = built_store("bos");
    fixture->recipe->pack.bos = false;
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_autoptr(GArray) ids = read_split(store, "train", spans);
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        guint32 first = g_array_index(ids, guint32, span->position);
        guint32 before = span->position ? g_array_index(ids, guint32, span->position - 1) : 2;
        g_assert_true((span->offset == 0) == (first == 1));
        g_assert_true((span->offset == 0) == (before == 2));
    }
    g_assert_cmpuint(g_array_index(ids, guint32, ids->len - 1), ==, 2);
}

/* A child packs and is killed as soon as a third of the tokens is in the store. */
static gpointer kill_when_under_way(gpointer data)
{
    ProgressReading reading;
    do {
        g_usleep(200);
        progress_read(data, &reading);
    } while (strcmp(reading.task, "pack") != 0 || reading.done * 3 < reading.total);
    kill(getpid(), SIGKILL);
    return NULL;
}

static void pack_and_die(const char *path)
{
    Store *store = store_open(path, STORE_WRITE, NULL);
    Progress *progress = progress_new();
    StageContext context = {.store = store, .jobs = 1, .progress = progress};
    char *tokenised, *mixed, *packed;
    g_thread_new("killer", kill_when_under_way, progress);
    tokenise_run(&context, fixture->recipe, fixture->tokenizer, "clean", &tokenised, NULL);
    mix_run(&context, fixture->recipe, tokenised, &mixed, NULL);
    pack_run(&context, fixture->recipe, fixture->tokenizer, mixed, &packed, NULL);
    _exit(0);
}

static void assert_same_table(Store *left, Store *right, StoreTable table)
{
    g_autofree char *one = fixture_table_digest(left, table), *other = fixture_table_digest(right, table);
    g_assert_cmpstr(one, ==, other);
}

static void test_a_killed_run_goes_on_to_the_same_bytes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) straight = built_store("straight");
    store_free(fixture_store(fixture, "killed"));
    g_autofree char *path = fixture_path(fixture, "killed");
    pid_t child = fork();
    if (child == 0)
        pack_and_die(path);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    g_autoptr(Store) killed = store_open(path, STORE_WRITE, &error);
    g_assert_no_error(error);
    fixture_build(fixture, killed);
    assert_same_table(straight, killed, TABLE_SHARDS);
    assert_same_table(straight, killed, TABLE_SPANS);
    assert_same_table(straight, killed, TABLE_PLACEMENTS);
    assert_same_table(straight, killed, TABLE_RUNS);
    assert_same_table(straight, killed, TABLE_META);
}

typedef struct Rewind {
    guint64 shards; /* that stay */
    guint train_shards;
} Rewind;

/* Takes a finished pack back to what it was after its first shards. */
static gboolean take_back(StoreTxn *txn, gpointer user, GError **error)
{
    const Rewind *wanted = user;
    g_auto(StageRun) run = {0};
    if (!stage_load(txn, "pack", &run, error))
        return FALSE;
    for (guint64 shard = wanted->shards; shard < run.next; shard++) {
        gboolean valid = shard >= wanted->train_shards;
        guint8 key[12] = {0};
        guint32 number = GUINT32_TO_BE((guint32)(valid ? shard - wanted->train_shards : shard));
        memcpy(key, valid ? "valid" : "train", 5);
        memcpy(key + 8, &number, 4);
        if (!store_delete(txn, TABLE_SHARDS, key, sizeof key, error) || !store_delete(txn, TABLE_SPANS, key, sizeof key, error))
            return FALSE;
    }
    run.next = wanted->shards;
    run.complete = FALSE;
    return stage_save(txn, &run, error);
}

static unsigned shard_count(Store *store, const char *split)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ShardReader) reader = shard_reader_open(store, split, &error);
    g_assert_no_error(error);
    return shard_reader_shards(reader);
}

static void test_a_run_goes_on_from_many_shards(void)
{
    g_autoptr(Store) store = built_store("rewound");
    g_autofree char *shards = fixture_table_digest(store, TABLE_SHARDS), *spans = fixture_table_digest(store, TABLE_SPANS);
    g_autofree char *places = fixture_table_digest(store, TABLE_PLACEMENTS);
    Rewind wanted = {.train_shards = shard_count(store, "train")};
    wanted.shards = wanted.train_shards + shard_count(store, "valid");
    while (wanted.shards > 0) {
        wanted.shards -= MIN(wanted.shards, 5);
        fixture_write(store, take_back, &wanted);
        fixture_pack(fixture, store);
        g_autofree char *again = fixture_table_digest(store, TABLE_SHARDS), *spans_again = fixture_table_digest(store, TABLE_SPANS);
        g_autofree char *places_again = fixture_table_digest(store, TABLE_PLACEMENTS);
        g_assert_cmpstr(again, ==, shards);
        g_assert_cmpstr(spans_again, ==, spans);
        g_assert_cmpstr(places_again, ==, places);
    }
}

static void test_the_order_is_decided_by_the_seed(void)
{
    /* The draw of the replay and of the held-out documents would depend on the seed as well. */
    fixture->recipe->mix.replay_share = 0;
    fixture->recipe->sources[1].valid = 0;
    g_autoptr(Store) whole = built_store("order7");
    fixture->recipe->seed = 9;
    g_autoptr(Store) other = built_store("order9");
    fixture->recipe->seed = 7;
    fixture->recipe->sources[1].valid = 0.25;
    fixture->recipe->mix.replay_share = 0.1;
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span)), other_spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_autoptr(GArray) ids = read_split(whole, "train", spans), other_ids = read_split(other, "train", other_spans);
    g_assert_cmpuint(ids->len, ==, other_ids->len); /* the same documents */
    g_assert_cmpint(memcmp(ids->data, other_ids->data, ids->len * 4), !=, 0);
    guint ascending = 0;
    for (guint i = 1; i < spans->len; i++)
        ascending += g_array_index(spans, Span, i).docno > g_array_index(spans, Span, i - 1).docno;
    g_assert_cmpuint(ascending, <, spans->len * 3 / 4); /* and not in the order they came in */
}

static char *manifest_text(Store *store)
{
    g_autofree char *path = g_build_filename(store_directory(store), "manifest.json", NULL);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_two_builds_have_one_manifest(void)
{
    g_autoptr(Store) first = built_store("twin1"), second = built_store("twin2");
    g_autofree char *one = manifest_text(first), *other = manifest_text(second);
    g_assert_cmpstr(one, ==, other);
    g_assert_null(strstr(one, fixture->directory));
    fixture->recipe->seed = 8;
    g_autoptr(Store) third = built_store("twin3");
    fixture->recipe->seed = 7;
    g_autofree char *different = manifest_text(third);
    g_assert_cmpstr(one, !=, different);
}

static gint64 member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    g_assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void test_the_manifest_counts_what_is_in_the_store(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "counted");
    Verdict merged = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 0, NULL};
    fixture_put_verdict(store, 3, &merged);
    fixture_build(fixture, store);
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    const json_t *guide = json_array_get(json_object_get(manifest, "sources"), 0);
    g_assert_cmpint(member(manifest, "entered"), ==, FIXTURE_DOCUMENTS);
    g_assert_cmpint(member(manifest, "merged"), ==, 1);
    g_assert_cmpint(member(manifest, "undecided"), ==, 0);
    g_assert_cmpint(member(manifest, "kept") + member(manifest, "dropped") + 1, ==, FIXTURE_DOCUMENTS);
    g_assert_cmpint(member(guide, "entered"), ==, 20);
    g_assert_cmpint(member(guide, "kept"), ==, 19);
    g_assert_cmpint(member(json_object_get(guide, "merged_by"), "dedup/near-duplicate"), ==, 1);
    g_assert_cmpstr(json_get_string(guide, "licence"), ==, "CC0-1.0");
    const json_t *train = json_object_get(json_object_get(manifest, "splits"), "train");
    g_autoptr(ShardReader) reader = shard_reader_open(store, "train", &error);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(shard_reader_digest(reader), hex);
    g_assert_cmpint(member(train, "tokens"), ==, shard_reader_tokens(reader));
    g_assert_cmpstr(json_get_string(train, "sha256"), ==, hex);
}

static void test_status_tells_a_finished_build_from_an_unfinished_one(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "status");
    g_autoptr(json_t) fresh = status_compute(store, &error);
    g_assert_no_error(error);
    g_assert_true(json_is_false(json_object_get(fresh, "finished")));
    g_assert_true(json_is_null(json_object_get(fresh, "root")));
    g_assert_cmpint(member(fresh, "undecided"), ==, FIXTURE_DOCUMENTS);
    fixture_pack(fixture, store);
    g_autoptr(json_t) packed = status_compute(store, &error);
    g_assert_true(json_is_false(json_object_get(packed, "finished")));
    fixture_build(fixture, store);
    g_autoptr(json_t) status = status_compute(store, &error);
    g_assert_no_error(error);
    g_assert_true(json_is_true(json_object_get(status, "finished")));
    g_assert_cmpuint(strlen(json_get_string(status, "root")), ==, 64);
    static const char *const keys[] = {"entered", "kept", "dropped", "merged", "undecided", "tokens"};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        g_assert_cmpint(member(status, keys[i]), ==, member(packed, keys[i]));
    g_assert_cmpint(member(status, "tokens"), >, 1000);
    g_assert_cmpuint(json_array_size(json_object_get(status, "sources")), ==, 3);
    g_assert_cmpuint(json_array_size(json_object_get(status, "runs")), ==, 3);
}

static void test_shards_of_no_tokens_are_refused(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "nobos");
    StageContext context = fixture_context(store);
    g_autofree char *packed = NULL;
    fixture->recipe->pack.shard_tokens = 0;
    g_assert_false(pack_run(&context, fixture->recipe, fixture->tokenizer, "mix", &packed, &error));
    fixture->recipe->pack.shard_tokens = 64;
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
}

#define UNCOUNTED G_MAXINT64

/* As if the run had ended when `written` placements were in the store; UNCOUNTED: as an earlier version would have left it, which
 * wrote some with each shard and counted none. */
static gboolean interrupt(StoreTxn *txn, gpointer user, GError **error)
{
    gint64 written = *(gint64 *)user, there = 0;
    g_auto(StageRun) run = {0};
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_PLACEMENTS, NULL, 0, error);
    StoreValue key, value;
    while (store_cursor_next(cursor, &key, &value, error) > 0)
        if (written == UNCOUNTED ? there++ % 3 : there++ >= written)
            g_ptr_array_add(keys, g_bytes_new(key.data, key.length));
    g_clear_pointer(&cursor, store_cursor_free);
    for (guint i = 0; i < keys->len; i++) {
        gsize length;
        const void *name = g_bytes_get_data(keys->pdata[i], &length);
        g_assert_true(store_delete(txn, TABLE_PLACEMENTS, name, length, error));
    }
    g_assert_true(stage_load(txn, "pack", &run, error));
    run.complete = FALSE;
    g_assert_nonnull(run.position);
    if (written == UNCOUNTED)
        g_clear_pointer(&run.position, json_decref);
    else
        json_object_set_new(run.position, "placements", json_integer(written));
    return stage_save(txn, &run, error);
}

static void test_a_run_that_ended_among_the_placements_goes_on_there(void)
{
    static const gint64 written[] = {0, 1, 20, UNCOUNTED};
    g_autoptr(Store) straight = built_store("straight placements");
    for (unsigned i = 0; i < G_N_ELEMENTS(written); i++) {
        g_autofree char *name = g_strdup_printf("placements %u", i);
        g_autoptr(Store) store = built_store(name);
        fixture_write(store, interrupt, (gpointer)&written[i]);
        fixture_build(fixture, store);
        assert_same_table(straight, store, TABLE_PLACEMENTS);
        assert_same_table(straight, store, TABLE_SHARDS);
        assert_same_table(straight, store, TABLE_RUNS);
    }
}

/* Every span is a document's, or padding up to the end of a window; returns how much of it there is. */
static guint64 check_windows(Store *store, const char *split, guint64 window, guint begins[FIXTURE_DOCUMENTS])
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
    g_autoptr(GArray) ids = read_split(store, split, spans);
    guint64 padding = 0;
    for (guint i = 0; i < spans->len; i++) {
        const Span *span = &g_array_index(spans, Span, i);
        const guint32 *tokens = &g_array_index(ids, guint32, span->position);
        guint64 end = span->position + span->length;
        if (span_is_padding(span)) {
            g_assert_cmpuint(span->source, ==, SPAN_NO_SOURCE);
            g_assert_cmpuint(end % window, ==, 0);
            for (guint k = 0; k < span->length; k++)
                g_assert_cmpuint(tokens[k], ==, tokenizer_eos(fixture->tokenizer));
            padding += span->length;
            continue;
        }
        g_autoptr(GArray) document = fixture_ids(fixture, store, span->docno);
        g_assert_cmpmem(tokens, span->length * 4, &g_array_index(document, guint32, span->offset), span->length * 4);
        if (document->len <= window)
            g_assert_true(span->length == document->len && span->position / window == (end - 1) / window);
        begins[span->docno] += span->offset == 0;
    }
    return padding;
}

/* How many errors the audit finds; of one kind, or of all (NULL). */
static gint64 errors_of(Store *store, const char *kind)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) findings = audit_store(store_directory(store), NULL, 2, NULL, &error);
    gint64 errors = 0;
    g_assert_no_error(error);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        if (finding->severity == SEVERITY_ERROR)
            g_test_message("%s %s %s", finding->id, finding->where, finding->message);
        errors += finding->severity == SEVERITY_ERROR && (!kind || g_str_equal(finding->id, kind));
    }
    return errors;
}

/* Another token for the first one of the first padding. */
static gboolean change_padding(StoreTxn *txn, gpointer user, GError **error)
{
    guint8 key[SHARD_KEY_SIZE];
    StoreValue ids, spans;
    shard_key("train", 0, key);
    for (guint32 shard = 0; store_get(txn, TABLE_SHARDS, key, sizeof key, &ids, error); shard_key("train", ++shard, key)) {
        g_assert_true(store_get(txn, TABLE_SPANS, key, sizeof key, &spans, error));
        for (gsize i = 0; i < spans.length / sizeof(Span); i++) {
            Span span = span_at(spans.data, i), first = span_at(spans.data, 0);
            g_autofree guint16 *changed = g_memdup2(ids.data, ids.length);
            if (!span_is_padding(&span))
                continue;
            changed[span.position - first.position] ^= 1;
            return store_put(txn, TABLE_SHARDS, key, sizeof key, changed, ids.length, error);
        }
    }
    return FALSE;
}

static void test_best_fit_cuts_no_document_that_fits_into_a_window(void)
{
    static const guint64 windows[] = {16, 32, 64};
    guint padded = 0; /* short windows may need none, where all documents are long */
    for (unsigned w = 0; w < G_N_ELEMENTS(windows); w++) {
        g_autofree char *name = g_strdup_printf("fit %u", w), *other = g_strdup_printf("fit again %u", w);
        guint begins[FIXTURE_DOCUMENTS] = {0};
        gint64 written = 7;
        fixture->recipe->pack.mode = PACK_BEST_FIT;
        fixture->recipe->pack.window = windows[w];
        g_autoptr(Store) store = built_store(name), again = built_store(other);
        check_windows(store, "valid", windows[w], begins);
        memset(begins, 0, sizeof begins);
        guint64 padding = check_windows(store, "train", windows[w], begins);
        padded += padding > 0;
        for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++)
            g_assert_true(begins[docno] == 0 || begins[docno] == fixture->recipe->sources[docno % 3].repeat);
        g_assert_cmpint(errors_of(store, NULL), ==, 0);
        fixture_write(again, interrupt, &written);
        fixture_build(fixture, again);
        assert_same_table(store, again, TABLE_PLACEMENTS);
        assert_same_table(store, again, TABLE_SHARDS);
        assert_same_table(store, again, TABLE_SPANS);
        if (padding) {
            fixture_write(again, change_padding, NULL);
            g_assert_cmpint(errors_of(again, FINDING_TOKEN_MISMATCH), ==, 1);
        }
        fixture->recipe->pack.mode = PACK_CONCATENATE;
    }
    g_assert_cmpuint(padded, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/pack/every token belongs to the document its span names",
                    test_every_token_belongs_to_the_document_its_span_names);
    g_test_add_func("/pack/a large corpus is packed token by token too", test_a_large_corpus_is_packed_token_by_token_too);
    g_test_add_func("/pack/each document lies in the split it was drawn for", test_each_document_lies_in_the_split_it_was_drawn_for);
    g_test_add_func("/pack/any range reads the same as the whole", test_any_range_reads_the_same_as_the_whole);
    g_test_add_func("/pack/placements say where each repeat begins", test_placements_say_where_each_repeat_begins);
    g_test_add_func("/pack/shards have the asked size but the last", test_shards_have_the_asked_size_but_the_last);
    g_test_add_func("/pack/bos and eos stand where the recipe wants them", test_bos_and_eos_stand_where_the_recipe_wants_them);
    g_test_add_func("/pack/best-fit cuts no document that fits into a window", test_best_fit_cuts_no_document_that_fits_into_a_window);
    g_test_add_func("/pack/a run that ended among the placements goes on there", test_a_run_that_ended_among_the_placements_goes_on_there);
    g_test_add_func("/pack/a killed run goes on to the same bytes", test_a_killed_run_goes_on_to_the_same_bytes);
    g_test_add_func("/pack/a run goes on from many shards", test_a_run_goes_on_from_many_shards);
    g_test_add_func("/pack/the order is decided by the seed", test_the_order_is_decided_by_the_seed);
    g_test_add_func("/pack/two builds have one manifest", test_two_builds_have_one_manifest);
    g_test_add_func("/pack/the manifest counts what is in the store", test_the_manifest_counts_what_is_in_the_store);
    g_test_add_func("/pack/status tells a finished build from an unfinished one",
                    test_status_tells_a_finished_build_from_an_unfinished_one);
    g_test_add_func("/pack/shards of no tokens are refused", test_shards_of_no_tokens_are_refused);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
