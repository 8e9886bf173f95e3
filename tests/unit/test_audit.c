/* SPDX-License-Identifier: Apache-2.0
 * store/audit.h: a sound store has no finding, and each kind of damage has its own. */
#include "store/audit.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "store/chapters.h"
#include "store/draw.h"
#include "store/manifest.h"
#include "store/mix.h"
#include "store/seal.h"
#include "store/shard_record.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static Store *built_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    fixture_build(fixture, store);
    return store;
}

static GPtrArray *audit(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    GPtrArray *findings = audit_run(&context, &error);
    g_assert_no_error(error);
    return findings;
}

/* The first finding of this kind whose place contains `where`. */
static const Finding *find(GPtrArray *findings, const char *id, const char *where)
{
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        if (strcmp(finding->id, id) == 0 && strstr(finding->where, where))
            return finding;
    }
    return NULL;
}

static void assert_finding(Store *store, const char *id, const char *where)
{
    g_autoptr(GPtrArray) findings = audit(store);
    if (find(findings, id, where))
        return;
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        g_test_message("%s at %s: %s", finding->id, finding->where, finding->message);
    }
    g_test_message("no finding %s at %s", id, where);
    g_test_fail();
}

static void test_a_sound_store_has_no_finding(void)
{
    g_autoptr(Store) store = built_store("sound");
    g_autoptr(GPtrArray) findings = audit(store);
    for (guint i = 0; i < findings->len; i++)
        g_test_message("%s: %s", ((Finding *)findings->pdata[i])->where, ((Finding *)findings->pdata[i])->message);
    g_assert_cmpuint(findings->len, ==, 0);
}

static gboolean tamper_with_draws(StoreTxn *txn, gpointer user, GError **error)
{
    Draw draw;
    guint8 key[8];
    docno_write(1, key);
    if (!draw_get(txn, 0, &draw, error) || !store_delete(txn, TABLE_DRAWS, key, sizeof key, error))
        return FALSE;
    draw.tokens++;
    draw.passes++;
    return draw_put(txn, &draw, error);
}

static void test_draws_that_do_not_agree_are_found(void)
{
    g_autoptr(Store) store = built_store("draws");
    fixture_write(store, tamper_with_draws, NULL);
    assert_finding(store, FINDING_COUNT_MISMATCH, "draws 0");
    assert_finding(store, FINDING_UNPACKED, "document 0");
    assert_finding(store, FINDING_UNPACKED, "document 1");
    assert_finding(store, FINDING_COUNT_MISMATCH, "table draws");
}

static gboolean tamper_with_mix(StoreTxn *txn, gpointer user, GError **error)
{
    g_autofree char *text = store_get_meta(txn, MIX_META, error);
    g_autoptr(json_t) mix = text ? json_parse(text, strlen(text), "mix", error) : NULL;
    if (!mix)
        return FALSE;
    json_object_set_new(json_array_get(json_object_get(mix, "sources"), 0), "drawn_tokens", json_integer(1));
    g_autofree char *changed = json_write(mix);
    return store_put_meta(txn, MIX_META, changed, error);
}

static void test_a_mix_that_says_more_than_was_packed_is_found(void)
{
    g_autoptr(Store) store = built_store("mix");
    fixture_write(store, tamper_with_mix, NULL);
    assert_finding(store, FINDING_COUNT_MISMATCH, "source guide");
}

static void test_an_unfinished_build_is_one_finding(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "unfinished");
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 1);
    const Finding *finding = findings->pdata[0];
    g_assert_cmpstr(finding->id, ==, FINDING_UNFINISHED);
    g_assert_cmpint(finding->severity, ==, SEVERITY_ERROR);
}

/* ---- Tampering ------------------------------------------------------------------------------------------------- */

typedef struct Edit {
    StoreTable table;
    guint8 key[SHARD_KEY_SIZE];
    gsize key_length;
    gsize at;         /* the byte that is changed; G_MAXSIZE: the record is deleted */
    guint8 flip;
} Edit;

static gboolean edit_record(StoreTxn *txn, gpointer user, GError **error)
{
    const Edit *edit = user;
    StoreValue value;
    if (edit->at == G_MAXSIZE)
        return store_delete(txn, edit->table, edit->key, edit->key_length, error);
    if (!store_get(txn, edit->table, edit->key, edit->key_length, &value, error))
        return FALSE;
    g_autofree guint8 *copy = g_memdup2(value.data, value.length);
    g_assert_cmpuint(edit->at, <, value.length);
    copy[edit->at] ^= edit->flip;
    return store_put(txn, edit->table, edit->key, edit->key_length, copy, value.length, error);
}

