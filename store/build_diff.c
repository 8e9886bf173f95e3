/* SPDX-License-Identifier: Apache-2.0
 * Two stores beside each other, document by document; see store/build_diff.h.
 *
 * Workers compare blocks of documents; the calling thread adds up what they found, in order. */
#include "store/build_diff.h"

#include <string.h>

#include "base/error.h"
#include "store/build_diff_parts.h"
#include "store/compressed_text.h"
#include "store/manifest.h"
#include "store/recipe_settings.h"
#include "store/shard.h"
#include "store/walk.h"

enum { BEFORE, AFTER };

typedef struct SourceDiff {
    guint64 in, out, changed, verdicts;
    guint64 kept[2], tokens[2];
    guint64 repeats[2]; /* sums of their digests: equal where they are the same, in any order */
} SourceDiff;

typedef struct StoreDiff {
    Store *stores[2];
    guint side; /* whose documents are walked */
    DiffVisit visit;
    gpointer visit_user;
    GHashTable *sources;  /* tag -> SourceDiff */
    GHashTable *verdicts; /* "source\nfrom\nto" -> guint64 * */
} StoreDiff;

/* A document on one of the two sides. */
typedef struct Side {
    StoreTxn *txn;
    Docno docno;
    StoreValue record;
    Document facts;
    char *verdict;
    gboolean kept;
    guint64 tokens;
} Side;

static void side_clear(Side *side)
{
    document_clear(&side->facts);
    g_free(side->verdict);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Side, side_clear)

static void entry_clear(gpointer data)
{
    DiffEntry *entry = data;
    g_free(entry->source);
    g_free(entry->id);
    g_free(entry->from);
    g_free(entry->to);
}

static void entries_free(gpointer data)
{
    g_array_unref(data);
}

/* ---- One side --------------------------------------------------------------------------------------------------- */

static gboolean read_verdict(Side *side, GError **error)
{
    Verdict verdict;
    GError *cause = NULL;
    if (!ledger_get(side->txn, side->docno, &verdict, &cause)) {
        side->verdict = g_strdup("undecided");
        if (cause)
            g_propagate_error(error, cause);
        return !cause;
    }
    side->kept = verdict.outcome == OUTCOME_KEPT;
    side->verdict = side->kept ? g_strdup("kept") : g_strdup_printf("%s %s/%s", outcome_name(verdict.outcome), verdict.stage, verdict.rule);
    return TRUE;
}

static gboolean read_tokens(Side *side, GError **error)
{
    if (!side->kept)
        return TRUE;
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    if (!shard_placements(side->txn, side->docno, placements, error))
        return FALSE;
    for (guint i = 0; i < placements->len; i++)
        side->tokens += g_array_index(placements, Placement, i).length;
    return TRUE;
}

static gboolean read_rest(Side *side, GError **error)
{
    return document_thaw(&side->record, FALSE, &side->facts, error) && read_verdict(side, error) && read_tokens(side, error);
}

/* FALSE without error: the store has no document of this source and id. */
static gboolean find_side(Side *side, StoreTxn *txn, const Document *facts, GError **error)
{
    side->txn = txn;
    return document_find(txn, facts->source, facts->id, &side->docno, error) &&
           store_get_docno(txn, TABLE_DOCUMENTS, side->docno, &side->record, error) && read_rest(side, error);
}

/* ---- Both sides -------------------------------------------------------------------------------------------------- */

