/* SPDX-License-Identifier: Apache-2.0
 * Licences to rights; see store/rights.h. */
#include "store/rights.h"

#include <string.h>

#include "base/error.h"
#include "store/chapters.h"
#include "store/licence.h"

#define SHOWN_LIMIT 200 /* bytes of a licence's words in a reason */

typedef struct SourceRights {
    const char *tag, *licence;
    gboolean redistributable;
} SourceRights;

struct RightsSources {
    GHashTable *by_tag; /* tag -> SourceRights, owned; strings are the record's */
    json_t *record;
};

Rights rights_of(const char *licence)
{
    g_autofree char *id = licence_identifier(licence);
    if (!id)
        return RIGHTS_UNKNOWN;
    return licence_forbids_changes(id) ? RIGHTS_DENIED : RIGHTS_GRANTED;
}

gboolean rights_allow(const char *licence, const char *source_licence, gboolean redistributable)
{
    Rights own = g_strcmp0(licence, source_licence) == 0 ? RIGHTS_UNKNOWN : rights_of(licence);
    return own == RIGHTS_UNKNOWN ? redistributable : own == RIGHTS_GRANTED;
}

/* ---- A store's sources ----------------------------------------------------------------------------------------- */

RightsSources *rights_sources_of(const json_t *record)
{
    RightsSources *sources = g_new0(RightsSources, 1);
    size_t index;
    json_t *facts;
    sources->by_tag = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    json_array_foreach((json_t *)record, index, facts) {
        SourceRights rights = {json_get_string(facts, "tag"), json_get_string(facts, "licence"),
                               json_is_true(json_object_get(facts, "redistributable"))};
        if (rights.tag)
            g_hash_table_insert(sources->by_tag, (gpointer)rights.tag, g_memdup2(&rights, sizeof rights));
    }
    return sources;
}

RightsSources *rights_sources_new(StoreTxn *txn, GError **error)
{
    GError *cause = NULL;
    g_autofree char *text = store_get_meta(txn, "sources", &cause);
    if (!text && !cause)
        g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has no list of sources; run galen audit");
    json_t *record = text ? json_parse(text, strlen(text), "the store's record \"sources\"", &cause) : NULL;
    if (!record) {
        g_propagate_error(error, cause);
        return NULL;
    }
    RightsSources *sources = rights_sources_of(record);
    sources->record = record;
    return sources;
}

void rights_sources_free(RightsSources *sources)
{
    if (!sources)
        return;
    g_hash_table_unref(sources->by_tag);
    json_decref(sources->record);
    g_free(sources);
}

/* ---- Documents ------------------------------------------------------------------------------------------------- */

/* The licence in quotes, one line and not too long. */
static char *quote(const char *licence)
{
    g_autofree char *valid = g_utf8_make_valid(licence, -1);
    if (strlen(valid) > SHOWN_LIMIT)
        *g_utf8_find_prev_char(valid, valid + SHOWN_LIMIT + 1) = '\0';
    g_strdelimit(valid, "\r\n\t", ' ');
    return g_strdup_printf("\"%s\"", valid);
}

/* Why rights_allow says no. */
static char *explain(const Document *facts, const SourceRights *source)
{
    const char *tag = facts->source ? facts->source : "";
    if (!source)
        return g_strdup_printf("source '%s' is not among those of the store", tag);
    if (!facts->licence || !*facts->licence)
        return g_strdup_printf("no licence is stated, and source '%s' is not marked redistributable", tag);
    g_autofree char *licence = quote(facts->licence);
    if (g_strcmp0(facts->licence, source->licence) == 0)
        return g_strdup_printf("the licence of source '%s' is %s, and it is not marked redistributable", tag, licence);
    if (rights_of(facts->licence) == RIGHTS_DENIED)
        return g_strdup_printf("the licence %s does not allow changed copies to be passed on", licence);
    return g_strdup_printf("the licence %s is not known, and source '%s' is not marked redistributable", licence, tag);
}

static char *judge_facts(const RightsSources *sources, const Document *facts)
{
    const SourceRights *source = g_hash_table_lookup(sources->by_tag, facts->source ? facts->source : "");
    return source && rights_allow(facts->licence, source->licence, source->redistributable) ? NULL : explain(facts, source);
}

/* Whether the text of one of its other pages may not be passed on. */
static gboolean judge_chapter(const RightsSources *sources, StoreTxn *txn, const Chapter *chapter, char **reason, GError **error)
{
    g_auto(Document) facts = {0};
    GError *cause = NULL;
    if (!document_get_facts(txn, chapter->docno, &facts, &cause)) {
        if (!cause)
            g_set_error(&cause, GALEN_ERROR, GALEN_ERROR_INPUT, "chapter %" G_GUINT64_FORMAT " is not in the store; run galen audit", chapter->docno);
        g_propagate_error(error, cause);
        return FALSE;
    }
    g_autofree char *own = judge_facts(sources, &facts);
    if (own)
        *reason = g_strdup_printf("of its chapter, document %" G_GUINT64_FORMAT ": %s", chapter->docno, own);
    return TRUE;
}

gboolean rights_judge(const RightsSources *sources, StoreTxn *txn, Docno docno, const Document *facts, gboolean *allowed,
                      char **reason, GError **error)
{
    GError *cause = NULL;
    char *why = judge_facts(sources, facts);
    g_autoptr(GPtrArray) chapters = why ? NULL : chapters_get(txn, docno, &cause);
    for (guint i = 0; chapters && i < chapters->len && !why && !cause; i++) {
        const Chapter *chapter = chapters->pdata[i];
        if (!chapter->missing && chapter->docno != docno && chapter->docno != DOCNO_NONE)
            judge_chapter(sources, txn, chapter, &why, &cause);
    }
    *allowed = why == NULL;
    if (reason)
        *reason = g_steal_pointer(&why);
    g_free(why);
    if (!cause)
        return TRUE;
    g_propagate_error(error, cause);
    return FALSE;
}