static void edit_docno(Store *store, StoreTable table, Docno docno, gsize at, guint8 flip)
{
    Edit edit = {.table = table, .key_length = 8, .at = at, .flip = flip};
    docno_write(docno, edit.key);
    fixture_write(store, edit_record, &edit);
}

static void edit_shard(Store *store, StoreTable table, guint32 shard, gsize at, guint8 flip)
{
    Edit edit = {.table = table, .key_length = SHARD_KEY_SIZE, .at = at, .flip = flip};
    shard_key("train", shard, edit.key);
    fixture_write(store, edit_record, &edit);
}

static void test_a_document_without_a_verdict_is_a_ledger_gap(void)
{
    g_autoptr(Store) store = built_store("gap");
    edit_docno(store, TABLE_LEDGER, 6, G_MAXSIZE, 0);
    assert_finding(store, FINDING_LEDGER_GAP, "document 6");
    assert_finding(store, FINDING_COUNT_MISMATCH, "ledger");
    assert_finding(store, FINDING_ORPHAN_SPAN, "shard train/");
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json kept");
}

static void test_a_winner_that_is_not_kept_is_lost(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "winner");
    Verdict first = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 3, NULL};
    Verdict second = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 0, NULL};
    Verdict third = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 6, NULL};
    Verdict dropped = {OUTCOME_DROPPED, "clean", "too-short", 1, 2, DOCNO_NONE, NULL};
    fixture_put_verdict(store, 9, &first); /* 9 -> 3 -> 0, which is kept */
    fixture_put_verdict(store, 3, &second);
    fixture_put_verdict(store, 12, &third); /* 12 -> 6, which is dropped */
    fixture_put_verdict(store, 6, &dropped);
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_nonnull(find(findings, FINDING_LOST_WINNER, "document 12"));
}

static void test_winners_in_a_circle_end(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "circle");
    Verdict first = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 3, NULL};
    Verdict second = {OUTCOME_MERGED, "dedup", "near-duplicate", 0.9, 0.8, 0, NULL};
    fixture_put_verdict(store, 0, &first);
    fixture_put_verdict(store, 3, &second);
    fixture_build(fixture, store);
    assert_finding(store, FINDING_LOST_WINNER, "document 3");
}

/* ---- Chapters -------------------------------------------------------------------------------------------------- */

typedef struct Listing {
    Docno parent;
    Docno pages[3]; /* DOCNO_NONE: one that is missing */
} Listing;

static gboolean put_listing(StoreTxn *txn, gpointer user, GError **error)
{
    const Listing *listing = user;
    g_autoptr(GPtrArray) chapters = chapters_new();
    for (gsize i = 0; i < G_N_ELEMENTS(listing->pages); i++)
        chapters_add(chapters, listing->pages[i], "https://r.example/", NULL, listing->pages[i] == DOCNO_NONE ? "it was not captured" : NULL);
    return chapters_put(txn, listing->parent, chapters, error);
}

static void put_chapter(Store *store, Docno docno, Docno parent)
{
    Verdict verdict = {OUTCOME_MERGED, CHAPTERS_STAGE, CHAPTERS_RULE, NAN, NAN, parent, NULL};
    fixture_put_verdict(store, docno, &verdict);
}

/* Documents 0 and 6 each with a chapter; 6 is dropped later, which is nobody's fault. */
static Store *store_with_chapters(const char *name)
{
    Store *store = fixture_store(fixture, name);
    Listing first = {0, {0, 3, DOCNO_NONE}}, second = {6, {9, 6, DOCNO_NONE}};
    Verdict dropped = {OUTCOME_DROPPED, "clean", "too-short", 1, 2, DOCNO_NONE, NULL};
    fixture_write(store, put_listing, &first);
    fixture_write(store, put_listing, &second);
    put_chapter(store, 3, 0);
    put_chapter(store, 9, 6);
    fixture_put_verdict(store, 6, &dropped);
    return store;
}

static void test_chapters_share_the_fate_of_their_document(void)
{
    g_autoptr(Store) store = store_with_chapters("chapters");
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 0);
}

