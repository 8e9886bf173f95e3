/* SPDX-License-Identifier: Apache-2.0
 * References of a JATS article; see jats_reference.h. */
#include "scrapers/formats/jats_reference.h"

#include <stdlib.h>
#include <string.h>

#include "scrapers/formats/text_form.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define WORDS 12
#define TITLE_LIMIT ((gsize)16 << 10)
#define RANGE_LIMIT 50 /* citations that one range may stand for */
#define ID_LIMIT 200   /* ids in one rid */
#define QUOTE_LIMIT ((gsize)256 << 10)

/* What an id stands for: an entry of the list, or one of several citations in an entry. */
typedef struct Reference {
    const XmlNode *node;
    int position; /* in the list; -1: part of an entry */
    char *quote;  /* its replacement, made when first needed */
} Reference;

struct JatsReferences {
    GPtrArray *all;     /* Reference, owned */
    GPtrArray *entries; /* those of the list, in order */
    GHashTable *index;  /* id, borrowed -> Reference */
};

static void reference_free(gpointer data)
{
    Reference *reference = data;
    g_free(reference->quote);
    g_free(reference);
}

JatsReferences *jats_references_new(void)
{
    JatsReferences *references = g_new0(JatsReferences, 1);
    references->all = g_ptr_array_new_with_free_func(reference_free);
    references->entries = g_ptr_array_new();
    references->index = g_hash_table_new(g_str_hash, g_str_equal);
    return references;
}

void jats_references_free(JatsReferences *references)
{
    if (!references)
        return;
    g_ptr_array_unref(references->all);
    g_ptr_array_unref(references->entries);
    g_hash_table_unref(references->index);
    g_free(references);
}

guint jats_references_count(const JatsReferences *references)
{
    return references->entries->len;
}

static Reference *new_reference(JatsReferences *references, const XmlNode *node, int position)
{
    Reference *reference = g_new0(Reference, 1);
    reference->node = node;
    reference->position = position;
    g_ptr_array_add(references->all, reference);
    return reference;
}

/* The first of several with one id counts. */
static void index_id(JatsReferences *references, const XmlNode *node, Reference *reference)
{
    const char *id = xml_attribute(node, XML_ID);
    if (id && !g_hash_table_contains(references->index, id))
        g_hash_table_insert(references->index, (gpointer)id, reference);
}

static gboolean is_citation(const XmlNode *node)
{
    return node->name == XML_MIXED_CITATION || node->name == XML_ELEMENT_CITATION || node->name == XML_CITATION ||
           node->name == XML_NLM_CITATION;
}

static guint count_citations(const XmlNode *ref)
{
    guint count = 0;
    XML_EACH_ELEMENT(child, ref)
        count += is_citation(child);
    return count;
}

void jats_references_add(JatsReferences *references, const XmlNode *ref)
{
    Reference *entry = new_reference(references, ref, (int)references->entries->len);
    gboolean several = count_citations(ref) > 1;
    g_ptr_array_add(references->entries, entry);
    index_id(references, ref, entry);
    XML_EACH_ELEMENT(child, ref) /* some publishers name the citation, not the entry */
        if (xml_attribute(child, XML_ID))
            index_id(references, child, several && is_citation(child) ? new_reference(references, child, -1) : entry);
}

/* The text of the first of these elements that has any. */
static char *first_text(const XmlNode *node, const XmlName *names)
{
    char *text = NULL;
    for (; *names && !text; names++)
        text = xml_text_string(xml_below(node, *names), TITLE_LIMIT);
    return text;
}

static void strip_end(char *text)
{
    gsize length = strlen(text);
    while (length > 0 && strchr(".,:;([ ", text[length - 1]))
        text[--length] = '\0';
}

/* "[Title in translation]." without the brackets that mark it as one. */
static void unbracket(char *text)
{
    gsize length = strlen(text);
    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        memmove(text, text + 1, length - 2);
        text[length - 2] = '\0';
    }
}

