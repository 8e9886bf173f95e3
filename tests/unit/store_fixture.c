/* SPDX-License-Identifier: Apache-2.0
 * A small corpus; see tests/unit/store_fixture.h. */
#include "tests/unit/store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "store/manifest.h"
#include "store/mix.h"
#include "store/pack.h"
#include "tests/unit/spm_fixture.h"

/* ---- A SentencePiece model ------------------------------------------------------------------------------------- */

GByteArray *fixture_model(gboolean eos)
{
    static const guint64 trainer[][2] = {{3, SPM_UNIGRAM}};
    static const guint64 normalizer[][2] = {{3, 1}, {4, 0}, {5, 1}}; /* dummy prefix, no squeezing, escaped spaces */
    GByteArray *model = g_byte_array_new();
    spm_put_piece(model, "<unk>", 0, SPM_UNKNOWN);
    spm_put_piece(model, "<s>", 0, SPM_CONTROL);
    spm_put_piece(model, eos ? "</s>" : "z0", 0, eos ? SPM_CONTROL : SPM_NORMAL);
    spm_put_piece(model, SPM_SPACE, -2, SPM_NORMAL);
    spm_put_piece(model, "the", -3, SPM_NORMAL);
    for (char letter = 'a'; letter <= 'z'; letter++)
        spm_put_piece(model, (char[]){letter, '\0'}, -3, SPM_NORMAL);
    spm_put_flags(model, SPM_TRAINER, trainer, G_N_ELEMENTS(trainer));
    spm_put_flags(model, SPM_NORMALIZER, normalizer, G_N_ELEMENTS(normalizer));
    return model;
}

/* ---- The recipe ------------------------------------------------------------------------------------------------ */

static const char recipe_text[] = "name: fixture\n"
                                  "seed: 7\n"
                                  "sources:\n"
                                  "  - {tag: guide, format: jsonl, group: guidelines, paths: [g.jsonl], licence: CC0-1.0, valid: 0}\n"
                                  "  - {tag: paper, format: jsonl, group: papers, paths: [p.jsonl], licence: CC-BY-4.0, repeat: 2,\n"
                                  "     valid: 0.25}\n"
                                  "  - {tag: replay, format: jsonl, group: replay, paths: [r.jsonl], licence: ODC-BY}\n"
                                  "mix: {replay_share: 0.1}\n"
                                  "tokenizer: {model: t.model, special: [\"" FIXTURE_SPECIAL "\"]}\n";

static Recipe *load_recipe(const char *directory)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, "recipe.yaml", NULL);
    g_assert_true(g_file_set_contents(path, recipe_text, -1, NULL));
    Recipe *recipe = recipe_load(path, NULL, &error);
    g_assert_no_error(error);
    recipe->pack.shard_tokens = 64;
    return recipe;
}

Fixture *fixture_new(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) model = fixture_model(TRUE);
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->directory = g_dir_make_tmp("galen-store-XXXXXX", NULL);
    fixture->model_path = g_build_filename(fixture->directory, "t.model", NULL);
    g_assert_true(g_file_set_contents(fixture->model_path, (const char *)model->data, model->len, NULL));
    fixture->recipe = load_recipe(fixture->directory);
    const char *const special[] = {FIXTURE_SPECIAL};
    fixture->tokenizer = tokenizer_load(fixture->model_path, special, 1, &error);
    g_assert_no_error(error);
    return fixture;
}

void fixture_free(Fixture *fixture)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->directory);
    g_assert_cmpint(system(command), ==, 0);
    tokenizer_free(fixture->tokenizer);
    recipe_free(fixture->recipe);
    g_free(fixture->model_path);
    g_free(fixture->directory);
    g_free(fixture);
}

/* ---- Documents ------------------------------------------------------------------------------------------------- */