static void test_chapters_that_are_not_listed_are_lost(void)
{
    g_autoptr(Store) store = store_with_chapters("unlisted");
    put_chapter(store, 12, 0); /* not in its list */
    put_chapter(store, 15, 3); /* of a chapter */
    put_chapter(store, 18, 21); /* of a document that gave none */
    Verdict broken = {OUTCOME_DROPPED, "ingest", "no-text", NAN, NAN, DOCNO_NONE, NULL};
    Verdict merged = {OUTCOME_MERGED, "dedup", "exact", NAN, NAN, 9, NULL};
    fixture_put_verdict(store, 21, &broken);
    fixture_put_verdict(store, 24, &merged); /* into a chapter, which stands for nothing */
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 4);
    for (Docno docno = 12; docno <= 18; docno += 3) {
        g_autofree char *where = g_strdup_printf("document %" G_GUINT64_FORMAT, docno);
        g_assert_nonnull(find(findings, FINDING_LOST_CHAPTER, where));
    }
    g_assert_nonnull(find(findings, FINDING_LOST_WINNER, "document 24"));
}

static void test_listed_chapters_without_the_verdict_are_lost(void)
{
    g_autoptr(Store) store = store_with_chapters("listed");
    Listing greedy = {12, {12, 3, 15}}; /* 3 is of document 0, 15 is kept */
    fixture_write(store, put_listing, &greedy);
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_nonnull(find(findings, FINDING_LOST_CHAPTER, "document 12"));
}

static void test_a_changed_list_of_chapters_is_seen(void)
{
    g_autoptr(Store) store = store_with_chapters("relisted");
    fixture_build(fixture, store);
    Listing shorter = {0, {3, 0, DOCNO_NONE}}; /* the pages in another order */
    fixture_write(store, put_listing, &shorter);
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json");
}

static void test_tokens_of_a_dropped_document_are_an_orphan_span(void)
{
    g_autoptr(Store) store = built_store("orphan");
    Verdict dropped = {OUTCOME_DROPPED, "clean", "too-short", 1, 2, DOCNO_NONE, NULL};
    fixture_put_verdict(store, 0, &dropped);
    g_autoptr(GPtrArray) findings = audit(store);
    const Finding *finding = find(findings, FINDING_ORPHAN_SPAN, "shard train/");
    g_assert_nonnull(finding);
    g_assert_nonnull(strstr(finding->message, "document 0,"));
}

static void test_a_kept_document_without_tokens_is_unpacked(void)
{
    g_autoptr(Store) store = built_store("unpacked");
    edit_docno(store, TABLE_TOKENS, 3, G_MAXSIZE, 0);
    assert_finding(store, FINDING_UNPACKED, "document 3");
    Edit edit = {.table = TABLE_PLACEMENTS, .key_length = 12, .at = G_MAXSIZE};
    docno_write(6, edit.key);
    fixture_write(store, edit_record, &edit);
    assert_finding(store, FINDING_UNPACKED, "document 6");
    assert_finding(store, FINDING_SPAN_GAP, "table placements");
}

static void test_spans_that_do_not_tile_are_a_span_gap(void)
{
    g_autoptr(Store) store = built_store("tile");
    edit_shard(store, TABLE_SPANS, 2, 16, 1); /* the first span's length */
    assert_finding(store, FINDING_SPAN_GAP, "shard train/2");
    edit_shard(store, TABLE_SPANS, 4, G_MAXSIZE, 0);
    assert_finding(store, FINDING_SPAN_GAP, "shard train/4");
    edit_shard(store, TABLE_SHARDS, 7, G_MAXSIZE, 0);
    assert_finding(store, FINDING_SPAN_GAP, "shard train/8");
}

static void test_a_span_of_the_wrong_document_is_seen(void)
{
    g_autoptr(Store) store = built_store("owner");
    edit_shard(store, TABLE_SPANS, 3, 24, 1); /* the first span's source */
    assert_finding(store, FINDING_COUNT_MISMATCH, "shard train/3");
    edit_shard(store, TABLE_SPANS, 3, 32, 1); /* the second span's docno */
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_true(find(findings, FINDING_TOKEN_MISMATCH, "shard train/3") || find(findings, FINDING_ORPHAN_SPAN, "shard train/3"));
}

