/* SPDX-License-Identifier: Apache-2.0
 * Which record of a citation stands; see scrapers/updates.h.
 *
 * A pass over the documents makes a list of small entries, one for each record and each deletion, in the order of the
 * inputs. A stable sort by PMID brings those of one citation together, still in that order; each group is then decided
 * by itself. */
#include "scrapers/updates.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "scrapers/formats/format.h"
#include "store/note.h"

#define STAGE "updates"
#define VERSION 1
#define BATCH 8192 /* entries in one transaction */
#define ID_PREFIX "PMID:"
#define NOBODY G_MAXUINT32

typedef struct Entry {
    guint32 pmid;
    guint32 docno_low;
    guint8 docno_high;
    guint8 version;
    guint8 deletes; /* a PMID in a DeleteCitation, whose document number this is */
    guint8 unused;
} Entry;

typedef struct Updates {
    StageContext *context;
    GHashTable *sources; /* tags of format medline */
    StageRun run;
    Entry *entries;
    gsize count, capacity;
    GArray *files; /* Docno of the first document of each file, ascending */
    char *file;    /* the one at hand while reading: tag and path */
} Updates;

/* What became of one entry of a group. */
typedef struct Fate {
    guint32 successor; /* the entry of the group that stands in its place, or NOBODY */
    guint32 deletion;  /* the entry of the group that took it back, or NOBODY */
} Fate;

static Docno entry_docno(const Entry *entry)
{
    return (Docno)entry->docno_high << 32 | entry->docno_low;
}

/* ---- The pass over the documents ------------------------------------------------------------------------------- */

/* "123" or "123.2" as PMID and version; FALSE for what is none. */
static gboolean parse_pmid(const char *text, guint32 *pmid, guint8 *version)
{
    gsize digits = strspn(text, "0123456789");
    guint64 number = digits && digits < 12 ? g_ascii_strtoull(text, NULL, 10) : 0;
    guint64 suffix = text[digits] == '.' ? g_ascii_strtoull(text + digits + 1, NULL, 10) : 1;
    if (number == 0 || number > G_MAXUINT32 || (text[digits] && text[digits] != '.'))
        return FALSE;
    *pmid = (guint32)number;
    *version = (guint8)CLAMP(suffix, 1, 255);
    return TRUE;
}

static void add_entry(Updates *updates, Docno docno, guint32 pmid, guint8 version, gboolean deletes)
{
    if (updates->count == updates->capacity) {
        updates->capacity = updates->capacity + updates->capacity / 4 + 1024;
        updates->entries = g_renew(Entry, updates->entries, updates->capacity);
    }
    updates->entries[updates->count++] = (Entry){
        .pmid = pmid, .docno_low = (guint32)docno, .docno_high = (guint8)(docno >> 32), .version = version, .deletes = deletes,
    };
}

/* Notices where a file begins: documents lie in the order of the inputs. */
static void note_file(Updates *updates, Docno docno, const Document *document)
{
    const char *at = strrchr(document->origin, '@');
    gsize length = at ? (gsize)(at - document->origin) : strlen(document->origin);
    g_autofree char *file = g_strdup_printf("%s %.*s", document->source, (int)length, document->origin);
    if (g_strcmp0(file, updates->file) == 0)
        return;
    g_free(updates->file);
    updates->file = g_steal_pointer(&file);
    g_array_append_val(updates->files, docno);
}

/* The version in the facts, which only have one above 1. */
static guint8 version_of(const Document *document)
{
    if (!document->meta || !strstr(document->meta, "\"version\":"))
        return 1;
    g_autoptr(json_t) meta = json_loads(document->meta, 0, NULL);
    return (guint8)CLAMP(json_integer_value(json_object_get(meta, "version")), 1, 255);
}

static void add_deletions(Updates *updates, Docno docno, const Document *document)
{
    g_autoptr(json_t) meta = document->meta ? json_loads(document->meta, 0, NULL) : NULL;
    gsize index;
    json_t *pmid;
    json_array_foreach(json_object_get(meta, "deletes"), index, pmid) {
        guint32 number;
        guint8 version;
        if (parse_pmid(json_string_value(pmid), &number, &version))
            add_entry(updates, docno, number, version, TRUE);
    }
}

