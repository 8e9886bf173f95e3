/* SPDX-License-Identifier: Apache-2.0
 * Facts from document to document of one work, and exclusions by them; see scrapers/metadata_join.h. */
#include "scrapers/metadata_join.h"

#include <string.h>

#include "base/error.h"
#include "store/metadata.h"

void join_result_free(gpointer data)
{
    JoinResult *result = data;
    json_decref(result->note);
    g_free(result->rule);
    g_free(result->detail);
    g_free(result);
}

/* ---- Joining ------------------------------------------------------------------------------------------------- */

/* A document of the work that facts come from. */
typedef struct Member {
    Docno docno;
    Document document;
    json_t *meta; /* NULL: none */
} Member;

static void member_clear(Member *member)
{
    document_clear(&member->document);
    json_decref(member->meta);
}

static json_t *parse_meta(const Document *document)
{
    return document->meta ? json_parse(document->meta, strlen(document->meta), "meta", NULL) : NULL;
}

/* What is being put together for one document. */
typedef struct Join {
    const Joiner *joiner;
    const Document *document;
    json_t *meta;
    Work work;
    Identity identity;
    GArray *members; /* of Member */
    json_t *found;
} Join;

static char *row_text(const Joiner *joiner, const WorkRow *row)
{
    return g_strdup_printf("%s, line %" G_GUINT64_FORMAT, (const char *)joiner->places->pdata[row->table], row->line);
}

/* How it is known that the member is the same work. */
static char *reason_of(const Join *join, const Member *member)
{
    g_auto(Identity) identity;
    Work work;
    identity_read(&identity, &member->document);
    const char *shared = identity_shared(&join->identity, &identity);
    if (shared)
        return g_strdup(shared);
    if (join->work.linked.line)
        return row_text(join->joiner, &join->work.linked);
    if (works_find(join->joiner->works, member->docno, &work) && work.linked.line)
        return row_text(join->joiner, &work.linked);
    return g_strdup("further documents");
}

static char *member_text(const Member *member)
{
    return g_strdup_printf("%s/%s (document %" G_GUINT64_FORMAT ")", member->document.source, member->document.id, member->docno);
}

static char *value_text(const json_t *value)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (gsize i = 0; i < json_array_size(value); i++)
        g_string_append_printf(text, "%s%s", i ? "; " : "", json_string_value(json_array_get(value, i)));
    if (json_is_string(value))
        g_string_assign(text, json_string_value(value));
    else if (json_is_integer(value))
        g_string_printf(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_true(value))
        g_string_assign(text, "yes");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Takes the value's reference. */
static void add_found(Join *join, const char *fact, json_t *value, const char *from, const char *by)
{
    g_autofree char *text = value_text(value), *name = g_strdelimit(g_strdup(fact), "_", ' ');
    g_autofree char *summary = g_strdup_printf("%s: %s (from %s, by %s)", name, text, from, by);
    json_array_append_new(join->found, json_pack("{s:s, s:o, s:s, s:s, s:s}", "fact", fact, "value", value, "from", from, "by", by,
                                                 "summary", summary));
}

static void add_from(Join *join, const char *fact, json_t *value, const Member *member)
{
    g_autofree char *from = member_text(member), *by = reason_of(join, member);
    add_found(join, fact, value, from, by);
}