static void test_a_changed_token_is_a_token_mismatch(void)
{
    g_autoptr(Store) store = built_store("token");
    edit_shard(store, TABLE_SHARDS, 1, 20, 1);
    assert_finding(store, FINDING_TOKEN_MISMATCH, "shard train/1 token");
    assert_finding(store, FINDING_HASH_MISMATCH, "shard train/1");
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json splits.train");
    edit_docno(store, TABLE_TOKENS, 0, 1, 0xff); /* an id past the vocabulary, in the document alone */
    assert_finding(store, FINDING_TOKEN_MISMATCH, "shard train/");
}

static void test_a_changed_text_differs_from_the_manifest(void)
{
    g_autoptr(Store) store = built_store("text");
    edit_docno(store, TABLE_DOCUMENTS, 1, 60, 1); /* within the facts */
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_nonnull(find(findings, FINDING_HASH_MISMATCH, "manifest.json"));
}

static void rewrite_manifest(Store *store, const char *key, json_t *value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    json_object_set_new(manifest, key, value);
    g_autofree char *text = json_pretty(manifest);
    g_autofree char *path = g_build_filename(store_directory(store), "manifest.json", NULL);
    g_assert_true(file_replace(path, text, strlen(text), &error));
}

/* As if the manifest that is there had been written by a build. */
static void reseal(Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    g_autofree char *text = json_pretty(manifest);
    g_assert_true(seal_write(&context, text, json_get_string(manifest, "root"), &error));
}

static void test_a_manifest_changed_by_hand_is_seen(void)
{
    g_autoptr(Store) store = built_store("hand");
    rewrite_manifest(store, "kept", json_integer(1));
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json root");
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json kept");
    assert_finding(store, FINDING_COUNT_MISMATCH, "manifest.json");
    g_autofree char *path = g_build_filename(store_directory(store), "manifest.json", NULL);
    g_assert_true(g_file_set_contents(path, "{\"version\":", -1, NULL));
    assert_finding(store, FINDING_HASH_MISMATCH, "manifest.json");
}

static void test_another_version_of_the_program_is_no_finding(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("version");
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    json_object_set_new(manifest, "galen", json_string("9.9.9"));
    json_object_del(manifest, "root");
    g_autofree char *text = json_write(manifest);
    Sha256 root = sha256(text, strlen(text));
    char hex[SHA256_HEX_SIZE];
    sha256_hex(&root, hex);
    rewrite_manifest(store, "galen", json_string("9.9.9"));
    rewrite_manifest(store, "root", json_string(hex));
    reseal(store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 0);
}

static gboolean drop_licences(StoreTxn *txn, gpointer user, GError **error)
{
    static const char sources[] = "[{\"tag\":\"guide\",\"repeat\":1},{\"tag\":\"paper\",\"repeat\":2,\"licence\":\"MIT\"},"
                                  "{\"tag\":\"replay\",\"repeat\":1},{\"tag\":\"idle\",\"repeat\":1}]";
    g_auto(Document) document = {0};
    if (!document_get(txn, 0, &document, error))
        return FALSE;
    g_clear_pointer(&document.licence, g_free);
    return document_put(txn, 0, &document, error) && store_put_meta(txn, "sources", sources, error);
}

static void test_missing_licences_and_empty_sources_are_warnings(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "licence");
    fixture_write(store, drop_licences, NULL);
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 2);
    const Finding *licence = find(findings, FINDING_MISSING_LICENCE, "source guide");
    const Finding *empty = find(findings, FINDING_EMPTY_SOURCE, "source idle");
    g_assert_nonnull(licence);
    g_assert_nonnull(empty);
    g_assert_cmpint(licence->severity, ==, SEVERITY_WARNING);
    g_assert_nonnull(strstr(licence->message, "1 of 20"));
}

static void test_a_damaged_input_is_a_warning(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "input");
    Verdict verdict = {OUTCOME_DROPPED, "ingest", "damaged-input", NAN, NAN, DOCNO_NONE, "unexpected end of file"};
    fixture_put_verdict(store, 5, &verdict);
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 1);
    const Finding *finding = find(findings, FINDING_DAMAGED_INPUT, "document 5");
    g_assert_nonnull(finding);
    g_assert_nonnull(strstr(finding->message, "in.jsonl@5"));
    g_assert_nonnull(strstr(finding->message, "unexpected end of file"));
}