/* "Title. Available from: address" without what comes after the title. */
static void cut_address(char *text)
{
    static const char *const starts[] = {"Available:", "Available from:", "Available at:", "Available online:",
                                         "Available online at:", "Retrieved from:", "Retrieved from http", "Accessed:"};
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
        char *found = strstr(text, starts[i]);
        if (found && found > text && strchr(" .,;([", found[-1]))
            *found = '\0';
    }
}

void bib_ref_append(Buffer *out, const char *title, const char *last_name)
{
    buffer_append_string(out, "[bib_ref]");
    if (title)
        append_words(out, title, WORDS);
    if (title && last_name)
        buffer_append_string(out, ", ");
    if (last_name)
        buffer_append_string(out, last_name);
    buffer_append_string(out, "[/bib_ref]");
}

/* Identifiers and addresses say nothing that a reader of the text could use. */
static gboolean is_address(const XmlNode *node)
{
    static const XmlName names[] = {XML_EXT_LINK, XML_URI, XML_PUB_ID, XML_OBJECT_ID, XML_ISSN, XML_ISBN};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (xml_is(node, names[i]))
            return TRUE;
    return FALSE;
}

static gboolean leave_out_addresses(TextForm *form, const XmlNode *node, gpointer user)
{
    gboolean structured = *(const gboolean *)user;
    if (structured)
        text_form_space(form);
    return is_address(node);
}

/* All that an entry without a title says. Structured entries have no punctuation or blanks between their parts. */
static char *whole_text(const XmlNode *ref)
{
    static const XmlName kinds[] = {XML_MIXED_CITATION, XML_CITATION, XML_ELEMENT_CITATION, XML_NLM_CITATION, XML_NOTE};
    const XmlNode *entry = is_citation(ref) ? ref : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds) && !entry; i++)
        entry = xml_below(ref, kinds[i]);
    if (!entry)
        return NULL;
    gboolean structured = xml_is(entry, XML_ELEMENT_CITATION) || xml_is(entry, XML_NLM_CITATION);
    g_auto(TextForm) form;
    char *text = NULL;
    gsize length;
    text_form_init(&form, TITLE_LIMIT);
    text_form_begin(&form, BLOCK_PARAGRAPH, "");
    xml_text_append(&form, entry, leave_out_addresses, &structured);
    if (!text_form_finish(&form, &text, &length))
        return NULL;
    return text;
}

/* What stands for one citation in the text; nothing if it says nothing. */
static void append_quote(Buffer *out, const XmlNode *citation)
{
    static const XmlName titles[] = {XML_ARTICLE_TITLE, XML_CHAPTER_TITLE, XML_DATA_TITLE, XML_PART_TITLE, XML_TRANS_TITLE,
                                     XML_SOURCE, XML_UNKNOWN};
    static const XmlName names[] = {XML_SURNAME, XML_COLLAB, XML_STRING_NAME, XML_UNKNOWN};
    g_autofree char *title = first_text(citation, titles);
    g_autofree char *name = first_text(citation, names);
    if (!title) {
        g_clear_pointer(&name, g_free);
        title = whole_text(citation);
    }
    if (title) {
        cut_address(title);
        strip_end(title);
        unbracket(title);
    }
    if (!title || !*title)
        return;
    if (name)
        strip_end(name);
    if (out->length > 0)
        buffer_append_byte(out, ' ');
    bib_ref_append(out, title, name && *name ? name : NULL);
}

char *jats_reference_quote(const XmlNode *entry)
{
    g_auto(Buffer) out;
    buffer_init(&out, QUOTE_LIMIT);
    if (count_citations(entry) > 1) {
        XML_EACH_ELEMENT(child, entry)
            if (is_citation(child))
                append_quote(&out, child);
    } else {
        append_quote(&out, entry);
    }
    return out.overflowed || !out.data ? g_strdup("") : buffer_steal(&out, NULL);
}

static void quote_reference(Reference *reference, Buffer *out)
{
    if (!reference->quote)
        reference->quote = jats_reference_quote(reference->node);
    if (*reference->quote && out->length > 0)
        buffer_append_byte(out, ' ');
    buffer_append_string(out, reference->quote);
}

