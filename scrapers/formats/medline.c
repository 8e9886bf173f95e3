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

/* Elements that say nothing that a document keeps; they are two thirds of a file. */
static gboolean medline_prune(const char *name)
{
    static const char *const names[] = {"ReferenceList", "AffiliationInfo", "ChemicalList", "GrantList", "History",
                                        "DataBankList", "InvestigatorList", "PersonalNameSubjectList", "QualifierName", "MedlineJournalInfo",
                                        "SupplMeshList", "Identifier"};
    if (!strchr("RACGHDIPQMS", *name))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (*names[i] == *name && strcmp(names[i], name) == 0)
            return TRUE;
    return FALSE;
}

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

static char *medline_title(const xmlNode *article)
{
    char *title = xml_text_string(xml_child(article, "ArticleTitle"), TITLE_LIMIT);
    if (!title)
        title = xml_text_string(xml_path(article, "Book/BookTitle"), TITLE_LIMIT);
    if (!title || is_placeholder(title)) {
        char *vernacular = xml_text_string(xml_child(article, "VernacularTitle"), TITLE_LIMIT);
        g_free(title);
        title = vernacular;
    }
    return unbracket(title);
}

/* The heading of a part of an abstract; NULL for parts that have none worth the name. */
static const char *part_label(const xmlNode *part)
{
    const char *label = xml_attribute(part, "Label");
    if (!label || g_ascii_strcasecmp(label, "UNASSIGNED") == 0 || g_ascii_strcasecmp(label, "UNLABELLED") == 0 ||
        g_ascii_strcasecmp(label, "ABSTRACT") == 0)
        return NULL;
    return label;
}

/* Why there is no text: abstracts in other languages or for other readers are not the article's own. */
static void no_abstract(const xmlNode *citation, ParseFailure *failure)
{
    const xmlNode *other = xml_child(citation, "OtherAbstract");
    if (other)
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract but one of type '%.40s', language '%.20s'",
                          xml_attribute_or(other, "Type", "?"), xml_attribute_or(other, "Language", "eng"));
    else
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract");
}

static gboolean abstract_text(const xmlNode *citation, const xmlNode *abstract, Document *document, ParseFailure *failure)
{
    g_auto(TextForm) form;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    for (const xmlNode *part = xml_child(abstract, "AbstractText"); part; part = xml_next(part, "AbstractText")) {
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
static void deleted_failure(const xmlNode *root, Document *document, ParseFailure *failure)
{
    g_autoptr(GString) id = g_string_new("DeleteCitation:");
    unsigned count = 0;
    for (const xmlNode *pmid = xml_child(root, "PMID"); pmid; pmid = xml_next(pmid, "PMID")) {
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

static gboolean citation_parse(const xmlNode *citation, const xmlNode *article, const xmlNode *data,
                               const ParseOptions *options, Document *document, ParseFailure *failure)
{
    g_autofree char *pmid = xml_text_string(xml_child(citation, "PMID"), 32);
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
    return abstract_text(citation, xml_child(article, "Abstract"), document, failure);
}

static gboolean medline_parse(const Record *record, const ParseOptions *options, Document *document,
                              ParseFailure *failure)
{
    document->id = g_strdup(record->origin);
    g_autoptr(XmlTree) tree = xml_tree_parse(record->bytes, record->length, medline_prune, failure);
    if (!tree)
        return FALSE;
    const xmlNode *root = xmlDocGetRootElement(tree);
    if (xml_is(root, "DeleteCitation")) {
        g_clear_pointer(&document->id, g_free);
        deleted_failure(root, document, failure);
        return FALSE;
    }
    const xmlNode *citation = xml_child(root, "MedlineCitation");
    if (citation)
        return citation_parse(citation, xml_child(citation, "Article"), xml_child(root, "PubmedData"), options, document,
                              failure);
    const xmlNode *book = xml_child(root, "BookDocument");
    if (book)
        return citation_parse(book, book, xml_child(root, "PubmedBookData"), options, document, failure);
    parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "<%.60s> holds neither MedlineCitation nor BookDocument",
                      (const char *)root->name);
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