static gboolean drop_all_verdicts(StoreTxn *txn, gpointer user, GError **error)
{
    /* More documents than findings of one kind are listed. */
    for (Docno docno = 100; docno < 100 + 150; docno++) {
        g_auto(Document) document = {.source = g_strdup("guide"), .id = g_strdup("x"), .licence = g_strdup("MIT")};
        document_set_text(&document, "x", 1);
        if (!document_put(txn, docno, &document, error))
            return FALSE;
    }
    return TRUE;
}

static void test_findings_of_one_kind_are_capped_and_sorted(void)
{
    g_autoptr(Store) store = built_store("many");
    fixture_write(store, drop_all_verdicts, NULL);
    g_autoptr(GPtrArray) findings = audit(store), again = audit(store);
    guint gaps = 0;
    g_assert_cmpuint(findings->len, ==, again->len);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i], *same = again->pdata[i];
        gaps += strcmp(finding->id, FINDING_LEDGER_GAP) == 0;
        g_assert_cmpstr(finding->where, ==, same->where);
        g_assert_cmpstr(finding->message, ==, same->message);
        if (i > 0)
            g_assert_cmpint(((Finding *)findings->pdata[i - 1])->severity, >=, finding->severity);
    }
    g_assert_cmpuint(gaps, ==, 101);
    g_assert_nonnull(strstr(find(findings, FINDING_LEDGER_GAP, "store")->message, "50 more"));
}

/* ---- Ids, sources and files ------------------------------------------------------------------------------------- */

static gboolean misplace_ids(StoreTxn *txn, gpointer user, GError **error)
{
    g_auto(Document) document = {0};
    return document_get_facts(txn, 4, &document, error) && document_index_move(txn, 5, document.source, document.id, error);
}

static void test_an_id_that_leads_elsewhere_is_lost(void)
{
    g_autoptr(Store) store = built_store("id");
    fixture_write(store, misplace_ids, NULL);
    assert_finding(store, FINDING_LOST_ID, "document 4");
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_null(find(findings, FINDING_LOST_ID, "document 5"));
}

static void put_previous(Store *store, json_int_t entered)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    json_t *paper = json_array_get(json_object_get(manifest, "sources"), 1);
    json_object_set_new(paper, "entered", json_integer(entered));
    g_autofree char *text = json_pretty(manifest);
    g_autofree char *path = g_build_filename(store_directory(store), STORE_PREVIOUS_MANIFEST, NULL);
    g_assert_true(file_replace(path, text, strlen(text), &error));
    reseal(store);
}

static void test_a_source_with_fewer_documents_than_before_has_shrunk(void)
{
    g_autoptr(Store) store = built_store("shrunk");
    put_previous(store, 20);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 0);
    put_previous(store, 21);
    g_autoptr(GPtrArray) fewer = audit(store);
    const Finding *finding = find(fewer, FINDING_SOURCE_SHRUNK, "source paper");
    g_assert_cmpuint(fewer->len, ==, 1);
    g_assert_nonnull(finding);
    g_assert_cmpint(finding->severity, ==, SEVERITY_WARNING);
    g_assert_cmpstr(finding->message, ==, "20 documents, but 21 in the build before");
}

static gboolean expect_more(StoreTxn *txn, gpointer user, GError **error)
{
    static const char sources[] = "[{\"tag\":\"guide\",\"licence\":\"MIT\",\"repeat\":1,\"expected\":40},{\"tag\":\"paper\",\"licence\":\"MIT\","
                                  "\"repeat\":2,\"expected\":41},{\"tag\":\"replay\",\"licence\":\"MIT\",\"repeat\":1}]";
    return store_put_meta(txn, "sources", sources, error);
}

static void test_a_source_with_less_than_half_of_what_is_expected_has_shrunk(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "expected");
    fixture_write(store, expect_more, NULL);
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_nonnull(find(findings, FINDING_SOURCE_SHRUNK, "source paper"));
}

