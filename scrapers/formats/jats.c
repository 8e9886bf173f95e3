/* SPDX-License-Identifier: Apache-2.0
 * The format `jats`: journal articles in JATS or NLM XML (ANSI/NISO Z39.96), as PMC's open-access subset has them.
 *
 * The text is the main abstract under "# Abstract" (others when the recipe asks for them), the body, its appendices and glossary, and the captions; peer review
 * (sub-article, response), references and notes about the paper are no part of it, nor are the cells of tables unless the
 * recipe asks for them. What is left out is told in the document's meta. Files whose root is a collection hold many articles.
 * BioMed Central's own form is read as well (jats_bmc.h). */
#include "scrapers/formats/facts.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/jats_bmc.h"
#include "scrapers/formats/jats_meta.h"
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"

#define TITLE_LIMIT 4096

static const char *const jats_elements[] = {"article", "art", NULL};
static const char *const jats_collections[] = {"pmc-articleset", "articles", "OAI-PMH", "response", NULL}; /* NCBI, Europe PMC, OAI */
static const char *const jats_suffixes[] = {".nxml", ".xml", NULL};

static void target_free(gpointer data)
{
    JatsTarget *target = data;
    g_free(target->label);
    g_free(target->caption);
    g_free(target);
}

static void walk_init(JatsWalk *walk, const ParseOptions *options)
{
    *walk = (JatsWalk){.options = options, .floats = G_QUEUE_INIT, .notes = G_QUEUE_INIT, .boxes = G_QUEUE_INIT, .depth = 1};
    text_form_init(&walk->form, DOCUMENT_TEXT_LIMIT);
    walk->references = jats_references_new();
    walk->targets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, target_free);
    walk->noted = g_hash_table_new(NULL, NULL);
    walk->left_out = g_ptr_array_new_with_free_func(g_free);
}

static void walk_clear(JatsWalk *walk)
{
    text_form_clear(&walk->form);
    jats_references_free(walk->references);
    g_hash_table_unref(walk->targets);
    g_hash_table_unref(walk->noted);
    g_clear_pointer(&walk->unknown, g_hash_table_unref);
    g_ptr_array_unref(walk->left_out);
    g_queue_clear(&walk->floats);
    g_queue_clear(&walk->notes);
    g_queue_clear(&walk->boxes);
}

/* ---- Abstracts ----------------------------------------------------------------------------------------------- */

/* Kinds of abstract that repeat the main one for someone in a hurry. */
static gboolean abstract_is_extra(const XmlNode *abstract)
{
    static const char *const types[] = {"graphical", "toc", "teaser", "video", "key-points", "highlights", "precis",
                                        "web-summary", "editor"};
    const char *type = xml_attribute(abstract, XML_ABSTRACT_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    return FALSE;
}

/* The abstract without a type; else the first that is not an extra. */
static const XmlNode *main_abstract(const XmlNode *front)
{
    XML_EACH(abstract, front, XML_ABSTRACT)
        if (!xml_attribute(abstract, XML_ABSTRACT_TYPE))
            return abstract;
    XML_EACH(abstract, front, XML_ABSTRACT)
        if (!abstract_is_extra(abstract))
            return abstract;
    return NULL;
}

/* "# Abstract" and what stands under it; nothing if that is only a picture. */
static void write_abstract(JatsWalk *walk, const XmlNode *abstract, const char *title)
{
    TextForm *form = &walk->form;
    TextFormPlace start = text_form_place(form);
    text_form_heading(form, 1);
    text_form_string(form, title);
    text_form_trim(form, ":");
    gsize written = text_form_place(form).length;
    walk->heading = start.length;
    while (walk->heading < written && form->out.data[walk->heading] == '\n')
        walk->heading++;
    walk->heading_length = written - walk->heading;
    walk->depth = 2;
    jats_section(walk, abstract);
    jats_waiting(walk);
    walk->depth = 1;
    walk->heading_length = 0;
    if (form->out.length == written)
        text_form_return(form, start);
    else
        jats_resume(walk);
}

/* Whether the recipe asks for a kind of abstract; without a list, for the main one alone. */
static gboolean is_wanted(const ParseOptions *options, const char *kind)
{
    if (!kind || !options->abstracts)
        return g_strcmp0(kind, "main") == 0;
    return g_strv_contains((const char *const *)options->abstracts, kind) || g_strv_contains((const char *const *)options->abstracts, "any");
}

/* Its own title, else its kind: "Executive summary". */
static void write_other_abstract(JatsWalk *walk, const XmlNode *abstract, const char *kind)
{
    g_autofree char *own = xml_text_string(jats_heading(abstract), TITLE_LIMIT);
    g_autofree char *name = own ? g_steal_pointer(&own) : g_strdup(kind);
    g_strdelimit(name, "-", ' ');
    *name = g_ascii_toupper(*name);
    write_abstract(walk, abstract, name);
}

static void write_abstracts(JatsWalk *walk, const XmlNode *front)
{
    const XmlNode *first = main_abstract(front);
    if (first && is_wanted(walk->options, "main"))
        write_abstract(walk, first, "Abstract");
    XML_EACH(abstract, front, XML_ABSTRACT) {
        const char *type = xml_attribute(abstract, XML_ABSTRACT_TYPE);
        if (abstract != first && type && is_wanted(walk->options, type))
            write_other_abstract(walk, abstract, type);
    }
    XML_EACH(abstract, front, XML_TRANS_ABSTRACT) {
        const char *code = xml_attribute(abstract, XML_LANG), *language = code ? fact_language(code) : NULL;
        if (is_wanted(walk->options, language) || is_wanted(walk->options, "trans"))
            write_other_abstract(walk, abstract, "Abstract");
    }
}

/* ---- Articles ------------------------------------------------------------------------------------------------ */

static gboolean write_article(JatsWalk *walk, const XmlNode *article)
{
    write_abstracts(walk, xml_path(article, XML_FRONT, XML_ARTICLE_META));
    gsize before = walk->form.out.length;
    jats_section(walk, xml_child(article, XML_BODY));
    gboolean has_body = walk->form.out.length > before;
    jats_section(walk, xml_child(article, XML_BACK));
    jats_section(walk, xml_child(article, XML_FLOATS_GROUP));
    jats_section(walk, xml_child(article, XML_FLOATS_WRAP));
    return has_body;
}

static void set_accounts(json_t *meta, const JatsWalk *walk)
{
    json_t *left_out = json_array();
    for (guint i = 0; i < walk->left_out->len; i++)
        fact_append(left_out, walk->left_out->pdata[i]);
    fact_set_array(meta, "left_out_sections", left_out);
    if (!walk->unknown)
        return;
    json_t *unknown = json_array();
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(walk->unknown), (GCompareFunc)strcmp);
    for (const GList *name = names; name; name = name->next)
        fact_append(unknown, name->data);
    fact_set_array(meta, "unknown_elements", unknown);
}

