/* SPDX-License-Identifier: Apache-2.0
 * A tree renamed and moved; see jats_bmc.h. */
#include "scrapers/formats/jats_bmc.h"

#include "scrapers/formats/xml_text.h"

#define CAPTION_LIMIT ((gsize)64 << 10)

/* Elements that only have another name. */
static XmlName jats_name(const XmlNode *node)
{
    switch (node->name) {
    case XML_ART: return XML_ARTICLE;
    case XML_BDY: return XML_BODY;
    case XML_BM: return XML_BACK;
    case XML_ABS: return XML_ABSTRACT;
    case XML_ST: return XML_TITLE;
    case XML_IT: return XML_ITALIC;
    case XML_AU: return XML_NAME;
    case XML_SNM: return XML_SURNAME;
    case XML_FNM: return XML_GIVEN_NAMES;
    case XML_CNM: return XML_COLLAB;
    case XML_MNM: case XML_SUF: return XML_SUFFIX;
    case XML_KWDG: return XML_KWD_GROUP;
    case XML_URL: return XML_URI;
    case XML_ABBRGRP: case XML_XREFBIB: case XML_PUBIDLIST: return XML_NAMED_CONTENT;
    case XML_PUBID: return XML_PUB_ID;
    case XML_PUBDATE: return XML_YEAR;
    case XML_AUG: case XML_EDITOR: return XML_PERSON_GROUP;
    case XML_INSG: return XML_AFF;
    case XML_INS: return XML_INSTITUTION;
    case XML_UI: case XML_JI: case XML_INSR: case XML_FILE: return XML_OBJECT_ID; /* of article, journal, institute, supplement */
    case XML_ABBR: case XML_FIGR: case XML_TBLR: case XML_SUPPLR: return XML_XREF;
    case XML_SUPPL: return XML_SUPPLEMENTARY_MATERIAL;
    case XML_REFGRP: return XML_REF_LIST;
    case XML_TBL: return XML_TABLE_WRAP;
    case XML_TBLBDY: return XML_TABLE;
    case XML_TBLFN: return XML_TABLE_WRAP_FOOT;
    case XML_R: return XML_TR;
    case XML_C: return XML_TD;
    default: return (XmlName)node->name;
    }
}

/* ---- Moving nodes ------------------------------------------------------------------------------------------------ */

typedef struct Bmc {
    XmlTree *tree;
    gboolean full;
} Bmc;

/* An element without attributes; at the limit of the tree one that belongs to nothing, so that the rest goes on. */
static XmlNode *element_new(Bmc *bmc, XmlName name, const XmlAttribute *attribute)
{
    gsize attributes = attribute ? 1 : 0;
    XmlNode *node = arena_alloc(&bmc->tree->arena, sizeof *node + attributes * sizeof *attribute);
    if (!node) {
        bmc->full = TRUE;
        return NULL;
    }
    const char *text = xml_name_string(name);
    *node = (XmlNode){.name = (guint16)name, .attributes = (guint16)attributes, .text = text, .length = (guint32)strlen(text)};
    if (attribute)
        node->attribute[0] = *attribute;
    return node;
}

static void detach(XmlNode *node)
{
    if (node->previous)
        node->previous->next = node->next;
    else if (node->parent)
        node->parent->children = node->next;
    if (node->next)
        node->next->previous = node->previous;
    node->parent = node->previous = node->next = NULL;
}

static void append(XmlNode *parent, XmlNode *node)
{
    if (!parent || !node)
        return;
    XmlNode *last = parent->children;
    while (last && last->next)
        last = last->next;
    detach(node);
    node->parent = parent;
    node->previous = last;
    if (last)
        last->next = node;
    else
        parent->children = node;
}

static XmlNode *append_new(Bmc *bmc, XmlNode *parent, XmlName name)
{
    XmlNode *node = element_new(bmc, name, NULL);
    append(parent, node);
    return node;
}

static void append_children(XmlNode *parent, XmlNode *from)
{
    for (XmlNode *child = from->children, *next; child; child = next) {
        next = child->next;
        append(parent, child);
    }
}

static XmlNode *child_of(XmlNode *parent, XmlName name)
{
    return (XmlNode *)xml_child(parent, name);
}

static void move_all(XmlNode *to, XmlNode *from, XmlName name)
{
    for (XmlNode *child; from && to && (child = child_of(from, name));)
        append(to, child);
}

/* ---- Titles, floats, references ---------------------------------------------------------------------------------- */

/* <title><p>Words</p></title>: the words belong to the title itself. */
static void unwrap_paragraphs(XmlNode *title)
{
    for (XmlNode *child = title->children; child; child = child->next)
        if (child->name == XML_P)
            child->name = XML_STYLED_CONTENT;
}

/* Whether the legend begins with all that the caption says, as it does in most articles. */
static gboolean repeats(const XmlNode *legend, const XmlNode *caption)
{
    g_autofree char *all = xml_text_string(legend, CAPTION_LIMIT), *start = xml_text_string(caption, CAPTION_LIMIT);
    return !start || (all && g_str_has_prefix(all, start));
}