static char *put_capture(Store *store, const char *name, const char *text)
{
    g_autofree char *folder = g_build_filename(store_directory(store), STORE_CAPTURES, NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(directory_make(folder, NULL));
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return g_steal_pointer(&path);
}

static void test_captures_are_compared_byte_for_byte(void)
{
    g_autoptr(Store) store = fixture_store(fixture, "captures");
    g_autofree char *path = put_capture(store, "site.warc.gz", "pages");
    fixture_build(fixture, store);
    g_autoptr(GPtrArray) sound = audit(store);
    g_assert_cmpuint(sound->len, ==, 0);
    g_free(put_capture(store, "site.warc.gz", "paged"));
    assert_finding(store, FINDING_HASH_MISMATCH, "file captures/site.warc.gz");
    g_free(put_capture(store, "other.warc.gz", "pages"));
    assert_finding(store, FINDING_UNKNOWN_FILE, "file captures/other.warc.gz");
    g_assert_cmpint(remove(path), ==, 0);
    g_autoptr(GPtrArray) findings = audit(store);
    const Finding *finding = find(findings, FINDING_MISSING_CAPTURE, "file captures/site.warc.gz");
    g_assert_nonnull(finding);
    g_assert_cmpint(finding->severity, ==, SEVERITY_WARNING);
}

static void test_a_store_without_its_seal_or_model_lacks_a_file(void)
{
    g_autoptr(Store) store = built_store("unsealed");
    g_autofree char *model = g_build_filename(store_directory(store), "tokenizer.model", NULL);
    g_autofree char *seal = g_build_filename(store_directory(store), STORE_SEAL, NULL);
    g_assert_cmpint(remove(model), ==, 0);
    assert_finding(store, FINDING_MISSING_FILE, "file tokenizer.model");
    g_assert_cmpint(remove(seal), ==, 0);
    assert_finding(store, FINDING_MISSING_FILE, "file seal.json");
}

static gboolean put_band(StoreTxn *txn, gpointer user, GError **error)
{
    static const guint8 key[] = {0};
    return store_put(txn, TABLE_BANDS, key, sizeof key, "x", 1, error);
}

static void test_a_record_that_came_after_the_build_is_seen(void)
{
    g_autoptr(Store) store = built_store("more");
    fixture_write(store, put_band, NULL);
    assert_finding(store, FINDING_HASH_MISMATCH, "table bands");
}

static void test_changing_a_store_keeps_the_manifest_as_the_previous_one(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("previous");
    g_autoptr(json_t) manifest = manifest_read(store, &error);
    store_mark_unfinished(store);
    assert_finding(store, FINDING_UNFINISHED, "manifest.json");
    g_autoptr(json_t) previous = manifest_read_previous(store, &error);
    g_assert_true(json_equal(manifest, previous));
    StageContext context = fixture_context(store);
    g_assert_true(manifest_write(&context, &error));
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 0);
}

static gboolean touch_recipe(StoreTxn *txn, gpointer user, GError **error)
{
    return store_put_meta(txn, "recipe", "another comment", error);
}

static void test_what_no_stage_reads_is_sealed_anew(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = built_store("sealed");
    g_autoptr(json_t) before = manifest_read(store, &error);
    fixture_write(store, touch_recipe, NULL);
    assert_finding(store, FINDING_HASH_MISMATCH, "table meta");
    StageContext context = fixture_context(store);
    g_assert_true(manifest_write(&context, &error));
    g_autoptr(json_t) after = manifest_read(store, &error);
    g_assert_true(json_equal(before, after));
    g_autoptr(GPtrArray) findings = audit(store);
    g_assert_cmpuint(findings->len, ==, 0);
}

static void test_every_kind_of_finding_is_documented(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "findings.md", NULL), *text = NULL;
    gsize count, documented = 0;
    const FindingKind *kinds = finding_kinds(&count);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    for (gsize i = 0; i < count; i++) {
        g_autofree char *severity = g_strdup(severity_name(kinds[i].severity));
        severity[0] = g_ascii_toupper(severity[0]);
        g_autofree char *entry = g_strdup_printf("\n## %s\n\n*%s*: %s.\n", kinds[i].id, severity, kinds[i].summary);
        if (!strstr(text, entry)) {
            g_test_message("docs/findings.md lacks:%s", entry);
            g_test_fail();
        }
    }
    for (const char *at = text; (at = strstr(at, "\n## ")); at++)
        documented++;
    g_assert_cmpuint(documented, ==, count);
}

/* ---- Damage on disk -------------------------------------------------------------------------------------------- */

