/* SPDX-License-Identifier: Apache-2.0
 * Own and joined facts of a publication, read together; see store/metadata.h. */
#include "store/metadata.h"

#include <string.h>

#include "store/note.h"

struct Metadata {
    Document facts; /* id and date alone; owned */
    json_t *own;
    json_t *joined; /* the note's "found", borrowed from `note` */
    json_t *note;
};

Metadata *metadata_new(const Document *document, json_t *note)
{
    Metadata *metadata = g_new0(Metadata, 1);
    if (document) {
        metadata->facts.id = g_strdup(document->id);
        metadata->facts.date = g_strdup(document->date);
        metadata->facts.meta = g_strdup(document->meta);
        metadata->own = document->meta ? json_parse(document->meta, strlen(document->meta), "meta", NULL) : NULL;
    }
    metadata->note = note;
    metadata->joined = json_object_get(note, "found");
    return metadata;
}

Metadata *metadata_load(StoreTxn *txn, Docno docno, const Document *document, GError **error)
{
    GError *failure = NULL;
    json_t *note = note_get(txn, docno, METADATA_STAGE, &failure);
    if (!failure)
        return metadata_new(document, note);
    g_propagate_error(error, failure);
    return NULL;
}

void metadata_free(Metadata *metadata)
{
    if (!metadata)
        return;
    document_clear(&metadata->facts);
    json_decref(metadata->own);
    json_decref(metadata->note);
    g_free(metadata);
}

static gboolean list_has(const json_t *list, const char *value)
{
    for (gsize i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && g_ascii_strcasecmp(text, value) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The next entry of the note about this fact, from *index on. */
static const json_t *next_joined(const Metadata *metadata, const char *fact, gsize *index)
{
    while (*index < json_array_size(metadata->joined)) {
        const json_t *entry = json_array_get(metadata->joined, (*index)++);
        if (g_strcmp0(json_get_string(entry, "fact"), fact) == 0)
            return entry;
    }
    return NULL;
}

static void set_from(const char **from, const json_t *entry)
{
    if (from)
        *from = entry ? json_get_string(entry, "from") : NULL;
}

/* Facts that readers give another name than MEDLINE's publication types. */
static const struct {
    const char *type;
    const char *flag;                /* a key whose value is true */
    const char *key, *value;         /* or a key with this value */
} other_names[] = {
    {"Retracted Publication", "retracted", NULL, NULL},
    {"Retraction of Publication", "retraction_notice", NULL, NULL},
    {"Preprint", NULL, "article_type", "preprint"},
};

static gboolean has_by_other_name(const Metadata *metadata, const char *type, const char **from)
{
    for (gsize i = 0; i < G_N_ELEMENTS(other_names); i++) {
        if (g_ascii_strcasecmp(other_names[i].type, type) != 0)
            continue;
        const char *flag = other_names[i].flag, *key = other_names[i].key;
        gsize index = 0;
        const json_t *entry = flag ? next_joined(metadata, flag, &index) : NULL;
        gboolean own = (flag && json_is_true(json_object_get(metadata->own, flag))) ||
                       (key && g_strcmp0(json_get_string(metadata->own, key), other_names[i].value) == 0);
        set_from(from, own ? NULL : entry);
        return own || entry;
    }
    return FALSE;
}

gboolean metadata_has(const Metadata *metadata, const char *list, const char *value, const char **from)
{
    set_from(from, NULL);
    if (list_has(json_object_get(metadata->own, list), value))
        return TRUE;
    gsize index = 0;
    const json_t *entry;
    while ((entry = next_joined(metadata, list, &index))) {
        if (!list_has(json_object_get(entry, "value"), value))
            continue;
        set_from(from, entry);
        return TRUE;
    }
    return strcmp(list, METADATA_TYPES) == 0 && has_by_other_name(metadata, value, from);
}

const char *metadata_text(const Metadata *metadata, const char *fact, const char **from)
{
    const char *own = strcmp(fact, "date") == 0 ? metadata->facts.date : json_get_string(metadata->own, fact);
    gsize index = 0;
    set_from(from, NULL);
    if (own && *own)
        return own;
    const json_t *entry = next_joined(metadata, fact, &index);
    set_from(from, entry);
    return json_get_string(entry, "value");
}

gboolean metadata_citations(const Metadata *metadata, guint64 *citations, const char **from)
{
    gsize index = 0;
    const json_t *entry = next_joined(metadata, "citations", &index);
    const json_t *value = json_object_get(entry ? entry : metadata->own, entry ? "value" : "citations");
    set_from(from, entry);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return FALSE;
    *citations = (guint64)json_integer_value(value);
    return TRUE;
}

void metadata_identity(const Metadata *metadata, Identity *identity)
{
    static const struct {
        const char *fact;
        IdentifierScheme scheme;
    } schemes[] = {{"pmid", SCHEME_PMID}, {"pmcid", SCHEME_PMCID}, {"doi", SCHEME_DOI}};
    identity_read(identity, &metadata->facts);
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        gsize index = 0;
        const char *value = json_get_string(next_joined(metadata, schemes[i].fact, &index), "value");
        if (value)
            identity_add(identity, schemes[i].scheme, value);
    }
}