/* Notes below the cells lie among them. */
static void move_foot(XmlNode *table)
{
    XmlNode *group = child_of(table, XML_TGROUP), *foot = group ? child_of(group, XML_TFOOT) : NULL;
    if (!foot)
        return;
    foot->name = XML_TABLE_WRAP_FOOT;
    append(table, foot);
}

/* A figure or table: "Figure 1" is its label; caption and text below are one caption. */
static void convert_float(XmlNode *node)
{
    XmlNode *title = child_of(node, XML_TITLE), *caption = child_of(node, XML_CAPTION), *legend = child_of(node, XML_TEXT_PART);
    if (node->name == XML_TABLE)
        node->name = XML_TABLE_WRAP;
    if (title) {
        title->name = XML_LABEL;
        unwrap_paragraphs(title);
    }
    move_foot(node);
    if (!legend)
        return;
    if (caption && !repeats(legend, caption)) {
        append_children(caption, legend);
        detach(legend);
        return;
    }
    if (caption)
        detach(caption);
    legend->name = XML_CAPTION;
}

static void convert_supplement(XmlNode *node)
{
    XmlNode *text = child_of(node, XML_TEXT_PART);
    if (text)
        text->name = XML_CAPTION;
}

/* <bibl>: a citation in the list of references. */
static void convert_reference(Bmc *bmc, XmlNode *bibl)
{
    XmlNode *citation = element_new(bmc, XML_ELEMENT_CITATION, NULL), *title = child_of(bibl, XML_TITLE);
    bibl->name = XML_REF;
    if (title) {
        title->name = XML_ARTICLE_TITLE;
        unwrap_paragraphs(title);
    }
    if (!citation)
        return;
    append_children(citation, bibl);
    append(bibl, citation);
}

/* What an <abbr bid="B1"> points to is in an attribute of another name for each kind. */
static void convert_mention(XmlNode *mention)
{
    static const XmlName names[] = {XML_BID, XML_FID, XML_TID, XML_SID};
    for (guint i = 0; i < mention->attributes; i++)
        for (gsize j = 0; j < G_N_ELEMENTS(names); j++)
            if (mention->attribute[i].name == names[j])
                mention->attribute[i].name = XML_RID;
}

/* ---- Front matter -------------------------------------------------------------------------------------------------- */

static void add_title(Bmc *bmc, XmlNode *meta, XmlNode *bibl)
{
    XmlNode *title = child_of(bibl, XML_TITLE), *group = title ? append_new(bmc, meta, XML_TITLE_GROUP) : NULL;
    if (!group)
        return;
    title->name = XML_ARTICLE_TITLE;
    unwrap_paragraphs(title);
    append(group, title);
}

static void add_authors(Bmc *bmc, XmlNode *meta, XmlNode *bibl)
{
    XmlNode *authors = child_of(bibl, XML_PERSON_GROUP), *group = authors ? append_new(bmc, meta, XML_CONTRIB_GROUP) : NULL;
    for (XmlNode *name; group && (name = child_of(authors, XML_NAME));) {
        XmlNode *contributor = append_new(bmc, group, XML_CONTRIB), *collab = child_of(name, XML_COLLAB);
        if (!contributor)
            return;
        append(contributor, collab ? collab : name);
        if (collab)
            detach(name);
    }
}

/* DOI, PMID, PMCID. */
static void add_ids(Bmc *bmc, XmlNode *meta, XmlNode *bibl)
{
    static const struct { const char *theirs; const char *jats; } types[] = {{"doi", "doi"}, {"pmpid", "pmid"}, {"pmcid", "pmc"}};
    XmlNode *ids = child_of(bibl, XML_NAMED_CONTENT), *several = ids ? child_of(ids, XML_NAMED_CONTENT) : NULL, *list = several ? several : ids;
    for (XmlNode *id; list && (id = child_of(list, XML_PUB_ID));) {
        const char *type = xml_attribute(id, XML_IDTYPE);
        detach(id);
        for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++) {
            if (strcmp(type, types[i].theirs) != 0)
                continue;
            XmlNode *jats = element_new(bmc, XML_ARTICLE_ID, &(XmlAttribute){XML_PUB_ID_TYPE, types[i].jats});
            if (jats)
                append_children(jats, id);
            append(meta, jats);
        }
    }
}

/* <history><rec><date>..</date></rec>: dates have the kind of what is around them. */
static void add_dates(Bmc *bmc, XmlNode *meta, XmlNode *front)
{
    static const struct { XmlName theirs; const char *kind; } kinds[] = {{XML_REC, "received"}, {XML_ACC, "accepted"}};
    XmlNode *theirs = child_of(front, XML_HISTORY), *history = theirs ? append_new(bmc, meta, XML_HISTORY) : NULL;
    for (gsize i = 0; history && i < G_N_ELEMENTS(kinds); i++) {
        XmlNode *date = (XmlNode *)xml_path(theirs, kinds[i].theirs, XML_DATE);
        XmlNode *jats = date ? element_new(bmc, XML_DATE, &(XmlAttribute){XML_DATE_TYPE, kinds[i].kind}) : NULL;
        if (jats)
            append_children(jats, date);
        append(history, jats);
    }
    XmlNode *date = (XmlNode *)xml_path(theirs, XML_PUB, XML_DATE);
    XmlNode *published = date ? element_new(bmc, XML_PUB_DATE, &(XmlAttribute){XML_PUB_TYPE, "epub"}) : NULL;
    if (published)
        append_children(published, date);
    append(meta, published);
}

