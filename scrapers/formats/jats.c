/* SPDX-License-Identifier: Apache-2.0
 * The format `jats`: journal articles in JATS or NLM XML (ANSI/NISO Z39.96), as PMC's open-access subset has them.
 *
 * The text is the main abstract under "# Abstract" and the body; peer review (sub-article, response), back matter and
 * the cells of tables are no part of it. Files whose root is pmc-articleset hold many articles. */
#include <string.h>

#include "scrapers/formats/formats.h"
#include "scrapers/formats/jats_meta.h"
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

static const char *const jats_elements[] = {"article", NULL};
static const char *const jats_suffixes[] = {".nxml", ".xml", NULL};

static void walk_init(JatsWalk *walk, const ParseOptions *options)
{
    *walk = (JatsWalk){.options = options, .pending = G_QUEUE_INIT};
    text_form_init(&walk->form, DOCUMENT_TEXT_LIMIT);
    walk->references = jats_references_new();
    walk->floats = g_hash_table_new(g_str_hash, g_str_equal);
}

static void walk_clear(JatsWalk *walk)
{
    text_form_clear(&walk->form);
    jats_references_free(walk->references);
    g_hash_table_unref(walk->floats);
    g_queue_clear(&walk->pending);
}

/* Finds what citations and mentions may point to, wherever it stands, but not in reviews of the article. */
static void index_targets(JatsWalk *walk, const XmlNode *parent)
{
    XML_EACH_ELEMENT(node, parent) {
        if (xml_is(node, XML_SUB_ARTICLE) || xml_is(node, XML_RESPONSE))
            continue;
        if (xml_is(node, XML_REF)) {
            jats_references_add(walk->references, node);
            continue;
        }
        const char *id = jats_is_float(node) ? xml_attribute(node, XML_ID) : NULL;
        if (id)
            g_hash_table_insert(walk->floats, (gpointer)id, (gpointer)node);
        index_targets(walk, node);
    }
}

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
static const XmlNode *main_abstract(const XmlNode *article)
{
    const XmlNode *first = xml_path(article, XML_FRONT, XML_ARTICLE_META, XML_ABSTRACT);
    for (const XmlNode *abstract = first; abstract; abstract = xml_next(abstract, XML_ABSTRACT))
        if (!xml_attribute(abstract, XML_ABSTRACT_TYPE))
            return abstract;
    for (const XmlNode *abstract = first; abstract; abstract = xml_next(abstract, XML_ABSTRACT))
        if (!abstract_is_extra(abstract))
            return abstract;
    return NULL;
}

static void write_abstract(JatsWalk *walk, const XmlNode *abstract)
{
    if (!abstract)
        return;
    TextFormPlace start = text_form_place(&walk->form);
    text_form_heading(&walk->form, 1);
    text_form_string(&walk->form, "Abstract");
    TextFormPlace heading = text_form_place(&walk->form);
    jats_blocks(walk, abstract, 2);
    jats_pending_floats(walk);
    if (walk->form.out.length == heading.length)
        text_form_return(&walk->form, start); /* only a picture, or nothing */
}

static gboolean write_article(const XmlNode *article, const ParseOptions *options, Document *document,
                              ParseFailure *failure)
{
    JatsWalk walk;
    walk_init(&walk, options);
    index_targets(&walk, article);
    write_abstract(&walk, main_abstract(article));
    gsize before = walk.form.out.length;
    jats_blocks(&walk, xml_child(article, XML_BODY), 1);
    gboolean has_body = walk.form.out.length > before;
    jats_blocks(&walk, xml_child(article, XML_BACK), 1);
    jats_blocks(&walk, xml_child(article, XML_FLOATS_GROUP), 1);
    jats_blocks(&walk, xml_child(article, XML_FLOATS_WRAP), 1);
    document->kind = g_strdup(has_body ? "article" : "abstract");
    gboolean fits = text_form_finish(&walk.form, &document->text, &document->text_length);
    walk_clear(&walk);
    if (!fits)
        parse_failure_set(failure, RULE_TOO_LARGE, "the text is too long");
    else if (document->text_length == 0)
        parse_failure_set(failure, RULE_NO_TEXT, "the article has neither abstract nor body");
    return fits && document->text_length > 0;
}

static gboolean jats_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    document->id = g_strdup(record->origin);
    g_autoptr(XmlTree) tree = xml_tree_parse(record->bytes, record->length, failure);
    if (!tree)
        return FALSE;
    const XmlNode *root = tree->root;
    const XmlNode *article = xml_is(root, XML_ARTICLE) ? root : xml_child(root, XML_ARTICLE);
    if (!article) {
        g_autofree char *name = xml_local_name(root);
        parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "the root element is <%.60s>, not <article>", name);
        return FALSE;
    }
    jats_meta(article, document);
    if (!document->licence)
        document->licence = g_strdup(options->licence);
    return write_article(article, options, document, failure);
}

const Format format_jats = {
    .name = "jats",
    .summary = "journal articles in JATS XML (.nxml, .xml, PMC packages, article sets): abstract and body",
    .split = SPLIT_FILE,
    .elements = jats_elements,
    .collection = "pmc-articleset",
    .suffixes = jats_suffixes,
    .sandboxed = TRUE,
    .parse = jats_parse,
};