static void take_document(Updates *updates, Docno docno, const Document *document)
{
    guint32 pmid;
    guint8 unused;
    if (!document->source || !document->id || !document->origin || !g_hash_table_contains(updates->sources, document->source))
        return;
    note_file(updates, docno, document);
    if (g_str_has_prefix(document->id, "DeleteCitation:"))
        add_deletions(updates, docno, document);
    else if (g_str_has_prefix(document->id, ID_PREFIX) && parse_pmid(document->id + strlen(ID_PREFIX), &pmid, &unused))
        add_entry(updates, docno, pmid, version_of(document), FALSE);
}

static gboolean read_documents(Updates *updates, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    if (!txn)
        return FALSE;
    updates->capacity = store_count(txn, TABLE_DOCUMENTS) + 1;
    updates->entries = g_new(Entry, updates->capacity);
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_auto(Document) document = {0};
        if (!document_thaw(&value, FALSE, &document, error))
            return FALSE;
        take_document(updates, docno_read(key.data), &document);
        progress_add(updates->context->progress, 1);
    }
    return more == 0;
}

/* By PMID, least significant byte first; stable. */
static void sort_entries(Updates *updates)
{
    g_autofree Entry *scratch = g_new(Entry, updates->count + 1);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        gsize starts[257] = {0};
        for (gsize i = 0; i < updates->count; i++)
            starts[1 + (updates->entries[i].pmid >> shift & 0xff)]++;
        for (unsigned digit = 0; digit < 256; digit++)
            starts[digit + 1] += starts[digit];
        for (gsize i = 0; i < updates->count; i++)
            scratch[starts[updates->entries[i].pmid >> shift & 0xff]++] = updates->entries[i];
        Entry *sorted = scratch;
        scratch = updates->entries;
        updates->entries = sorted;
    }
}

/* ---- One citation ---------------------------------------------------------------------------------------------- */

/* The first document of the file that a document is in. */
static Docno file_start(const Updates *updates, Docno docno)
{
    guint low = 0, high = updates->files->len;
    while (high - low > 1) {
        guint middle = (low + high) / 2;
        if (g_array_index(updates->files, Docno, middle) <= docno)
            low = middle;
        else
            high = middle;
    }
    return g_array_index(updates->files, Docno, low);
}

/* Decides the entries of one PMID: in fates[i], what became of entries[i]. Returns the one that stands, or NOBODY. */
static guint32 decide(const Updates *updates, const Entry *entries, guint32 count, Fate *fates)
{
    guint32 standing[256]; /* by version */
    memset(standing, 0xff, sizeof standing);
    for (guint32 i = 0; i < count; i++) {
        guint32 *place = &standing[entries[i].version];
        fates[i] = (Fate){NOBODY, NOBODY};
        if (!entries[i].deletes) {
            if (*place != NOBODY)
                fates[*place].successor = i;
            *place = i;
        } else if (*place != NOBODY && entry_docno(&entries[*place]) < file_start(updates, entry_docno(&entries[i]))) {
            fates[*place].deletion = i;
            *place = NOBODY;
        }
    }
    guint32 highest = NOBODY;
    for (int version = 255; version > 0; version--)
        if (highest == NOBODY)
            highest = standing[version];
        else if (standing[version] != NOBODY)
            fates[standing[version]].successor = highest;
    /* A successor's successor stands for both. Within a version successors lie behind, so that going backwards takes one
     * step for each; the highest has none. */
    for (guint32 i = count; i-- > 0;) {
        guint32 next = fates[i].successor;
        if (next != NOBODY && fates[next].successor != NOBODY)
            fates[i].successor = fates[next].successor;
    }
    return highest;
}

/* ---- Verdicts and notes ------------------------------------------------------------------------------------------ */