static gboolean same_bytes(const StoreValue *a, const StoreValue *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

static gboolean same_encoding(Document *a, Document *b)
{
    g_auto(Buffer) left, right;
    buffer_init(&left, 4 * DOCUMENT_TEXT_LIMIT);
    buffer_init(&right, 4 * DOCUMENT_TEXT_LIMIT);
    g_clear_pointer(&a->origin, g_free);
    g_clear_pointer(&b->origin, g_free);
    document_encode(a, &left);
    document_encode(b, &right);
    return left.length == right.length && memcmp(left.data, right.data, left.length) == 0;
}

static gboolean compare_texts(const Side *before, const Side *after, DiffEntry *entry, GError **error)
{
    g_auto(Document) ours = {0}, theirs = {0};
    if (same_bytes(&before->record, &after->record))
        return TRUE;
    if (!document_thaw(&before->record, TRUE, &ours, error) || !document_thaw(&after->record, TRUE, &theirs, error))
        return FALSE;
    if (!same_encoding(&ours, &theirs))
        entry->kinds |= DIFF_TEXT;
    return TRUE;
}

/* FALSE: error. *present FALSE: there is none. */
static gboolean read_cleaned(const Side *side, StoreValue *value, gboolean *present, GError **error)
{
    GError *cause = NULL;
    *present = store_get_docno(side->txn, TABLE_CLEANED, side->docno, value, &cause);
    if (cause)
        g_propagate_error(error, cause);
    return !cause;
}

static gboolean compare_cleaned(const Side *before, const Side *after, DiffEntry *entry, GError **error)
{
    StoreValue values[2];
    gboolean present[2];
    g_autofree char *ours = NULL, *theirs = NULL;
    gsize our_length, their_length;
    if (!read_cleaned(before, &values[BEFORE], &present[BEFORE], error) || !read_cleaned(after, &values[AFTER], &present[AFTER], error))
        return FALSE;
    if (present[BEFORE] != present[AFTER])
        entry->kinds |= DIFF_CLEAN;
    if (!present[BEFORE] || !present[AFTER] || same_bytes(&values[BEFORE], &values[AFTER]))
        return TRUE;
    if (!text_decompress(values[BEFORE].data, values[BEFORE].length, &ours, &our_length, error) ||
        !text_decompress(values[AFTER].data, values[AFTER].length, &theirs, &their_length, error))
        return FALSE;
    if (our_length != their_length || memcmp(ours, theirs, our_length) != 0)
        entry->kinds |= DIFF_CLEAN;
    return TRUE;
}

static gboolean compare_cuts(const Side *before, const Side *after, DiffEntry *entry, GError **error)
{
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(Cut));
    g_autoptr(GArray) theirs = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_get(before->txn, before->docno, NULL, ours, error) || !cuts_get(after->txn, after->docno, NULL, theirs, error))
        return FALSE;
    if (ours->len != theirs->len || (ours->len && memcmp(ours->data, theirs->data, ours->len * sizeof(Cut)) != 0))
        entry->kinds |= DIFF_CUTS;
    return TRUE;
}

static gboolean compare_sides(const Side *before, const Side *after, DiffEntry *entry, GError **error)
{
    if (strcmp(before->verdict, after->verdict) != 0)
        entry->kinds |= DIFF_VERDICT;
    if (before->tokens != after->tokens)
        entry->kinds |= DIFF_TOKENS;
    return compare_texts(before, after, entry, error) && compare_cleaned(before, after, entry, error) &&
           compare_cuts(before, after, entry, error);
}

static void take_side(DiffEntry *entry, const Side *side, guint which)
{
    *(which == BEFORE ? &entry->from : &entry->to) = g_strdup(side->verdict);
    entry->kept[which] = side->kept;
    entry->tokens[which] = side->tokens;
}

/* What a repeat is, in a number: its text by its capture. */
static guint64 repeat_digest(const Side *side)
{
    guint64 digest = hash64(side->facts.id, strlen(side->facts.id), 0);
    digest = hash64(side->facts.capture.bytes, sizeof side->facts.capture.bytes, digest);
    return hash64(side->verdict, strlen(side->verdict), digest ^ side->tokens);
}

/* The document of the side that is walked against its like on the other. *wanted FALSE: nothing to count. */
static gboolean compare_document(const StoreDiff *diff, Side *own, StoreTxn *other, DiffEntry *entry, gboolean *wanted, GError **error)
{
    g_auto(Side) like = {0};
    GError *cause = NULL;
    Docno indexed;
    if (!read_rest(own, error))
        return FALSE;
    entry->source = g_strdup(own->facts.source);
    entry->id = g_strdup(own->facts.id);
    take_side(entry, own, diff->side);
    entry->side = diff->side;
    entry->repeat = document_find(own->txn, own->facts.source, own->facts.id, &indexed, &cause) && indexed != own->docno;
    entry->digest = entry->repeat ? repeat_digest(own) : 0;
    gboolean found = !cause && !entry->repeat && find_side(&like, other, &own->facts, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    *wanted = entry->repeat || diff->side == BEFORE || !found;
    if (entry->repeat || (found && diff->side == AFTER))
        return TRUE;
    if (!found) {
        entry->kinds = diff->side == BEFORE ? DIFF_OUT : DIFF_IN;
        return TRUE;
    }
    take_side(entry, &like, AFTER);
    return compare_sides(own, &like, entry, error);
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

static gboolean add_entry(const StoreDiff *diff, StoreTxn *txn, StoreTxn *other, const StoreRecord *record, GArray *entries, GError **error)
{
    g_auto(Side) own = {.txn = txn};
    DiffEntry entry = {0};
    gboolean wanted = FALSE;
    if (record->key.length != 8 || !store_record_value(record, TRUE, &own.record)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "store %s: a document is damaged; run 'galen audit'",
                    store_directory(diff->stores[diff->side]));
        return FALSE;
    }
    own.docno = docno_read(record->key.data);
    gboolean good = compare_document(diff, &own, other, &entry, &wanted, error);
    if (good && wanted)
        g_array_append_val(entries, entry);
    else
        entry_clear(&entry);
    return good;
}

static gpointer compare_block(gpointer user, StoreTxn *txn, const StoreRecord *records, guint count, GError **error)
{
    const StoreDiff *diff = user;
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(DiffEntry));
    g_array_set_clear_func(entries, entry_clear);
    g_autoptr(StoreTxn) other = store_read_begin(diff->stores[!diff->side], error);
    if (!other)
        return NULL;
    for (guint i = 0; i < count; i++)
        if (!add_entry(diff, txn, other, &records[i], entries, error))
            return NULL;
    return g_steal_pointer(&entries);
}