/* Flips a bit of every occurrence of `bytes` in the closed store's data file. */
static guint damage_file(const char *store_path, const char *bytes)
{
    g_autofree char *path = g_build_filename(store_path, "part-0000.mdb", NULL);
    int file = open(path, O_RDWR);
    struct stat status;
    g_assert_cmpint(fstat(file, &status), ==, 0);
    gsize size = (gsize)status.st_size, length = strlen(bytes);
    g_autofree char *content = g_malloc(size);
    g_assert_cmpint(pread(file, content, size, 0), ==, (gssize)size);
    guint count = 0;
    for (char *at = content; (at = memmem(at, size - (gsize)(at - content), bytes, length)); at += length, count++) {
        char flipped = (char)(at[0] ^ 0x20);
        g_assert_cmpint(pwrite(file, &flipped, 1, at - content), ==, 1);
    }
    close(file);
    return count;
}

static void assert_damage_is_found(const char *name, const char *bytes, const char *where)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fixture_path(fixture, name);
    store_free(built_store(name));
    g_assert_cmpuint(damage_file(path, bytes), >, 0);
    g_autoptr(Store) store = store_open(path, STORE_READ, &error);
    g_assert_no_error(error);
    assert_finding(store, FINDING_HASH_MISMATCH, where);
}

static void test_flipped_bits_on_disk_are_found_and_named(void)
{
    assert_damage_is_found("disk-document", "in.jsonl@17", "documents 17");
    assert_damage_is_found("disk-verdict", "not-sampled", "ledger ");
    assert_damage_is_found("disk-meta", "\"vocabulary\":32", "meta tokenizer");
    assert_damage_is_found("disk-sources", "\"redistributable\":false,\"repeat\":2", "meta sources");
    assert_damage_is_found("disk-run", "\"next\":", "runs ");
    assert_damage_is_found("disk-key", "okenizer", "meta tOkenizer"); /* the key; its value is as it was */
    assert_damage_is_found("disk-settings", "shard_tokens\":128", "meta recipe.settings");
}

