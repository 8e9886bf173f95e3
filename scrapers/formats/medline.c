/* SPDX-License-Identifier: Apache-2.0
 * The format `medline`: PubMed's citation XML (dtd.nlm.nih.gov, "pubmed_YYMMDD.dtd") to abstracts.
 *
 * One record is a PubmedArticle, a PubmedBookArticle or a DeleteCitation. The text is the main abstract; abstracts in
 * other languages, the copyright line and keywords are no part of it. */
#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/medline_meta.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define TITLE_LIMIT ((gsize)64 << 10)
#define DELETED_LIMIT 200 /* bytes of PMIDs in the id of a DeleteCitation */

static const char *const medline_elements[] = {"PubmedArticle", "PubmedBookArticle", "DeleteCitation", NULL};

/* "[Title in translation]." without the brackets that mark it as one. */
static char *unbracket(char *title)
{
    gsize length = title ? strlen(title) : 0;
    gsize period = length && title[length - 1] == '.';
    if (length < 3 + period || title[0] != '[' || title[length - 1 - period] != ']')
        return title;
    if (memchr(title + 1, ']', length - 2 - period))
        return title;
    memmove(title, title + 1, length - 2 - period);
    strcpy(title + length - 2 - period, period ? "." : "");
    return title;
}

static gboolean is_placeholder(const char *title)
{
    static const char *const placeholders[] = {"Not Available", "In Process Citation", "Not Available."};
    g_autofree char *bare = g_strdup(title);
    g_strdelimit(bare, "[].", ' ');
    g_strstrip(bare);
    for (gsize i = 0; i < G_N_ELEMENTS(placeholders); i++)
        if (g_ascii_strcasecmp(bare, placeholders[i]) == 0)
            return TRUE;
    return FALSE;
}

static char *medline_title(const XmlNode *article)
{
    char *title = xml_text_string(xml_child(article, XML_PM_ArticleTitle), TITLE_LIMIT);
    if (!title)
        title = xml_text_string(xml_path(article, XML_PM_Book, XML_PM_BookTitle), TITLE_LIMIT);
    if (!title || is_placeholder(title)) {
        char *vernacular = xml_text_string(xml_child(article, XML_PM_VernacularTitle), TITLE_LIMIT);
        g_free(title);
        title = vernacular;
    }
    return unbracket(title);
}

/* The heading of a part of an abstract; NULL for parts that have none worth the name. */
static const char *part_label(const XmlNode *part)
{
    const char *label = xml_attribute(part, XML_PM_Label);
    if (!label || g_ascii_strcasecmp(label, "UNASSIGNED") == 0 || g_ascii_strcasecmp(label, "UNLABELLED") == 0 ||
        g_ascii_strcasecmp(label, "ABSTRACT") == 0)
        return NULL;
    return label;
}

/* Why there is no text: abstracts in other languages or for other readers are not the article's own. */
static void no_abstract(const XmlNode *citation, ParseFailure *failure)
{
    const XmlNode *other = xml_child(citation, XML_PM_OtherAbstract);
    if (other)
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract but one of type '%.40s', language '%.20s'",
                          xml_attribute_or(other, XML_PM_Type, "?"), xml_attribute_or(other, XML_PM_Language, "eng"));
    else
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract");
}

static gboolean abstract_text(const XmlNode *citation, const XmlNode *abstract, Document *document, ParseFailure *failure)
{
    g_auto(TextForm) form;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    for (const XmlNode *part = xml_child(abstract, XML_PM_AbstractText); part; part = xml_next(part, XML_PM_AbstractText)) {
        g_auto(TextForm) body;
        g_autofree char *text = NULL;
        gsize length = 0;
        text_form_init(&body, DOCUMENT_TEXT_LIMIT);
        text_form_begin(&body, BLOCK_PARAGRAPH, "");
        xml_text_append(&body, part, NULL, NULL);
        text_form_end(&body);
        if (body.out.length == 0)
            continue;
        text = buffer_steal(&body.out, &length);
        const char *label = part_label(part);
        if (label) {
            text_form_heading(&form, 2);
            text_form_string(&form, label);
        }
        text_form_begin(&form, BLOCK_PARAGRAPH, "");
        text_form_text(&form, text, length);
    }
    if (!text_form_finish(&form, &document->text, &document->text_length)) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the abstract is too long");
        return FALSE;
    }
    if (document->text_length == 0) {
        no_abstract(citation, failure);
        return FALSE;
    }
    return TRUE;
}

/* A list of citations to delete is no document: its id names them, as many as fit. */
static void deleted_failure(const XmlNode *root, Document *document, ParseFailure *failure)
{
    g_autoptr(GString) id = g_string_new("DeleteCitation:");
    unsigned count = 0;
    for (const XmlNode *pmid = xml_child(root, XML_PM_PMID); pmid; pmid = xml_next(pmid, XML_PM_PMID)) {
        g_autofree char *number = xml_text_string(pmid, 32);
        if (!number)
            continue;
        if (id->len + strlen(number) < DELETED_LIMIT)
            g_string_append_printf(id, "%s%s", count ? "," : "", number);
        count++;
    }
    document->id = g_string_free(g_steal_pointer(&id), FALSE);
    parse_failure_set(failure, RULE_DELETED, "the publisher withdrew %u citations: %s", count, document->id);
}

static gboolean citation_parse(const XmlNode *citation, const XmlNode *article, const XmlNode *data,
                               const ParseOptions *options, Document *document, ParseFailure *failure)
{
    g_autofree char *pmid = xml_text_string(xml_child(citation, XML_PM_PMID), 32);
    if (!pmid) {
        parse_failure_set(failure, RULE_MALFORMED_XML, "the citation has no PMID");
        return FALSE;
    }
    g_free(document->id);
    document->id = g_strdup_printf("PMID:%s", pmid);
    document->kind = g_strdup("abstract");
    document->url = g_strdup_printf("https://pubmed.ncbi.nlm.nih.gov/%s/", pmid);
    document->title = medline_title(article);
    document->licence = g_strdup(options->licence);
    medline_meta(citation, article, data, document);
    return abstract_text(citation, xml_child(article, XML_PM_Abstract), document, failure);
}

static gboolean medline_parse(const Record *record, const ParseOptions *options, Document *document,
                              ParseFailure *failure)
{
    document->id = g_strdup(record->origin);
    g_autoptr(XmlTree) tree = xml_tree_parse(record->bytes, record->length, failure);
    if (!tree)
        return FALSE;
    const XmlNode *root = tree->root;
    if (xml_is(root, XML_PM_DeleteCitation)) {
        g_clear_pointer(&document->id, g_free);
        deleted_failure(root, document, failure);
        return FALSE;
    }
    const XmlNode *citation = xml_child(root, XML_PM_MedlineCitation);
    if (citation)
        return citation_parse(citation, xml_child(citation, XML_PM_Article), xml_child(root, XML_PM_PubmedData), options, document,
                              failure);
    const XmlNode *book = xml_child(root, XML_PM_BookDocument);
    if (book)
        return citation_parse(book, book, xml_child(root, XML_PM_PubmedBookData), options, document, failure);
    g_autofree char *name = xml_local_name(root);
    parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "<%.60s> holds neither MedlineCitation nor BookDocument", name);
    return FALSE;
}

const Format format_medline = {
    .name = "medline",
    .summary = "PubMed baseline and update files (.xml.gz): titles and abstracts",
    .split = SPLIT_ELEMENTS,
    .elements = medline_elements,
    .sandboxed = TRUE,
    .parse = medline_parse,
};