static SourceDiff *source_of(StoreDiff *diff, const char *tag)
{
    SourceDiff *source = g_hash_table_lookup(diff->sources, tag);
    if (!source) {
        source = g_new0(SourceDiff, 1);
        g_hash_table_insert(diff->sources, g_strdup(tag), source);
    }
    return source;
}

static void count_verdict(StoreDiff *diff, const DiffEntry *entry)
{
    g_autofree char *key = g_strdup_printf("%s\n%s\n%s", entry->source, entry->from, entry->to);
    guint64 *count = g_hash_table_lookup(diff->verdicts, key);
    if (!count) {
        count = g_new0(guint64, 1);
        g_hash_table_insert(diff->verdicts, g_steal_pointer(&key), count);
    }
    (*count)++;
}

static void count_entry(StoreDiff *diff, const DiffEntry *entry)
{
    SourceDiff *source = source_of(diff, entry->source);
    for (guint side = BEFORE; side <= AFTER; side++) {
        source->kept[side] += entry->kept[side];
        source->tokens[side] += entry->tokens[side];
    }
    source->in += (entry->kinds & DIFF_IN) != 0;
    source->out += (entry->kinds & DIFF_OUT) != 0;
    source->changed += (entry->kinds & (DIFF_TEXT | DIFF_CLEAN | DIFF_CUTS | DIFF_TOKENS)) != 0;
    source->verdicts += (entry->kinds & DIFF_VERDICT) != 0;
    if (entry->repeat)
        source->repeats[entry->side] += entry->digest;
    if (entry->kinds & DIFF_VERDICT)
        count_verdict(diff, entry);
    if (entry->kinds && diff->visit)
        diff->visit(diff->visit_user, entry);
}

static gboolean take_entries(gpointer user, gpointer result, GError **error)
{
    const GArray *entries = result;
    for (guint i = 0; i < entries->len; i++)
        count_entry(user, &g_array_index(entries, DiffEntry, i));
    return TRUE;
}

static gboolean walk_side(StoreDiff *diff, guint side, unsigned jobs, Progress *progress, GError **error)
{
    StageContext context = {.store = diff->stores[side], .progress = progress, .jobs = jobs};
    StoreWalk walk = {.table = TABLE_DOCUMENTS, .user = diff, .work = compare_block, .take = take_entries, .result_free = entries_free};
    g_autoptr(StoreTxn) txn = store_read_begin(diff->stores[side], error);
    if (!txn)
        return FALSE;
    diff->side = side;
    progress_begin(progress, side == BEFORE ? "compare" : "find new", "documents", store_count(txn, TABLE_DOCUMENTS));
    gboolean good = store_walk(&context, &walk, error);
    progress_end(progress);
    return good;
}

/* ---- The result -------------------------------------------------------------------------------------------------- */

static json_t *pair(const guint64 numbers[2])
{
    return json_pack("[I, I]", (json_int_t)numbers[BEFORE], (json_int_t)numbers[AFTER]);
}