static void quote_entries(JatsReferences *references, int from, int to, Buffer *out)
{
    for (int i = from; i < to && i < (int)references->entries->len; i++)
        quote_reference(references->entries->pdata[i], out);
}

/* Calls for each id in a rid that is known, until it returns FALSE. */
typedef gboolean (*ReferenceVisit)(Reference *reference, gpointer user);

static void each_reference(const JatsReferences *references, const char *rid, ReferenceVisit visit, gpointer user)
{
    Reference *whole = g_hash_table_lookup(references->index, rid);
    if (whole) {
        visit(whole, user);
        return;
    }
    if (!strpbrk(rid, " \t\r\n,"))
        return;
    g_auto(GStrv) ids = g_strsplit_set(rid, " \t\r\n,", ID_LIMIT);
    for (char **id = ids; *id; id++) {
        Reference *reference = **id ? g_hash_table_lookup(references->index, *id) : NULL;
        if (reference && !visit(reference, user))
            return;
    }
}

static gboolean take_first(Reference *reference, gpointer user)
{
    *(Reference **)user = reference;
    return FALSE;
}

static Reference *first_reference(const JatsReferences *references, const XmlNode *xref)
{
    const char *rid = xml_attribute(xref, XML_RID);
    Reference *first = NULL;
    if (rid)
        each_reference(references, rid, take_first, &first);
    return first;
}

gboolean jats_references_has(const JatsReferences *references, const char *rid)
{
    Reference *first = NULL;
    each_reference(references, rid, take_first, &first);
    return first != NULL;
}

gsize dash_length(const char *text)
{
    static const char *const dashes[] = {"-", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93", "\xe2\x80\x94",
                                         "\xe2\x88\x92"};
    for (gsize i = 0; i < G_N_ELEMENTS(dashes); i++)
        if (g_str_has_prefix(text, dashes[i]))
            return strlen(dashes[i]);
    return 0;
}

static int number_in(const char *text, const char **end)
{
    text += strspn(text, "[(^ "); /* "^" of a raised number */
    gsize digits = strspn(text, "0123456789");
    *end = text + digits;
    return digits > 0 && digits < 6 ? atoi(text) : -1;
}

/* "3-7" in the text of a single citation: how many more than the first; 0 if it is no range. */
static int inner_range(const char *text)
{
    const char *end;
    int first = number_in(text, &end);
    end += strspn(end, " ");
    gsize dash = dash_length(end);
    int last = first >= 0 && dash ? number_in(end + dash, &end) : -1;
    return last > first && last - first <= RANGE_LIMIT ? last - first : 0;
}

static void quote_between(JatsReferences *references, const XmlNode *joined, const XmlNode *xref, Buffer *out)
{
    const Reference *start = first_reference(references, joined), *stop = first_reference(references, xref);
    if (!start || !stop || start->position < 0 || stop->position <= start->position || stop->position - start->position > RANGE_LIMIT)
        return;
    g_autofree char *first = xml_text_string(joined, 64), *last = xml_text_string(xref, 64);
    const char *end;
    if (!first || !last || number_in(last, &end) - number_in(first, &end) != stop->position - start->position)
        return; /* "Smith 1999-Jones 2001", or a list that is not in order */
    quote_entries(references, start->position + 1, stop->position, out);
}

static gboolean quote_one(Reference *reference, gpointer user)
{
    quote_reference(reference, user);
    return TRUE;
}

void jats_references_quote(JatsReferences *references, const XmlNode *joined, const XmlNode *xref, Buffer *out)
{
    const char *rid = xml_attribute(xref, XML_RID);
    if (!rid)
        return;
    if (joined)
        quote_between(references, joined, xref, out);
    const Reference *only = g_hash_table_lookup(references->index, rid);
    if (only && only->position >= 0) {
        g_autofree char *text = xml_text_string(xref, 64);
        quote_entries(references, only->position, only->position + 1 + (text ? inner_range(text) : 0), out);
        return;
    }
    each_reference(references, rid, quote_one, out);
}