typedef struct UpdateBatch {
    Updates *updates;
    gsize first, end; /* entries; whole groups */
    StageRun run;     /* as it will be; only the counts are its own */
} UpdateBatch;

static gboolean read_facts(StoreTxn *txn, const Entry *entry, Document *document, GError **error)
{
    GError *cause = NULL;
    if (document_get_facts(txn, entry_docno(entry), document, &cause))
        return TRUE;
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "document %" G_GUINT64_FORMAT " was there a moment ago; run galen audit",
                    entry_docno(entry));
    return FALSE;
}

/* Gives an entry its verdict, unless ingest has given it one. */
static gboolean put_verdict(StoreTxn *txn, UpdateBatch *batch, const Entry *entry, const Entry *cause, GError **error)
{
    g_auto(Document) document = {0}, other = {0};
    if (ledger_has(txn, entry_docno(entry)))
        return TRUE;
    if (!read_facts(txn, entry, &document, error) || !read_facts(txn, cause, &other, error))
        return FALSE;
    g_autofree char *detail = cause->deletes              ? g_strdup_printf("by the DeleteCitation at %s", other.origin)
                              : cause->version > entry->version ? g_strdup_printf("version %u at %s", cause->version, other.origin)
                                                                : g_strdup_printf("again at %s", other.origin);
    Verdict verdict = {
        .outcome = OUTCOME_DROPPED,
        .stage = STAGE,
        .rule = cause->deletes ? RULE_DELETED : RULE_SUPERSEDED,
        .value = NAN,
        .threshold = NAN,
        .winner = cause->deletes ? DOCNO_NONE : entry_docno(cause),
        .detail = detail,
    };
    stage_count(&batch->run, document.source, cause->deletes ? "dropped:" RULE_DELETED : "dropped:" RULE_SUPERSEDED, 1);
    return ledger_put(txn, entry_docno(entry), &verdict, error);
}

/* Tells what the entry replaced, the latest first. */
static gboolean put_note(StoreTxn *txn, const Entry *group, guint32 count, const Fate *fates, guint32 winner, GError **error)
{
    g_autoptr(json_t) note = json_object();
    json_t *found = json_array();
    json_int_t replaced = 0;
    json_object_set_new(note, "found", found);
    for (guint32 i = count; i-- > 0;) {
        if (fates[i].successor != winner || replaced++ >= UPDATES_NOTED)
            continue;
        g_auto(Document) document = {0};
        if (!read_facts(txn, &group[i], &document, error))
            return FALSE;
        g_autofree char *summary = g_strdup_printf("replaces document %" G_GUINT64_FORMAT ", version %u at %s", entry_docno(&group[i]),
                                                   group[i].version, document.origin);
        json_array_append_new(found, json_pack("{s:I, s:i, s:s, s:s}", "docno", (json_int_t)entry_docno(&group[i]), "version",
                                               (int)group[i].version, "origin", document.origin, "summary", summary));
    }
    json_object_set_new(note, "replaced", json_integer(replaced));
    return replaced == 0 || note_put(txn, entry_docno(&group[winner]), STAGE, note, error);
}

/* The id leads to the record that stands, in the source that this one is in. */
static gboolean put_index(StoreTxn *txn, const Entry *entry, GError **error)
{
    g_auto(Document) document = {0};
    return read_facts(txn, entry, &document, error) && document_index_move(txn, entry_docno(entry), document.source, document.id, error);
}

static gboolean write_group(StoreTxn *txn, UpdateBatch *batch, const Entry *group, guint32 count, GError **error)
{
    g_autofree Fate *fates = g_new(Fate, count);
    guint32 standing = decide(batch->updates, group, count, fates);
    for (guint32 i = 0; i < count; i++) {
        guint32 cause = fates[i].deletion != NOBODY ? fates[i].deletion : fates[i].successor;
        if (group[i].deletes || cause == NOBODY)
            continue;
        if (!put_verdict(txn, batch, &group[i], &group[cause], error))
            return FALSE;
    }
    return standing == NOBODY || (put_note(txn, group, count, fates, standing, error) && put_index(txn, &group[standing], error));
}

