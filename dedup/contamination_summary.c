/* SPDX-License-Identifier: Apache-2.0
 * From notes to counts of questions; see dedup/contamination_summary.h. */
#include "dedup/contamination_summary.h"

#include <string.h>

#include "base/error.h"
#include "store/note.h"
#include "store/stage_record.h"

#define META_NAME "contamination"
#define META_STAGE "contamination.stage"

typedef struct Summary {
    const BenchmarkSet *set;
    const NgramIndex *index;
    gboolean *found;      /* by text */
    guint64 *documents;   /* by benchmark: with a question of it */
    Docno *last_document; /* by benchmark: counted last */
} Summary;

static void add_text(Summary *summary, Docno docno, guint32 text)
{
    for (; text != NO_TEXT; text = ngram_index_text(summary->index, text)->next) {
        guint32 benchmark = g_array_index(summary->set->texts, BenchmarkText, text).benchmark;
        summary->found[text] = TRUE;
        if (summary->last_document[benchmark] == docno)
            continue;
        summary->last_document[benchmark] = docno;
        summary->documents[benchmark]++;
    }
}

static gboolean add_note(Summary *summary, Docno docno, const StoreValue *value, GError **error)
{
    g_autoptr(json_t) note = note_parse(value, error);
    gsize index;
    json_t *number;
    if (!note)
        return FALSE;
    json_array_foreach(json_object_get(note, "texts"), index, number) {
        json_int_t text = json_integer_value(number);
        if (text < 0 || text >= summary->set->texts->len) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "the note on document %" G_GUINT64_FORMAT " names a text that the benchmarks do not have; run 'galen audit'", docno);
            return FALSE;
        }
        add_text(summary, docno, (guint32)text);
    }
    return TRUE;
}

static gboolean read_notes(Store *store, Summary *summary, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    g_autoptr(StoreCursor) cursor = txn ? store_cursor_new(txn, TABLE_NOTES, NULL, 0, error) : NULL;
    if (!cursor)
        return FALSE;
    StoreValue key, value;
    int more;
    while ((more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        char stage[STAGE_NAME_LIMIT + 1];
        Docno docno;
        if (stage_record_key_read(&key, &docno, stage) && strcmp(stage, "contamination") == 0 && !add_note(summary, docno, &value, error))
            return FALSE;
    }
    return more == 0;
}

static json_t *files_json(const Benchmark *benchmark)
{
    json_t *files = json_array();
    for (guint i = 0; i < benchmark->files->len; i++) {
        const BenchmarkFile *file = benchmark->files->pdata[i];
        char hex[SHA256_HEX_SIZE];
        sha256_hex(&file->digest, hex);
        json_array_append_new(files, json_pack("{s:s, s:s, s:I, s:I}", "file", file->name, "sha256", hex, "bytes", (json_int_t)file->bytes,
                                               "records", (json_int_t)file->records));
    }
    return files;
}

/* The texts of a question come one after the other. */
static json_t *benchmark_json(const Summary *summary, guint32 number, guint *from)
{
    const Benchmark *benchmark = &summary->set->benchmarks[number];
    const GArray *texts = summary->set->texts;
    guint32 found = 0, too_short = 0;
    while (*from < texts->len && g_array_index(texts, BenchmarkText, *from).benchmark == number) {
        guint32 question = g_array_index(texts, BenchmarkText, *from).question;
        gboolean was_found = FALSE, usable = FALSE;
        for (; *from < texts->len && g_array_index(texts, BenchmarkText, *from).benchmark == number &&
               g_array_index(texts, BenchmarkText, *from).question == question; (*from)++) {
            was_found = was_found || summary->found[*from];
            usable = usable || ngram_index_text(summary->index, *from)->size > 0;
        }
        found += was_found;
        too_short += !usable;
    }
    json_t *object = json_object();
    json_object_set_new(object, "name", json_text(benchmark->name));
    json_object_set_new(object, "files", files_json(benchmark));
    json_object_set_new(object, "questions", json_integer(benchmark->questions));
    json_object_set_new(object, "too_short", json_integer(too_short));
    json_object_set_new(object, "found", json_integer(found));
    json_object_set_new(object, "never_found", json_integer(benchmark->questions - found - too_short));
    json_object_set_new(object, "documents", json_integer((json_int_t)summary->documents[number]));
    return object;
}

static json_t *summary_json(const Summary *summary, const RecipeContamination *settings)
{
    json_t *object = json_object(), *benchmarks = json_array();
    guint from = 0;
    json_object_set_new(object, "action", json_text(recipe_contamination_action_name(settings->action)));
    json_object_set_new(object, "ngram", json_integer((json_int_t)settings->ngram));
    json_object_set_new(object, "overlap", json_real(settings->overlap));
    json_object_set_new(object, "long_ngram", json_integer((json_int_t)settings->long_ngram));
    json_object_set_new(object, "min_words", json_integer((json_int_t)settings->min_words));
    json_object_set_new(object, "common", json_integer((json_int_t)settings->common));
    for (guint32 i = 0; i < summary->set->count; i++)
        json_array_append_new(benchmarks, benchmark_json(summary, i, &from));
    json_object_set_new(object, "benchmarks", benchmarks);
    return object;
}

typedef struct Records {
    const char *summary, *fingerprint;
} Records;

static gboolean put_records(StoreTxn *txn, gpointer user, GError **error)
{
    const Records *records = user;
    return store_put_meta(txn, META_NAME, records->summary, error) && store_put_meta(txn, META_STAGE, records->fingerprint, error);
}

static gboolean delete_records(StoreTxn *txn, gpointer user, GError **error)
{
    return store_delete(txn, TABLE_META, META_NAME, strlen(META_NAME), error) &&
           store_delete(txn, TABLE_META, META_STAGE, strlen(META_STAGE), error);
}

static gboolean is_current(Store *store, const char *fingerprint, gboolean *current, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    GError *cause = NULL;
    if (!txn)
        return FALSE;
    g_autofree char *made_by = store_get_meta(txn, META_STAGE, &cause);
    *current = g_strcmp0(made_by, fingerprint) == 0;
    if (cause)
        g_propagate_error(error, cause);
    return cause == NULL;
}

gboolean contamination_summary_write(Store *store, const RecipeContamination *settings, const BenchmarkSet *set, const NgramIndex *index,
                                     const char *fingerprint, GError **error)
{
    gboolean current;
    if (!is_current(store, fingerprint, &current, error))
        return FALSE;
    if (current)
        return TRUE;
    g_autofree gboolean *found = g_new0(gboolean, set->texts->len);
    g_autofree guint64 *documents = g_new0(guint64, set->count);
    g_autofree Docno *last_document = g_new(Docno, set->count);
    for (unsigned i = 0; i < set->count; i++)
        last_document[i] = DOCNO_NONE;
    Summary summary = {set, index, found, documents, last_document};
    if (!read_notes(store, &summary, error))
        return FALSE;
    g_autoptr(json_t) object = summary_json(&summary, settings);
    g_autofree char *text = json_write(object);
    Records records = {text, fingerprint};
    return store_write(store, put_records, &records, error);
}

gboolean contamination_summary_remove(Store *store, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    StoreValue value;
    GError *cause = NULL;
    if (!txn)
        return FALSE;
    gboolean present = store_get(txn, TABLE_META, META_NAME, strlen(META_NAME), &value, &cause);
    g_clear_pointer(&txn, store_read_end);
    g_clear_error(&cause); /* a damaged record goes too */
    return !present || store_write(store, delete_records, NULL, error);
}
