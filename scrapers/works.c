/* SPDX-License-Identifier: Apache-2.0
 * Identifiers, sorted; documents joined over equal ones; see scrapers/works.h. */
#include "scrapers/works.h"

#include <string.h>

#include "base/union_find.h"
#include "store/key_index.h"
#include "store/reading_order.h"
#include "store/metadata.h"
#include "store/stage.h"

#define ROW_DOCUMENTS 64 /* of one identifier that a row is joined with */
#define LINE_BITS 48

typedef struct WorkKey {
    guint64 hash; /* of an identifier */
    guint32 index;
} WorkKey;

/* `cited` and `linked` are packed: identifier, table, line. 0: none. */
typedef struct WorkDocument {
    Docno docno;
    guint64 place; /* in the order of reading */
    guint64 cited, linked;
    guint64 citations;
} WorkDocument;

struct Works {
    GArray *documents; /* of WorkDocument, by docno */
    GArray *keys;      /* of WorkKey, sorted */
    UnionFind *sets;   /* until works_finish */
    guint32 *roots;    /* from then on: of each document */
    guint32 *order;    /* and documents by root, then place */
    ReadingOrder *reading;
};

#define INDEX_KIND 0

static guint64 pack_row(unsigned table, guint64 line, CitationId id)
{
    return (guint64)id << 62 | (guint64)table << LINE_BITS | MIN(line, ((guint64)1 << LINE_BITS) - 1);
}

static unsigned packed_table(guint64 row)
{
    return (unsigned)(row >> LINE_BITS) & WORK_TABLES;
}

static WorkRow unpack_row(guint64 row)
{
    return (WorkRow){packed_table(row), row & (((guint64)1 << LINE_BITS) - 1), (CitationId)(row >> 62)};
}

static guint64 hash_of(const char *identifier)
{
    return hash128(identifier, strlen(identifier)).high;
}

/* ---- Reading the store --------------------------------------------------------------------------------------- */

/* The hashes of a document's identifiers, for an array of guint64. */
static void document_hashes(const Document *document, GArray *hashes)
{
    g_auto(Identity) identity;
    identity_read(&identity, document);
    for (unsigned i = 0; i < identity.count; i++) {
        guint64 hash = hash_of(identity.identifiers[i].text);
        g_array_append_val(hashes, hash);
    }
    if (document->id && g_str_has_prefix(document->id, "CorpusID:")) {
        g_autofree char *text = g_strdelimit(g_strdup(document->id), ":", ' ');
        guint64 hash = hash_of(text);
        g_array_append_val(hashes, hash);
    }
}

static void add_document(Works *works, Docno docno, const Document *document)
{
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    document_hashes(document, hashes);
    for (guint i = 0; i < hashes->len; i++) {
        WorkKey key = {g_array_index(hashes, guint64, i), works->documents->len};
        g_array_append_val(works->keys, key);
    }
    WorkDocument entry = {.docno = docno, .place = reading_order_place(works->reading, docno)};
    if (hashes->len)
        g_array_append_val(works->documents, entry);
}

/* Ingest drops what has no text, and its facts are as good as any; what a stage between ingest and this one has decided is
 * superseded. Verdicts of later stages are left from an earlier build. */