static gboolean has_string(const json_t *list, const char *value)
{
    for (gsize i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && g_ascii_strcasecmp(text, value) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The values of a list that the document has not, from each member those that no earlier one has. */
static void join_list(Join *join, const char *fact)
{
    g_autoptr(json_t) known = json_deep_copy(json_object_get(join->meta, fact));
    if (!json_is_array(known)) {
        json_decref(known);
        known = json_array();
    }
    for (guint i = 0; i < join->members->len; i++) {
        const Member *member = &g_array_index(join->members, Member, i);
        json_t *list = json_object_get(member->meta, fact), *value, *added = json_array();
        gsize index;
        json_array_foreach(list, index, value) {
            if (!json_is_string(value) || has_string(known, json_string_value(value)))
                continue;
            json_array_append(known, value);
            json_array_append(added, value);
        }
        if (json_array_size(added))
            add_from(join, fact, added, member);
        else
            json_decref(added);
    }
}

static void join_flag(Join *join, const char *fact)
{
    if (json_is_true(json_object_get(join->meta, fact)))
        return;
    for (guint i = 0; i < join->members->len; i++) {
        const Member *member = &g_array_index(join->members, Member, i);
        if (!json_is_true(json_object_get(member->meta, fact)))
            continue;
        add_from(join, fact, json_true(), member);
        return;
    }
}

static const char *text_of(const Document *document, const json_t *meta, const char *fact)
{
    const char *text = strcmp(fact, "date") == 0 ? document->date : json_get_string(meta, fact);
    return text && *text ? text : NULL;
}

static void join_text(Join *join, const char *fact)
{
    if (text_of(join->document, join->meta, fact))
        return;
    for (guint i = 0; i < join->members->len; i++) {
        const Member *member = &g_array_index(join->members, Member, i);
        const char *text = text_of(&member->document, member->meta, fact);
        if (!text)
            continue;
        add_from(join, fact, json_text(text), member);
        return;
    }
}

static gboolean has_scheme(const Identity *identity, IdentifierScheme scheme)
{
    for (unsigned i = 0; i < identity->count; i++)
        if (identity->identifiers[i].scheme == scheme)
            return TRUE;
    return FALSE;
}

/* An identifier of a kind that the document has none of. */
static void join_identifier(Join *join, const char *fact, IdentifierScheme scheme)
{
    if (has_scheme(&join->identity, scheme))
        return;
    for (guint i = 0; i < join->members->len; i++) {
        const Member *member = &g_array_index(join->members, Member, i);
        g_auto(Identity) identity;
        identity_read(&identity, &member->document);
        for (unsigned j = 0; j < identity.count; j++) {
            if (identity.identifiers[j].scheme != scheme)
                continue;
            add_from(join, fact, json_text(strchr(identity.identifiers[j].text, ' ') + 1), member);
            return;
        }
    }
}

static void add_cited(Join *join, const WorkRow *row, guint64 citations)
{
    static const char *const names[] = {"PMID", "PMCID", "DOI", "corpus id"};
    g_autofree char *from = row_text(join->joiner, row);
    add_found(join, "citations", json_integer((json_int_t)citations), from, names[row->id]);
}

/* By a table first, of the document's own row or of one of another document of the work; then by what readers found. */
static void join_citations(Join *join)
{
    WorkRow row = join->work.cited;
    guint64 citations = join->work.citations;
    for (guint i = 0; i < join->members->len && !row.line; i++)
        works_row(join->joiner->works, g_array_index(join->members, Member, i).docno, &row, &citations);
    if (row.line) {
        add_cited(join, &row, citations);
        return;
    }
    if (json_is_integer(json_object_get(join->meta, "citations")))
        return;
    for (guint i = 0; i < join->members->len; i++) {
        const Member *member = &g_array_index(join->members, Member, i);
        json_t *value = json_object_get(member->meta, "citations");
        if (!json_is_integer(value))
            continue;
        add_from(join, "citations", json_incref(value), member);
        return;
    }
}

static gboolean read_members(Join *join, GError **error)
{
    if (join->work.count == 0)
        return TRUE;
    g_autoptr(StoreTxn) txn = store_read_begin(join->joiner->store, error);
    if (!txn)
        return FALSE;
    for (unsigned i = 0; i < join->work.count; i++) {
        Member member = {.docno = join->work.members[i]};
        if (!document_get_facts(txn, member.docno, &member.document, error))
            return FALSE;
        member.meta = parse_meta(&member.document);
        g_array_append_val(join->members, member);
    }
    return TRUE;
}

/* The note on one document; NULL without error: nothing is known of it but itself. */
static json_t *join_document(const Joiner *joiner, Docno docno, const Document *document, GError **error)
{
    Join join = {.joiner = joiner, .document = document};
    if (!works_find(joiner->works, docno, &join.work))
        return NULL;
    join.members = g_array_new(FALSE, FALSE, sizeof(Member));
    g_array_set_clear_func(join.members, (GDestroyNotify)member_clear);
    join.meta = parse_meta(document);
    join.found = json_array();
    identity_read(&join.identity, document);
    gboolean good = read_members(&join, error);
    if (good) {
        join_list(&join, METADATA_TYPES);
        join_list(&join, METADATA_MESH);
        join_flag(&join, "retracted");
        join_flag(&join, "retraction_notice");
        join_text(&join, "journal");
        join_text(&join, "date");
        join_identifier(&join, "pmid", SCHEME_PMID);
        join_identifier(&join, "pmcid", SCHEME_PMCID);
        join_identifier(&join, "doi", SCHEME_DOI);
        join_citations(&join);
    }
    g_array_unref(join.members);
    identity_clear(&join.identity);
    json_decref(join.meta);
    if (good && json_array_size(join.found))
        return json_pack("{s:o}", "found", join.found);
    json_decref(join.found);
    return NULL;
}

/* ---- Exclusions ---------------------------------------------------------------------------------------------- */

/* "excluded-retracted-publication" */
static char *rule_of(const char *value)
{
    g_autoptr(GString) rule = g_string_new("excluded");
    gboolean gap = TRUE;
    for (; *value; value++) {
        if (!g_ascii_isalnum(*value)) {
            gap = TRUE;
            continue;
        }
        if (gap)
            g_string_append_c(rule, '-');
        gap = FALSE;
        g_string_append_c(rule, g_ascii_tolower(*value));
    }
    return g_string_free(g_steal_pointer(&rule), FALSE);
}

static void exclude(const RecipeExclusion *entry, const Metadata *metadata, JoinResult *result)
{
    const char *value = entry->mesh ? entry->mesh : entry->publication_type, *from;
    if (result->rule || !metadata_has(metadata, entry->mesh ? METADATA_MESH : METADATA_TYPES, value, &from) ||
        (entry->unless && metadata_has(metadata, METADATA_MESH, entry->unless, NULL)))
        return;
    g_autoptr(GString) detail = g_string_new(entry->mesh ? "MeSH heading" : "publication type");
    g_string_append_printf(detail, " '%s'", value);
    if (entry->unless)
        g_string_append_printf(detail, " without '%s'", entry->unless);
    if (from)
        g_string_append_printf(detail, ", from %s", from);
    result->rule = rule_of(value);
    result->detail = g_string_free(g_steal_pointer(&detail), FALSE);
}

static void exclude_document(const Joiner *joiner, const Document *document, JoinResult *result)
{
    const RecipeSource *source = document->source ? recipe_find_source(joiner->recipe, document->source, NULL) : NULL;
    const RecipeMetadata *settings = &joiner->recipe->metadata;
    if (!source || (source->group != GROUP_ABSTRACTS && source->group != GROUP_PAPERS) || settings->exclude_count == 0)
        return;
    g_autoptr(Metadata) metadata = metadata_new(document, json_incref(result->note));
    for (unsigned i = 0; i < settings->exclude_count; i++)
        exclude(&settings->exclude[i], metadata, result);
}

/* ---- Both ---------------------------------------------------------------------------------------------------- */

gboolean join_note_is_cited(const json_t *note)
{
    const json_t *found = json_object_get(note, "found");
    for (gsize i = 0; i < json_array_size(found); i++)
        if (g_strcmp0(json_get_string(json_array_get(found, i), "fact"), "citations") == 0)
            return TRUE;
    return FALSE;
}

JoinResult *join_result_new(const Joiner *joiner, Docno docno, const Document *document, GError **error)
{
    JoinResult *result = g_new0(JoinResult, 1);
    GError *failure = NULL;
    result->note = join_document(joiner, docno, document, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        join_result_free(result);
        return NULL;
    }
    result->cited = join_note_is_cited(result->note);
    exclude_document(joiner, document, result);
    return result;
}