static char *document_text(Docno docno, guint64 letters)
{
    g_autoptr(GString) text = g_string_new("the");
    for (guint64 i = 0; i < letters; i++) {
        guint64 draw = random_at(docno, "letters", i);
        g_string_append_c(text, draw % 5 ? (char)('a' + draw % 26) : ' ');
    }
    g_string_append(text, docno % 4 ? " end" : FIXTURE_SPECIAL "end");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean put_document(StoreTxn *txn, Docno docno, const Recipe *recipe, guint64 letters, GError **error)
{
    const RecipeSource *source = &recipe->sources[docno % recipe->sources_count];
    g_autofree char *text = document_text(docno, letters);
    g_auto(Document) document = {
        .source = g_strdup(source->tag),
        .id = g_strdup_printf("doc-%" G_GUINT64_FORMAT, docno),
        .kind = g_strdup("article"),
        .licence = g_strdup(source->licence),
        .origin = g_strdup_printf("in.jsonl@%" G_GUINT64_FORMAT, docno),
        .capture = sha256(text, strlen(text)),
    };
    document_set_text(&document, text, strlen(text));
    return document_put(txn, docno, &document, error) && document_index(txn, docno, document.source, document.id, error) &&
           cleaned_put(txn, docno, text, strlen(text), error);
}

static gboolean put_corpus(StoreTxn *txn, gpointer user, GError **error)
{
    static const char input[] = "{\"bytes\":9,\"path\":\"g.jsonl\",\"records\":1,\"sha256\":\"00\",\"source\":\"guide\"}";
    static const char key[] = "guide\0g.jsonl";
    const Recipe *recipe = user;
    g_autoptr(json_t) sources = json_array();
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        json_array_append_new(sources, json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:f}", "tag", source->tag, "name", source->tag,
                                                 "group", recipe_group_name(source->group), "licence", source->licence,
                                                 "redistributable", source->redistributable, "repeat",
                                                 (json_int_t)source->repeat, "valid", source->valid));
    }
    g_autofree char *text = json_write(sources);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++)
        if (!put_document(txn, docno, recipe, 10 + random_at(1, "length", docno) % 60, error))
            return FALSE;
    return store_put_meta(txn, "sources", text, error) && store_put_meta(txn, "recipe", recipe->text, error) &&
           store_put(txn, TABLE_INPUTS, key, sizeof key - 1, input, strlen(input), error);
}

char *fixture_path(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

Store *fixture_store(Fixture *fixture, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = fixture_path(fixture, name);
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    fixture_write(store, put_corpus, fixture->recipe);
    return store;
}

typedef struct More {
    const Recipe *recipe;
    Docno from, to;
    guint letters;
} More;

static gboolean put_more(StoreTxn *txn, gpointer user, GError **error)
{
    const More *more = user;
    for (Docno docno = more->from; docno < more->to; docno++)
        if (!put_document(txn, docno, more->recipe, more->letters, error))
            return FALSE;
    return TRUE;
}

void fixture_add_documents(Fixture *fixture, Store *store, Docno from, Docno to, guint letters)
{
    More more = {fixture->recipe, from, to, letters};
    fixture_write(store, put_more, &more);
}

StageContext fixture_context(Store *store)
{
    return (StageContext){.store = store, .jobs = 2};
}

void fixture_pack(Fixture *fixture, Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *tokenised = NULL, *mixed = NULL, *packed = NULL;
    StageContext context = fixture_context(store);
    tokenise_run(&context, fixture->recipe, fixture->tokenizer, "clean", &tokenised, &error);
    g_assert_no_error(error);
    mix_run(&context, fixture->recipe, tokenised, &mixed, &error);
    g_assert_no_error(error);
    pack_run(&context, fixture->recipe, fixture->tokenizer, mixed, &packed, &error);
    g_assert_no_error(error);
}

void fixture_build(Fixture *fixture, Store *store)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    fixture_pack(fixture, store);
    manifest_write(&context, &error);
    g_assert_no_error(error);
}

/* ---- Looking and tampering -------------------------------------------------------------------------------------- */

void fixture_write(Store *store, StoreBatch batch, gpointer user)
{
    g_autoptr(GError) error = NULL;
    store_write(store, batch, user, &error);
    g_assert_no_error(error);
}

typedef struct VerdictOf {
    Docno docno;
    const Verdict *verdict;
} VerdictOf;

static gboolean put_verdict(StoreTxn *txn, gpointer user, GError **error)
{
    const VerdictOf *of = user;
    return ledger_put(txn, of->docno, of->verdict, error);
}

void fixture_put_verdict(Store *store, Docno docno, const Verdict *verdict)
{
    VerdictOf of = {docno, verdict};
    fixture_write(store, put_verdict, &of);
}

Verdict fixture_verdict(Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict = {0};
    if (ledger_get(txn, docno, &verdict, &error)) {
        verdict.stage = g_intern_string(verdict.stage);
        verdict.rule = g_intern_string(verdict.rule);
        verdict.detail = NULL;
    }
    g_assert_no_error(error);
    return verdict;
}

GArray *fixture_ids(const Fixture *fixture, Store *store, Docno docno)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autofree char *text = NULL;
    gsize length;
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 eos = tokenizer_eos(fixture->tokenizer);
    g_assert_true(cleaned_get(txn, docno, &text, &length, &error));
    g_assert_true(tokenizer_encode(fixture->tokenizer, text, length, ids, &error));
    g_array_append_val(ids, eos);
    return ids;
}

char *fixture_table_digest(Store *store, StoreTable table)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, table, NULL, 0, &error);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    StoreValue key, value;
    while (store_cursor_next(cursor, &key, &value, &error) > 0) {
        g_checksum_update(sum, key.data, (gssize)key.length);
        g_checksum_update(sum, value.data, (gssize)value.length);
    }
    g_assert_no_error(error);
    return g_strdup(g_checksum_get_string(sum));
}