static gboolean parse_article(XmlNode *article, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    JatsWalk walk;
    walk_init(&walk, options);
    jats_index(&walk, article);
    g_autoptr(json_t) meta = jats_meta(article, document);
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    document->kind = g_strdup(write_article(&walk, article) ? "article" : "abstract");
    gboolean fits = text_form_finish(&walk.form, &document->text, &document->text_length);
    set_accounts(meta, &walk);
    document->meta = json_write(meta);
    walk_clear(&walk);
    if (!fits)
        parse_failure_set(failure, RULE_TOO_LARGE, "the text is too long");
    else if (document->text_length == 0)
        parse_failure_set(failure, RULE_NO_TEXT, "the article has neither abstract nor body");
    return fits && document->text_length > 0;
}

/* The first article in what a tool wrapped around it; *count is how many there are. */
static XmlNode *find_article(XmlNode *node, guint *count)
{
    if (node->name == XML_ARTICLE || node->name == XML_ART) {
        ++*count;
        return node;
    }
    XmlNode *first = NULL;
    for (XmlNode *child = node->children; child; child = child->next) {
        XmlNode *found = child->name == XML_TEXT ? NULL : find_article(child, count);
        first = first ? first : found;
    }
    return first;
}

static gboolean jats_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    document->id = g_strdup(record->origin);
    g_autoptr(XmlTree) tree = xml_tree_parse(record->bytes, record->length, failure);
    if (!tree)
        return FALSE;
    guint count = 0;
    XmlNode *article = find_article(tree->root, &count);
    if (count == 1 && article->name == XML_ART && !jats_from_bmc(tree, article)) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the elements take more than %u MB", (unsigned)(XML_TREE_LIMIT >> 20));
        return FALSE;
    }
    if (count == 1)
        return parse_article(article, options, document, failure);
    g_autofree char *name = xml_local_name(tree->root);
    if (count > 1)
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "<%.60s> is no collection that is known, and holds %u articles; cut it up, or "
                          "rename it to <articles>", name, count);
    else
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "the root element is <%.60s>, not <article>%s", name,
                          g_ascii_strcasecmp(name, "html") == 0 ? "; it is a page: read it as format 'html'" : "");
    return FALSE;
}

const Format format_jats = {
    .name = "jats",
    .summary = "journal articles in JATS XML (.nxml, .xml, PMC packages, article sets): abstract and body",
    .split = SPLIT_FILE,
    .elements = jats_elements,
    .collections = jats_collections,
    .suffixes = jats_suffixes,
    .sandboxed = TRUE,
    .parse = jats_parse,
};
