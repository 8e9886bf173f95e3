/* SPDX-License-Identifier: Apache-2.0
 * Records and deletions of citations; see scrapers/update_entries.h. */
#include "scrapers/update_entries.h"

#include <string.h>

#include "base/json.h"

#define ID_PREFIX "PMID:"
#define DELETION_PREFIX "DeleteCitation:"

UpdateEntries *update_entries_new(const Recipe *recipe)
{
    UpdateEntries *list = g_new0(UpdateEntries, 1);
    list->sources = g_hash_table_new(g_str_hash, g_str_equal);
    list->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        if (strcmp(recipe->sources[i].format, "medline") == 0)
            g_hash_table_add(list->sources, recipe->sources[i].tag);
    return list;
}

void update_entries_free(UpdateEntries *list)
{
    if (!list)
        return;
    g_free(list->entries);
    g_free(list->file);
    g_hash_table_unref(list->sources);
    g_hash_table_unref(list->files);
    g_free(list);
}

gboolean update_entries_wanted(const UpdateEntries *list)
{
    return g_hash_table_size(list->sources) > 0;
}

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

static void add_entry(UpdateEntries *list, Docno docno, guint32 pmid, guint8 version, gboolean deletes)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity + list->capacity / 4 + 1024;
        list->entries = g_renew(UpdateEntry, list->entries, list->capacity);
    }
    list->entries[list->count++] = (UpdateEntry){
        .pmid = pmid, .docno_low = (guint32)docno, .docno_high = (guint8)(docno >> 32), .file = list->file_number, .version = version,
        .deletes = deletes,
    };
}

/* Notices which file a document is of. */
static void note_file(UpdateEntries *list, const Document *document)
{
    const char *at = strrchr(document->origin, '@');
    gsize length = at ? (gsize)(at - document->origin) : strlen(document->origin);
    g_autofree char *file = g_strdup_printf("%s %.*s", document->source, (int)length, document->origin);
    gpointer number;
    if (g_strcmp0(file, list->file) == 0)
        return;
    if (!g_hash_table_lookup_extended(list->files, file, NULL, &number)) {
        number = GUINT_TO_POINTER(g_hash_table_size(list->files));
        g_hash_table_insert(list->files, g_strdup(file), number);
    }
    list->file_number = GPOINTER_TO_UINT(number);
    g_free(list->file);
    list->file = g_steal_pointer(&file);
}

/* The version in the facts, which only have one above 1. */
static guint8 version_of(const Document *document)
{
    if (!document->meta || !strstr(document->meta, "\"version\":"))
        return 1;
    g_autoptr(json_t) meta = json_loads(document->meta, 0, NULL);
    return (guint8)CLAMP(json_integer_value(json_object_get(meta, "version")), 1, 255);
}

static void add_deletions(UpdateEntries *list, Docno docno, const Document *document, guint32 only)
{
    g_autoptr(json_t) meta = document->meta ? json_loads(document->meta, 0, NULL) : NULL;
    gsize index;
    json_t *pmid;
    json_array_foreach(json_object_get(meta, "deletes"), index, pmid) {
        guint32 number;
        guint8 version;
        if (json_is_string(pmid) && parse_pmid(json_string_value(pmid), &number, &version) && (only == 0 || only == number))
            add_entry(list, docno, number, version, TRUE);
    }
}

void update_entries_take(UpdateEntries *list, Docno docno, const Document *document, guint32 only)
{
    guint32 pmid;
    guint8 unused;
    if (!document->source || !document->id || !document->origin || !g_hash_table_contains(list->sources, document->source))
        return;
    note_file(list, document);
    if (g_str_has_prefix(document->id, DELETION_PREFIX))
        add_deletions(list, docno, document, only);
    else if (g_str_has_prefix(document->id, ID_PREFIX) && parse_pmid(document->id + strlen(ID_PREFIX), &pmid, &unused) &&
             (only == 0 || only == pmid))
        add_entry(list, docno, pmid, version_of(document), FALSE);
}

/* Least significant byte first; stable. */
static void sort_by_pmid(UpdateEntries *list)
{
    g_autofree UpdateEntry *scratch = g_new(UpdateEntry, list->count + 1);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        gsize starts[257] = {0};
        for (gsize i = 0; i < list->count; i++)
            starts[1 + (list->entries[i].pmid >> shift & 0xff)]++;
        for (unsigned digit = 0; digit < 256; digit++)
            starts[digit + 1] += starts[digit];
        for (gsize i = 0; i < list->count; i++)
            scratch[starts[list->entries[i].pmid >> shift & 0xff]++] = list->entries[i];
        UpdateEntry *sorted = scratch;
        scratch = list->entries;
        list->entries = sorted;
    }
}

guint32 update_entries_group(const UpdateEntries *list, gsize first)
{
    gsize end = first + 1;
    while (end < list->count && list->entries[end].pmid == list->entries[first].pmid && end - first < G_MAXUINT32 - 1)
        end++;
    return (guint32)(end - first);
}

static int compare_places(gconstpointer a, gconstpointer b, gpointer order)
{
    guint64 left = reading_order_place(order, update_entry_docno(a)), right = reading_order_place(order, update_entry_docno(b));
    return (left > right) - (left < right);
}

void update_entries_sort(UpdateEntries *list, const ReadingOrder *order)
{
    sort_by_pmid(list);
    for (gsize at = 0; at < list->count;) {
        guint32 count = update_entries_group(list, at);
        if (count > 1)
            g_qsort_with_data(list->entries + at, (gint)count, sizeof list->entries[0], compare_places, (gpointer)order);
        at += count;
    }
}