/* The kind of each page of a tree becomes another: LMDB would stop at it, or go astray. */
static void test_damaged_pages_are_findings_and_no_crash(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fixture_path(fixture, "pages");
    g_autofree char *part = store_part_path(path);
    store_free(built_store("pages"));
    int file = open(part, O_RDWR);
    struct stat status;
    guint8 header[12];
    g_assert_cmpint(fstat(file, &status), ==, 0);
    g_autoptr(GPtrArray) sound = audit_store(path, NULL, 2, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(sound->len, ==, 0);
    for (off_t page = 2; page < status.st_size / 4096; page++)
        if (pread(file, header, sizeof header, page * 4096) == sizeof header && (header[10] == 1 || header[10] == 2))
            g_assert_cmpint(pwrite(file, "\xff", 1, page * 4096 + 10), ==, 1);
    g_autoptr(GPtrArray) findings = audit_store(path, NULL, 2, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(find(findings, FINDING_STORE_DAMAGED, "page "));
    g_assert_cmpint(((Finding *)findings->pdata[0])->severity, ==, SEVERITY_ERROR);
    close(file);
}

/* Any byte of any record may be anything: findings, never a crash. */
static gboolean scramble(StoreTxn *txn, gpointer user, GError **error)
{
    guint64 seed = *(guint64 *)user, step = 0;
    for (int table = 0; table < TABLE_COUNT; table++) {
        g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
        g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, error);
        StoreValue key, value;
        while (store_cursor_next(cursor, &key, &value, error) > 0)
            if (random_at(seed, "which", step++) % 4 == 0 && !(key.length == 6 && memcmp(key.data, "format", 6) == 0))
                g_ptr_array_add(keys, g_bytes_new(key.data, key.length));
        for (guint i = 0; i < keys->len; i++) {
            gsize length;
            const void *name = g_bytes_get_data(keys->pdata[i], &length);
            if (!store_get(txn, table, name, length, &value, error) || value.length == 0)
                continue;
            g_autofree guint8 *copy = g_memdup2(value.data, value.length);
            guint64 draw = random_at(seed, "where", step++);
            copy[draw % value.length] ^= (guint8)(1 + (draw >> 32) % 255);
            gsize cut = draw % 3 ? value.length : value.length / 2;
            if (!store_put(txn, table, name, length, copy, cut, error))
                return FALSE;
        }
    }
    return TRUE;
}

static void test_scrambled_records_never_crash(void)
{
    g_autoptr(GError) error = NULL;
    for (guint64 seed = 0; seed < 4; seed++) {
        g_autofree char *name = g_strdup_printf("scrambled%d", (int)seed);
        g_autoptr(Store) store = built_store(name);
        fixture_write(store, scramble, &seed);
        StageContext context = fixture_context(store);
        g_autoptr(GPtrArray) findings = audit_run(&context, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(findings->len, >, 0);
        json_decref(status_compute(store, NULL));
        shard_reader_free(shard_reader_open(store, "train", NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    fixture->recipe->pack.shard_tokens = 128;
    g_test_add_func("/audit/a sound store has no finding", test_a_sound_store_has_no_finding);
    g_test_add_func("/audit/draws that do not agree are found", test_draws_that_do_not_agree_are_found);
    g_test_add_func("/audit/a mix that says more than was packed is found", test_a_mix_that_says_more_than_was_packed_is_found);
    g_test_add_func("/audit/an unfinished build is one finding", test_an_unfinished_build_is_one_finding);
    g_test_add_func("/audit/a document without a verdict is a ledger gap", test_a_document_without_a_verdict_is_a_ledger_gap);
    g_test_add_func("/audit/a winner that is not kept is lost", test_a_winner_that_is_not_kept_is_lost);
    g_test_add_func("/audit/winners in a circle end", test_winners_in_a_circle_end);
    g_test_add_func("/audit/chapters share the fate of their document", test_chapters_share_the_fate_of_their_document);
    g_test_add_func("/audit/chapters that are not listed are lost", test_chapters_that_are_not_listed_are_lost);
    g_test_add_func("/audit/listed chapters without the verdict are lost", test_listed_chapters_without_the_verdict_are_lost);
    g_test_add_func("/audit/a changed list of chapters is seen", test_a_changed_list_of_chapters_is_seen);
    g_test_add_func("/audit/tokens of a dropped document are an orphan span",
                    test_tokens_of_a_dropped_document_are_an_orphan_span);
    g_test_add_func("/audit/a kept document without tokens is unpacked", test_a_kept_document_without_tokens_is_unpacked);
    g_test_add_func("/audit/spans that do not tile are a span gap", test_spans_that_do_not_tile_are_a_span_gap);
    g_test_add_func("/audit/a span of the wrong document is seen", test_a_span_of_the_wrong_document_is_seen);
    g_test_add_func("/audit/a changed token is a token mismatch", test_a_changed_token_is_a_token_mismatch);
    g_test_add_func("/audit/a changed text differs from the manifest", test_a_changed_text_differs_from_the_manifest);
    g_test_add_func("/audit/a manifest changed by hand is seen", test_a_manifest_changed_by_hand_is_seen);
    g_test_add_func("/audit/another version of the program is no finding", test_another_version_of_the_program_is_no_finding);
    g_test_add_func("/audit/missing licences and empty sources are warnings",
                    test_missing_licences_and_empty_sources_are_warnings);
    g_test_add_func("/audit/a damaged input is a warning", test_a_damaged_input_is_a_warning);
    g_test_add_func("/audit/findings of one kind are capped and sorted", test_findings_of_one_kind_are_capped_and_sorted);
    g_test_add_func("/audit/an id that leads elsewhere is lost", test_an_id_that_leads_elsewhere_is_lost);
    g_test_add_func("/audit/a source with fewer documents than before has shrunk",
                    test_a_source_with_fewer_documents_than_before_has_shrunk);
    g_test_add_func("/audit/a source with less than half of what is expected has shrunk",
                    test_a_source_with_less_than_half_of_what_is_expected_has_shrunk);
    g_test_add_func("/audit/captures are compared byte for byte", test_captures_are_compared_byte_for_byte);
    g_test_add_func("/audit/a store without its seal or model lacks a file", test_a_store_without_its_seal_or_model_lacks_a_file);
    g_test_add_func("/audit/a record that came after the build is seen", test_a_record_that_came_after_the_build_is_seen);
    g_test_add_func("/audit/changing a store keeps the manifest as the previous one",
                    test_changing_a_store_keeps_the_manifest_as_the_previous_one);
    g_test_add_func("/audit/what no stage reads is sealed anew", test_what_no_stage_reads_is_sealed_anew);
    g_test_add_func("/audit/every kind of finding is documented", test_every_kind_of_finding_is_documented);
    g_test_add_func("/audit/damaged pages are one finding and no crash", test_damaged_pages_are_findings_and_no_crash);
    g_test_add_func("/audit/flipped bits on disk are found and named", test_flipped_bits_on_disk_are_found_and_named);
    g_test_add_func("/audit/scrambled records never crash", test_scrambled_records_never_crash);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