static guint32 group_size(const Updates *updates, gsize first)
{
    gsize end = first + 1;
    while (end < updates->count && updates->entries[end].pmid == updates->entries[first].pmid && end - first < G_MAXUINT32 - 1)
        end++;
    return (guint32)(end - first);
}

/* A batch may be written twice, when the map grows: it counts into a copy. */
static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    UpdateBatch *batch = user;
    const Updates *updates = batch->updates;
    json_decref(batch->run.counts);
    batch->run.counts = json_deep_copy(updates->run.counts);
    for (gsize at = batch->first; at < batch->end;) {
        guint32 count = group_size(updates, at);
        if (count > 1 && !write_group(txn, batch, updates->entries + at, count, error))
            return FALSE;
        at += count;
    }
    return stage_save(txn, &batch->run, error);
}

static gboolean write_verdicts(Updates *updates, GError **error)
{
    gsize limit = updates->context->batch_documents ? updates->context->batch_documents : BATCH;
    gsize at = (gsize)json_integer_value(json_object_get(updates->run.position, "entry"));
    while (at < updates->count) {
        UpdateBatch batch = {.updates = updates, .first = at, .run = updates->run};
        while (at < updates->count && at - batch.first < limit)
            at += group_size(updates, at);
        batch.end = at;
        batch.run.counts = NULL;
        batch.run.position = json_pack("{s:I}", "entry", (json_int_t)at);
        gboolean good = store_write(updates->context->store, write_batch, &batch, error);
        json_decref(updates->run.counts);
        json_decref(updates->run.position);
        updates->run = batch.run;
        if (!good)
            return FALSE;
    }
    return stage_finish(updates->context->store, &updates->run, error);
}

/* ---- The stage ----------------------------------------------------------------------------------------------- */

static gboolean updates_work(Updates *updates, GError **error)
{
    guint64 total = 0;
    g_autoptr(StoreTxn) txn = store_read_begin(updates->context->store, error);
    if (!txn)
        return FALSE;
    total = store_count(txn, TABLE_DOCUMENTS);
    g_clear_pointer(&txn, store_read_end);
    progress_begin(updates->context->progress, STAGE, "documents", total);
    gboolean good = read_documents(updates, error);
    if (good) {
        sort_entries(updates);
        good = write_verdicts(updates, error);
    }
    progress_end(updates->context->progress);
    return good;
}

/* The tags of the sources that hold MEDLINE. */
static GHashTable *medline_sources(const Recipe *recipe)
{
    GHashTable *tags = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (strcmp(recipe->sources[i].format, "medline") == 0)
            g_hash_table_add(tags, recipe->sources[i].tag);
    return tags;
}

static char *fingerprint_of(const char *predecessor)
{
    char hex[SHA256_HEX_SIZE];
    g_autofree char *text = g_strdup_printf(STAGE " %d\nafter %s\n", VERSION, predecessor);
    Sha256 digest = sha256(text, strlen(text));
    sha256_hex(&digest, hex);
    return g_strdup_printf(STAGE " %d %s", VERSION, hex);
}

gboolean updates_run(StageContext *context, const Recipe *recipe, const char *predecessor, char **fingerprint, GError **error)
{
    Updates updates = {.context = context, .sources = medline_sources(recipe)};
    StageAction action;
    gboolean good;
    if (g_hash_table_size(updates.sources) == 0) {
        *fingerprint = g_strdup(predecessor);
        good = stage_leave_out(context->store, STAGE, error);
    } else {
        *fingerprint = fingerprint_of(predecessor);
        updates.files = g_array_new(FALSE, FALSE, sizeof(Docno));
        good = stage_begin(context->store, STAGE, *fingerprint, &updates.run, &action, error) &&
               (action == STAGE_SKIP || updates_work(&updates, error));
        g_array_unref(updates.files);
    }
    stage_run_clear(&updates.run);
    g_hash_table_unref(updates.sources);
    g_free(updates.entries);
    g_free(updates.file);
    return good;
}
