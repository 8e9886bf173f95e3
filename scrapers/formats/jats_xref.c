/* SPDX-License-Identifier: Apache-2.0
 * Cross-references in running text; see jats_walk.h.
 *
 * What a reference points to decides, since ref-type is often wrong: an entry of the bibliography, a figure or table, a
 * footnote. Where it points to nothing, ref-type says what the mark was. */
#include "scrapers/formats/citation_marks.h"
#include "scrapers/formats/jats_walk.h"

#define QUOTES_LIMIT ((gsize)1 << 20)
#define RANGE_BYTES 16 /* between two citations that a dash joins */
#define ID_LIMIT 200u  /* ids in one rid */

JatsTarget *jats_target(const JatsWalk *walk, const char *id, gsize length)
{
    g_autofree char *key = g_strndup(id, length);
    return g_hash_table_lookup(walk->targets, key);
}

/* ---- Citations ----------------------------------------------------------------------------------------------- */

/* Whether nothing but a dash stands between the last citation of the line and here: "3-7", also as <sup>-</sup>. */
static gboolean is_joined(const JatsWalk *walk)
{
    const Buffer *line = &walk->form.line;
    gsize from = line->length > RANGE_BYTES ? line->length - RANGE_BYTES : 0;
    const char *mark = line->length ? memrchr(line->data + from, *CITATION_END, line->length - from) : NULL;
    if (!walk->cited || !mark)
        return FALSE;
    const char *text = mark + 1 + strspn(mark + 1, " ^");
    gsize dash = dash_length(text);
    return dash > 0 && text[dash + strspn(text + dash, " ")] == '\0';
}

static void append_citation(JatsWalk *walk, const XmlNode *xref)
{
    g_auto(Buffer) quotes;
    buffer_init(&quotes, QUOTES_LIMIT);
    jats_references_quote(walk->references, is_joined(walk) ? walk->cited : NULL, xref, &quotes);
    text_form_cite_begin(&walk->form);
    if (!quotes.overflowed && quotes.length)
        text_form_text(&walk->form, quotes.data, quotes.length);
    text_form_cite_end(&walk->form);
    walk->cited = xref;
}

/* A mark that stands for nothing: its brackets and commas go with it. */
static void append_nothing(JatsWalk *walk)
{
    text_form_cite_begin(&walk->form);
    text_form_cite_end(&walk->form);
    walk->cited = NULL;
}

/* ---- Footnotes ----------------------------------------------------------------------------------------------- */

/* Footnotes that are about the authors or the paper, and those of tables, which go with their cells. */
static gboolean note_is_out(const XmlNode *note)
{
    static const char *const types[] = {"con", "conflict", "COI-statement", "coi-statement", "corresp", "current-aff", "deceased",
                                        "edited-by", "equal", "financial-disclosure", "funding", "leader", "on-leave",
                                        "participating-researchers", "present-address", "presented-at", "presented-by",
                                        "previously-at", "study-group-members", "supplementary-material", "supported-by"};
    const char *type = xml_attribute(note, XML_FN_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    for (const XmlNode *around = note->parent; around; around = around->parent)
        if (around->name == XML_TABLE_WRAP_FOOT || around->name == XML_AUTHOR_NOTES || around->name == XML_FRONT)
            return TRUE;
    return FALSE;
}

void jats_note(JatsWalk *walk, const XmlNode *note)
{
    append_nothing(walk);
    if (!note_is_out(note) && g_hash_table_add(walk->noted, (gpointer)note))
        g_queue_push_tail(&walk->notes, (gpointer)note);
}

/* ---- All kinds ----------------------------------------------------------------------------------------------- */

static gboolean type_is_mark(const char *type)
{
    static const char *const types[] = {"bibr", "fn", "table-fn", "corresp", "aff", "author-notes", "contrib"};
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    return FALSE;
}

/* Each of the ids in `rid` that is a float or footnote. FALSE: none is. */
static gboolean append_targets(JatsWalk *walk, const XmlNode *xref, const char *rid)
{
    gboolean found = FALSE;
    for (guint count = 0; *rid && count < ID_LIMIT; count++) {
        gsize blank = strspn(rid, " \t\r\n"), length = strcspn(rid + blank, " \t\r\n");
        JatsTarget *target = length ? jats_target(walk, rid + blank, length) : NULL;
        rid += blank + length;
        if (!target)
            continue;
        if (target->node->name == XML_FN) {
            jats_note(walk, target->node);
            found = TRUE;
            continue;
        }
        if (found)
            text_form_space(&walk->form);
        found |= jats_float_mention(walk, target, xref);
    }
    return found;
}

gboolean jats_xref(JatsWalk *walk, const XmlNode *xref)
{
    const char *type = xml_attribute(xref, XML_REF_TYPE), *rid = xml_attribute(xref, XML_RID);
    if (rid && jats_references_has(walk->references, rid)) {
        append_citation(walk, xref);
        return TRUE;
    }
    if (rid && append_targets(walk, xref, rid))
        return TRUE;
    if (!type_is_mark(type))
        return FALSE;
    append_nothing(walk);
    return TRUE;
}