static gboolean is_between(const char *stage)
{
    for (const char *const *name = stage_order + 1; *name && strcmp(*name, METADATA_STAGE) != 0; name++)
        if (strcmp(*name, stage) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_superseded(StoreTxn *txn, Docno docno, gboolean *superseded, GError **error)
{
    GError *failure = NULL;
    Verdict verdict;
    *superseded = ledger_get(txn, docno, &verdict, &failure) && is_between(verdict.stage);
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

static gboolean read_document(Works *works, StoreTxn *txn, const Recipe *recipe, Docno docno, const StoreValue *value, GError **error)
{
    g_auto(Document) document = {0};
    gboolean superseded;
    if (!document_thaw(value, FALSE, &document, error) || !is_superseded(txn, docno, &superseded, error))
        return FALSE;
    const RecipeSource *source = document.source ? recipe_find_source(recipe, document.source, NULL) : NULL;
    if (source && source->group != GROUP_REPLAY && !superseded)
        add_document(works, docno, &document);
    return TRUE;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
    const WorkKey *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void join_equal_keys(Works *works)
{
    g_array_sort(works->keys, compare_keys);
    works->sets = union_find_new(works->documents->len);
    for (guint i = 1; i < works->keys->len; i++) {
        const WorkKey *key = &g_array_index(works->keys, WorkKey, i);
        if (key[-1].hash == key->hash)
            union_find_join(works->sets, key[-1].index, key->index);
    }
}

static gboolean read_all(Works *works, StoreTxn *txn, const Recipe *recipe, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    StoreValue key, value;
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0)
        if (!read_document(works, txn, recipe, docno_read(key.data), &value, error))
            return FALSE;
    return more == 0;
}

static gboolean read_some(Works *works, StoreTxn *txn, const Recipe *recipe, const GArray *only, GError **error)
{
    for (guint i = 0; i < only->len; i++) {
        StoreValue value;
        Docno docno = g_array_index(only, Docno, i);
        GError *failure = NULL;
        if (store_get_docno(txn, TABLE_DOCUMENTS, docno, &value, &failure) && !read_document(works, txn, recipe, docno, &value, error))
            return FALSE;
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return TRUE;
}

Works *works_new(StoreTxn *txn, const Recipe *recipe, const GArray *only, GError **error)
{
    g_autoptr(Works) works = g_new0(Works, 1);
    works->documents = g_array_new(FALSE, FALSE, sizeof(WorkDocument));
    works->keys = g_array_new(FALSE, FALSE, sizeof(WorkKey));
    works->reading = reading_order_load(txn, error);
    if (!works->reading || !(only ? read_some(works, txn, recipe, only, error) : read_all(works, txn, recipe, error)))
        return NULL;
    join_equal_keys(works);
    return g_steal_pointer(&works);
}

void works_free(Works *works)
{
    if (!works)
        return;
    g_array_unref(works->documents);
    g_array_unref(works->keys);
    union_find_free(works->sets);
    reading_order_free(works->reading);
    g_free(works->roots);
    g_free(works->order);
    g_free(works);
}

/* ---- The index of identifiers -------------------------------------------------------------------------------- */

/* Keys are sorted by hash, then document. */
gboolean works_index(const Works *works, KeyIndexWriter *writer, GError **error)
{
    for (guint i = 0; i < works->keys->len; i++) {
        const WorkKey *key = &g_array_index(works->keys, WorkKey, i);
        if (!key_index_put(writer, INDEX_KIND, key->hash, g_array_index(works->documents, WorkDocument, key->index).docno, error))
            return FALSE;
    }
    return TRUE;
}

/* Documents that are to be visited, each once, and identifiers that were followed. */
typedef struct Closure {
    StoreTxn *txn;
    const KeyIndexRuns *index;
    GArray *found;       /* of Docno */
    GHashTable *visited; /* of the numbers in it */
    GHashTable *hashes;
} Closure;

static gboolean add_once(GHashTable *set, guint64 number)
{
    return g_hash_table_add(set, g_memdup2(&number, sizeof number));
}

static void closure_add(Closure *closure, Docno docno)
{
    if (add_once(closure->visited, docno))
        g_array_append_val(closure->found, docno);
}

static gboolean follow(Closure *closure, const GArray *hashes, GError **error)
{
    g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(Docno));
    for (guint i = 0; i < hashes->len; i++) {
        guint64 hash = g_array_index(hashes, guint64, i);
        if (add_once(closure->hashes, hash) &&
            !key_index_find(closure->txn, TABLE_IDENTIFIERS, closure->index, INDEX_KIND, hash, others, error))
            return FALSE;
    }
    for (guint i = 0; i < others->len; i++)
        closure_add(closure, g_array_index(others, Docno, i));
    return TRUE;
}

static gboolean visit(Closure *closure, Docno docno, GError **error)
{
    GError *failure = NULL;
    g_auto(Document) document = {0};
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (document_get_facts(closure->txn, docno, &document, &failure))
        document_hashes(&document, hashes);
    if (!failure)
        return follow(closure, hashes, error);
    g_propagate_error(error, failure);
    return FALSE;
}

GArray *works_closure(StoreTxn *txn, const KeyIndexRuns *index, const GArray *seeds, GError **error)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Docno));
    g_autoptr(GHashTable) visited = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GHashTable) hashes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    Closure closure = {txn, index, found, visited, hashes};
    for (guint i = 0; i < seeds->len; i++)
        closure_add(&closure, g_array_index(seeds, Docno, i));
    for (guint i = 0; i < found->len; i++)
        if (!visit(&closure, g_array_index(found, Docno, i), error))
            return NULL;
    docnos_sort(found, 0);
    return g_steal_pointer(&found);
}

/* ---- Rows of tables ------------------------------------------------------------------------------------------ */