static gboolean source_differs(const SourceDiff *source)
{
    return source->in || source->out || source->changed || source->verdicts || source->kept[BEFORE] != source->kept[AFTER] ||
           source->tokens[BEFORE] != source->tokens[AFTER] || source->repeats[BEFORE] != source->repeats[AFTER];
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static gpointer *sorted_keys(GHashTable *table, guint *count)
{
    gpointer *keys = g_hash_table_get_keys_as_array(table, count);
    if (*count > 1)
        qsort(keys, *count, sizeof *keys, compare_names);
    return keys;
}

static json_t *sources_json(const StoreDiff *diff)
{
    guint count;
    g_autofree gpointer *tags = sorted_keys(diff->sources, &count);
    json_t *list = json_array();
    for (guint i = 0; i < count; i++) {
        const SourceDiff *source = g_hash_table_lookup(diff->sources, tags[i]);
        if (!source_differs(source))
            continue;
        json_t *object = json_object();
        json_object_set_new(object, "tag", json_text(tags[i]));
        json_object_set_new(object, "in", json_integer((json_int_t)source->in));
        json_object_set_new(object, "out", json_integer((json_int_t)source->out));
        json_object_set_new(object, "changed", json_integer((json_int_t)source->changed));
        json_object_set_new(object, "verdicts", json_integer((json_int_t)source->verdicts));
        json_object_set_new(object, "kept", pair(source->kept));
        json_object_set_new(object, "tokens", pair(source->tokens));
        json_object_set_new(object, "repeats_differ", json_boolean(source->repeats[BEFORE] != source->repeats[AFTER]));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *verdicts_json(const StoreDiff *diff)
{
    guint count;
    g_autofree gpointer *keys = sorted_keys(diff->verdicts, &count);
    json_t *list = json_array();
    for (guint i = 0; i < count; i++) {
        const guint64 *documents = g_hash_table_lookup(diff->verdicts, keys[i]);
        g_auto(GStrv) parts = g_strsplit(keys[i], "\n", 3);
        json_t *object = json_object();
        json_object_set_new(object, "source", json_text(parts[0]));
        json_object_set_new(object, "from", json_text(parts[1]));
        json_object_set_new(object, "to", json_text(parts[2]));
        json_object_set_new(object, "documents", json_integer((json_int_t)*documents));
        json_array_append_new(list, object);
    }
    return list;
}

/* NULL with or without error: a store that was never packed has no settings. */
static json_t *settings_of(Store *store, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    return txn ? recipe_settings_get(txn, error) : NULL;
}

static gboolean set_result(const StoreDiff *diff, const json_t *manifests[2], json_t *result, GError **error)
{
    GError *cause = NULL;
    g_autoptr(json_t) before = settings_of(diff->stores[BEFORE], &cause);
    g_autoptr(json_t) after = cause ? NULL : settings_of(diff->stores[AFTER], &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    json_object_set_new(result, "same", json_false());
    diff_set_heads(result, manifests[BEFORE], manifests[AFTER], before, after);
    json_object_set_new(result, "sources", sources_json(diff));
    json_object_set_new(result, "verdicts", verdicts_json(diff));
    gboolean same = json_array_size(json_object_get(result, "sources")) + json_array_size(json_object_get(result, "settings")) +
                        json_array_size(json_object_get(result, "manifest")) == 0;
    json_object_set_new(result, "same", json_boolean(same));
    return TRUE;
}

static json_t *compare_stores(StoreDiff *diff, const json_t *manifests[2], unsigned jobs, Progress *progress, GError **error)
{
    const char *root = json_get_string(manifests[BEFORE], "root");
    gboolean same = root && g_strcmp0(root, json_get_string(manifests[AFTER], "root")) == 0;
    if (!same && (!walk_side(diff, BEFORE, jobs, progress, error) || !walk_side(diff, AFTER, jobs, progress, error)))
        return NULL;
    g_autoptr(json_t) result = json_object();
    return set_result(diff, manifests, result, error) ? g_steal_pointer(&result) : NULL;
}

json_t *build_diff_stores(Store *before, Store *after, unsigned jobs, Progress *progress, DiffVisit visit, gpointer user,
                          GError **error)
{
    GError *cause = NULL;
    g_autoptr(json_t) first = manifest_read(before, &cause);
    g_autoptr(json_t) second = cause ? NULL : manifest_read(after, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return NULL;
    }
    const json_t *manifests[2] = {first, second};
    StoreDiff diff = {
        .stores = {before, after},
        .visit = visit,
        .visit_user = user,
        .sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .verdicts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    json_t *result = compare_stores(&diff, manifests, jobs, progress, error);
    g_hash_table_unref(diff.sources);
    g_hash_table_unref(diff.verdicts);
    return result;
}