/* What <cpyrt> says in words holds the licence. */
static void add_licence(Bmc *bmc, XmlNode *meta, XmlNode *front)
{
    XmlNode *words = (XmlNode *)xml_path(front, XML_CPYRT, XML_NOTE);
    XmlNode *permissions = words ? append_new(bmc, meta, XML_PERMISSIONS) : NULL;
    if (!permissions)
        return;
    words->name = XML_LICENSE;
    append(permissions, words);
}

static void add_subject(Bmc *bmc, XmlNode *meta, XmlNode *front)
{
    XmlNode *heading = child_of(front, XML_DOCHEAD), *categories = heading ? append_new(bmc, meta, XML_ARTICLE_CATEGORIES) : NULL;
    XmlNode *group = categories ? append_new(bmc, categories, XML_SUBJ_GROUP) : NULL;
    if (!group)
        return;
    heading->name = XML_SUBJECT;
    unwrap_paragraphs(heading);
    append(group, heading);
}

static void add_journal(Bmc *bmc, XmlNode *front, XmlNode *bibl)
{
    XmlNode *journal = append_new(bmc, front, XML_JOURNAL_META), *name = bibl ? child_of(bibl, XML_SOURCE) : NULL;
    if (!journal || !name)
        return;
    name->name = XML_JOURNAL_TITLE;
    append(journal, name);
    move_all(journal, bibl, XML_ISSN);
    move_all(journal, bibl, XML_PUBLISHER);
}

/* <abs><sec><st>Abstract</st>...</sec></abs>: the section is the abstract. */
static void unwrap_abstract(XmlNode *abstract)
{
    XmlNode *section = child_of(abstract, XML_SEC);
    const XmlNode *title = section && !xml_next(section, XML_SEC) ? xml_child(section, XML_TITLE) : NULL;
    g_autofree char *words = title ? xml_text_string(title, 64) : NULL;
    if (!words || g_ascii_strcasecmp(words, "abstract") != 0)
        return;
    detach((XmlNode *)title);
    append_children(abstract, section);
    detach(section);
}

/* <fm>: journal-meta and article-meta. What of it JATS has no place for stays behind, and is no text. */
static void convert_front(Bmc *bmc, XmlNode *fm, XmlNode *article)
{
    static const XmlName plain[] = {XML_VOLUME, XML_ISSUE, XML_FPAGE, XML_LPAGE};
    XmlNode *front = element_new(bmc, XML_FRONT, NULL), *bibl = child_of(fm, XML_BIBL);
    if (!front)
        return;
    add_journal(bmc, front, bibl);
    XmlNode *meta = append_new(bmc, front, XML_ARTICLE_META);
    if (meta && bibl) {
        add_title(bmc, meta, bibl);
        add_authors(bmc, meta, bibl);
        add_ids(bmc, meta, bibl);
        for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
            move_all(meta, bibl, plain[i]);
    }
    if (meta) {
        add_subject(bmc, meta, fm);
        add_dates(bmc, meta, fm);
        add_licence(bmc, meta, fm);
        move_all(meta, fm, XML_KWD_GROUP);
        move_all(meta, fm, XML_ABSTRACT);
        XML_EACH(abstract, meta, XML_ABSTRACT)
            unwrap_abstract((XmlNode *)abstract);
    }
    detach(fm);
    append(article, front);
}

/* ---- The whole tree ----------------------------------------------------------------------------------------------- */

static void convert_node(Bmc *bmc, XmlNode *node)
{
    node->name = (guint16)jats_name(node);
    for (XmlNode *child = node->children; child; child = child->next)
        if (child->name != XML_TEXT)
            convert_node(bmc, child);
    if (node->name == XML_FIG || node->name == XML_TABLE_WRAP || (node->name == XML_TABLE && xml_child(node, XML_TGROUP)))
        convert_float(node);
    else if (node->name == XML_SUPPLEMENTARY_MATERIAL)
        convert_supplement(node);
    else if (node->name == XML_XREF)
        convert_mention(node);
    else if (node->name == XML_TITLE)
        unwrap_paragraphs(node);
    else if (node->name == XML_BIBL && xml_is(node->parent, XML_REF_LIST))
        convert_reference(bmc, node);
}

gboolean jats_from_bmc(XmlTree *tree, XmlNode *art)
{
    Bmc bmc = {tree, FALSE};
    convert_node(&bmc, art);
    XmlNode *front = child_of(art, XML_FM);
    if (front)
        convert_front(&bmc, front, art);
    return !bmc.full;
}