static guint first_key(const Works *works, guint64 hash)
{
    guint low = 0, high = works->keys->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(works->keys, WorkKey, middle).hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct RowMatch {
    guint32 index;
    CitationId id;
} RowMatch;

/* The documents of a row's identifiers, each once, by the first identifier that it has. */
static unsigned match_row(const Works *works, const CitationRow *row, RowMatch matches[CITATION_IDS * ROW_DOCUMENTS])
{
    unsigned count = 0;
    for (unsigned id = 0; id < CITATION_IDS; id++) {
        guint64 hash = row->ids[id] ? hash_of(row->ids[id]) : 0;
        guint at = row->ids[id] ? first_key(works, hash) : works->keys->len;
        for (unsigned taken = 0; at < works->keys->len && taken < ROW_DOCUMENTS; at++, taken++) {
            const WorkKey *key = &g_array_index(works->keys, WorkKey, at);
            if (key->hash != hash)
                break;
            gboolean known = FALSE;
            for (unsigned i = 0; i < count && !known; i++)
                known = matches[i].index == key->index;
            if (!known)
                matches[count++] = (RowMatch){key->index, (CitationId)id};
        }
    }
    return count;
}

gboolean works_add_row(Works *works, unsigned table, const CitationRow *row)
{
    RowMatch matches[CITATION_IDS * ROW_DOCUMENTS];
    unsigned count = match_row(works, row, matches);
    gboolean links = FALSE;
    for (unsigned i = 1; i < count; i++)
        links |= union_find_join(works->sets, matches[0].index, matches[i].index);
    for (unsigned i = 0; i < count; i++) {
        WorkDocument *document = &g_array_index(works->documents, WorkDocument, matches[i].index);
        guint64 place = pack_row(table, row->line, matches[i].id);
        if (row->counted && (document->cited == 0 || packed_table(document->cited) == table)) {
            document->cited = place;
            document->citations = row->citations;
        }
        if (links && document->linked == 0)
            document->linked = place;
    }
    return count > 0;
}

/* ---- Works --------------------------------------------------------------------------------------------------- */

static int compare_by_root(gconstpointer a, gconstpointer b, gpointer user)
{
    const Works *works = user;
    guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    if (works->roots[x] != works->roots[y])
        return works->roots[x] < works->roots[y] ? -1 : 1;
    guint64 left = g_array_index(works->documents, WorkDocument, x).place, right = g_array_index(works->documents, WorkDocument, y).place;
    return (left > right) - (left < right);
}

void works_finish(Works *works)
{
    guint count = works->documents->len;
    works->roots = g_new(guint32, count + 1);
    works->order = g_new(guint32, count + 1);
    for (guint i = 0; i < count; i++) {
        works->roots[i] = union_find_root(works->sets, i);
        works->order[i] = i;
    }
    g_clear_pointer(&works->sets, union_find_free);
    g_qsort_with_data(works->order, (gint)count, sizeof works->order[0], compare_by_root, works);
}

static const WorkDocument *find_document(const Works *works, Docno docno, guint *index)
{
    guint low = 0, high = works->documents->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(works->documents, WorkDocument, middle).docno < docno)
            low = middle + 1;
        else
            high = middle;
    }
    const WorkDocument *document = &g_array_index(works->documents, WorkDocument, low);
    *index = low;
    return low < works->documents->len && document->docno == docno ? document : NULL;
}

/* The first place in `order` of this root. */
static guint first_member(const Works *works, guint32 root)
{
    guint low = 0, high = works->documents->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (works->roots[works->order[middle]] < root)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

gboolean works_find(const Works *works, Docno docno, Work *work)
{
    guint index;
    const WorkDocument *document = find_document(works, docno, &index);
    if (!document)
        return FALSE;
    guint32 root = works->roots[index];
    work->count = 0;
    work->cited = unpack_row(document->cited);
    work->citations = document->citations;
    work->linked = unpack_row(document->linked);
    for (guint at = first_member(works, root); at < works->documents->len && work->count < WORK_MEMBERS; at++) {
        guint32 member = works->order[at];
        if (works->roots[member] != root)
            break;
        if (member != index)
            work->members[work->count++] = g_array_index(works->documents, WorkDocument, member).docno;
    }
    return TRUE;
}

void works_row(const Works *works, Docno docno, WorkRow *cited, guint64 *citations)
{
    guint index;
    const WorkDocument *document = find_document(works, docno, &index);
    *cited = unpack_row(document ? document->cited : 0);
    *citations = document ? document->citations : 0;
}
