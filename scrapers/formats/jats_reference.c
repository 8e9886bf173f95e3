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

struct JatsReferences {
    GPtrArray *nodes;       /* const XmlNode * of each ref, in order */
    GPtrArray *quotes;      /* their replacements, made when first needed, or NULL */
    GHashTable *index;      /* id -> position in both */
};

JatsReferences *jats_references_new(void)
{
    JatsReferences *references = g_new0(JatsReferences, 1);
    references->nodes = g_ptr_array_new();
    references->quotes = g_ptr_array_new_with_free_func(g_free);
    references->index = g_hash_table_new(g_str_hash, g_str_equal);
    return references;
}

void jats_references_free(JatsReferences *references)
{
    if (!references)
        return;
    g_ptr_array_unref(references->nodes);
    g_ptr_array_unref(references->quotes);
    g_hash_table_unref(references->index);
    g_free(references);
}

static void index_id(JatsReferences *references, const XmlNode *node, guint position)
{
    const char *id = xml_attribute(node, XML_ID);
    if (id)
        g_hash_table_insert(references->index, (gpointer)id, GUINT_TO_POINTER(position + 1));
}

void jats_references_add(JatsReferences *references, const XmlNode *ref)
{
    guint position = references->nodes->len;
    g_ptr_array_add(references->nodes, (gpointer)ref);
    g_ptr_array_add(references->quotes, NULL);
    index_id(references, ref, position);
    XML_EACH_ELEMENT(child, ref) /* some publishers name the citation, not the entry */
        index_id(references, child, position);
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
    const XmlNode *entry = NULL;
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

/* What stands for one reference in the text; "" if the entry says nothing. */
static char *make_quote(const XmlNode *ref)
{
    static const XmlName titles[] = {XML_ARTICLE_TITLE, XML_CHAPTER_TITLE, XML_DATA_TITLE, XML_PART_TITLE, XML_TRANS_TITLE,
                                     XML_SOURCE, XML_UNKNOWN};
    static const XmlName names[] = {XML_SURNAME, XML_COLLAB, XML_STRING_NAME, XML_UNKNOWN};
    g_autofree char *title = first_text(ref, titles);
    g_autofree char *name = first_text(ref, names);
    if (!title) {
        g_clear_pointer(&name, g_free);
        title = whole_text(ref);
    }
    if (title) {
        cut_address(title);
        strip_end(title);
    }
    if (!title || !*title)
        return g_strdup("");
    if (name)
        strip_end(name);
    g_auto(Buffer) out;
    buffer_init(&out, 2 * TITLE_LIMIT);
    bib_ref_append(&out, title, name && *name ? name : NULL);
    return buffer_steal(&out, NULL);
}

static void quote_position(JatsReferences *references, guint position, Buffer *out)
{
    if (!references->quotes->pdata[position])
        references->quotes->pdata[position] = make_quote(references->nodes->pdata[position]);
    const char *quote = references->quotes->pdata[position];
    if (*quote && out->length > 0)
        buffer_append_byte(out, ' ');
    buffer_append_string(out, quote);
}

/* The position of the last (or first) id in a citation's rid; -1 if there is none. */
static int position_of(const JatsReferences *references, const char *id)
{
    return (int)GPOINTER_TO_UINT(g_hash_table_lookup(references->index, id)) - 1;
}

static int only_position(const JatsReferences *references, const XmlNode *xref)
{
    const char *rid = xml_attribute(xref, XML_RID);
    return rid ? position_of(references, rid) : -1;
}

/* The length of a dash at `text`: hyphens, en and em dash, minus. 0: none. */
static gsize dash_length(const char *text)
{
    static const char *const dashes[] = {"-", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93", "\xe2\x80\x94",
                                         "\xe2\x88\x92"};
    for (gsize i = 0; i < G_N_ELEMENTS(dashes); i++)
        if (g_str_has_prefix(text, dashes[i]))
            return strlen(dashes[i]);
    return 0;
}

static gboolean is_only_dash(const XmlNode *node)
{
    if (node->length > 64)
        return FALSE;
    g_autofree char *text = g_strstrip(g_strndup(node->text, node->length));
    gsize dash = dash_length(text);
    return dash > 0 && text[dash] == '\0';
}

/* The citation that a dash joins to `xref` from the left, or NULL. */
static const XmlNode *range_start(const XmlNode *xref)
{
    const XmlNode *dash = xref->previous;
    if (!dash || dash->name != XML_TEXT || !is_only_dash(dash) || !dash->previous)
        return NULL;
    const char *type = xml_is(dash->previous, XML_XREF) ? xml_attribute(dash->previous, XML_REF_TYPE) : NULL;
    return type && strcmp(type, "bibr") == 0 ? dash->previous : NULL;
}

static int number_in(const char *text, const char **end)
{
    text += strspn(text, "[( ");
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

static void quote_between(JatsReferences *references, const XmlNode *xref, Buffer *out)
{
    const XmlNode *start = range_start(xref);
    int from = start ? only_position(references, start) : -1, to = only_position(references, xref);
    if (from < 0 || to <= from || to - from > RANGE_LIMIT)
        return;
    g_autofree char *first = xml_text_string(start, 64), *last = xml_text_string(xref, 64);
    const char *end;
    if (!first || !last || number_in(last, &end) - number_in(first, &end) != to - from)
        return; /* "Smith 1999-Jones 2001", or a list that is not in order */
    for (int i = from + 1; i < to; i++)
        quote_position(references, (guint)i, out);
}

void jats_references_quote(JatsReferences *references, const XmlNode *xref, Buffer *out)
{
    const char *rid = xml_attribute(xref, XML_RID);
    if (!rid)
        return;
    quote_between(references, xref, out);
    int only = only_position(references, xref);
    if (only >= 0) {
        g_autofree char *text = xml_text_string(xref, 64);
        int last = MIN(only + (text ? inner_range(text) : 0), (int)references->nodes->len - 1);
        for (int i = only; i <= last; i++)
            quote_position(references, (guint)i, out);
        return;
    }
    g_auto(GStrv) ids = g_strsplit_set(rid, " \t\r\n,", 200);
    for (char **id = ids; *id; id++) {
        int position = **id ? position_of(references, *id) : -1;
        if (position >= 0)
            quote_position(references, (guint)position, out);
    }
}
