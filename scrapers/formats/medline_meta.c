/* SPDX-License-Identifier: Apache-2.0
 * Identifiers, dates, subjects of a MEDLINE citation; see medline_meta.h. */
#include "scrapers/formats/medline_meta.h"

#include <stdlib.h>
#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define VALUE_LIMIT 2000

static char *value_of(const XmlNode *node)
{
    return xml_text_string(node, VALUE_LIMIT);
}

static char *publication_date(const XmlNode *date)
{
    g_autofree char *words = value_of(xml_child(date, XML_PM_MedlineDate));
    if (words)
        return fact_date_from_words(words);
    g_autofree char *year = value_of(xml_child(date, XML_PM_Year));
    g_autofree char *month = value_of(xml_child(date, XML_PM_Month));
    g_autofree char *day = value_of(xml_child(date, XML_PM_Day));
    return fact_date(year, month, day);
}

static char *article_date(const XmlNode *article)
{
    const XmlNode *places[] = {xml_path(article, XML_PM_Journal, XML_PM_JournalIssue, XML_PM_PubDate),
                               xml_path(article, XML_PM_Book, XML_PM_PubDate), xml_child(article, XML_PM_ArticleDate),
                               xml_child(article, XML_PM_ContributionDate)};
    char *date = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(places) && !date; i++)
        date = places[i] ? publication_date(places[i]) : NULL;
    return date;
}

/* The strings of every `name` in `list`; inside each, of `inner` if that is not NULL. */
static json_t *strings_of(const XmlNode *list, XmlName name, XmlName inner)
{
    json_t *array = json_array();
    for (const XmlNode *node = xml_child(list, name); node; node = xml_next(node, name)) {
        g_autofree char *value = value_of(inner ? xml_child(node, inner) : node);
        fact_append(array, value);
    }
    return array;
}

static json_t *authors_of(const XmlNode *article)
{
    json_t *array = json_array();
    const XmlNode *list = xml_child(article, XML_PM_AuthorList);
    for (const XmlNode *author = xml_child(list, XML_PM_Author); author; author = xml_next(author, XML_PM_Author)) {
        g_autofree char *last = value_of(xml_child(author, XML_PM_LastName));
        g_autofree char *fore = value_of(xml_child(author, XML_PM_ForeName));
        g_autofree char *group = value_of(xml_child(author, XML_PM_CollectiveName));
        g_autofree char *name = last ? g_strjoin(" ", fore ? fore : last, fore ? last : NULL, NULL) : NULL;
        fact_append(array, name ? name : group);
    }
    return array;
}

static void set_article_id(json_t *meta, const char *type, const char *value)
{
    if (!type || !value)
        return;
    if (strcmp(type, "doi") == 0) {
        fact_set(meta, "doi", value);
    } else if (strcmp(type, "pmc") == 0) {
        g_autofree char *pmcid = fact_pmcid(value);
        fact_set(meta, "pmcid", pmcid);
    }
}

static void set_ids(json_t *meta, const XmlNode *citation, const XmlNode *article, const XmlNode *data)
{
    g_autofree char *pmid = value_of(xml_child(citation, XML_PM_PMID));
    fact_set(meta, "pmid", pmid);
    const XmlNode *pmid_node = xml_child(citation, XML_PM_PMID);
    const char *version = pmid_node ? xml_attribute(pmid_node, XML_PM_Version) : NULL;
    if (version && atoi(version) > 1)
        json_object_set_new(meta, "version", json_integer(atoi(version)));
    for (const XmlNode *id = xml_child(article, XML_PM_ELocationID); id; id = xml_next(id, XML_PM_ELocationID)) {
        g_autofree char *value = value_of(id);
        const char *valid = xml_attribute(id, XML_PM_ValidYN);
        if (!valid || *valid != 'N')
            set_article_id(meta, xml_attribute(id, XML_PM_EIdType), value);
    }
    const XmlNode *lists[] = {xml_child(citation, XML_PM_ArticleIdList), xml_child(data, XML_PM_ArticleIdList)};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        for (const XmlNode *id = xml_child(lists[i], XML_PM_ArticleId); id; id = xml_next(id, XML_PM_ArticleId)) {
            g_autofree char *value = value_of(id);
            set_article_id(meta, xml_attribute(id, XML_PM_IdType), value);
        }
}

static gboolean array_has(const json_t *array, const char *value)
{
    for (gsize i = 0; i < json_array_size(array); i++)
        if (strcmp(json_string_value(json_array_get(array, i)), value) == 0)
            return TRUE;
    return FALSE;
}

/* Retractions and corrections, from the publication types and from the links between citations. */
static void set_corrections(json_t *meta, const XmlNode *citation, const json_t *types)
{
    gboolean retracted = array_has(types, "Retracted Publication");
    gboolean notice = array_has(types, "Retraction of Publication");
    gboolean corrected = FALSE;
    json_t *linked = json_array();
    const XmlNode *list = xml_child(citation, XML_PM_CommentsCorrectionsList);
    for (const XmlNode *link = xml_child(list, XML_PM_CommentsCorrections); link; link = xml_next(link, XML_PM_CommentsCorrections)) {
        const char *type = xml_attribute(link, XML_PM_RefType);
        gboolean in = type && strcmp(type, "RetractionIn") == 0, of = type && strcmp(type, "RetractionOf") == 0;
        retracted |= in;
        notice |= of;
        corrected |= type && (strcmp(type, "ErratumIn") == 0 || strcmp(type, "CorrectedandRepublishedIn") == 0);
        g_autofree char *pmid = in || of ? value_of(xml_child(link, XML_PM_PMID)) : NULL;
        fact_append(linked, pmid);
    }
    if (retracted)
        json_object_set_new(meta, "retracted", json_true());
    if (notice)
        json_object_set_new(meta, "retraction_notice", json_true());
    if (corrected)
        json_object_set_new(meta, "corrected", json_true());
    fact_set_array(meta, "retraction_pmids", linked);
}

/* English if the citation names it among others, else the first that it names. */
static void set_language(json_t *meta, const XmlNode *article, Document *document)
{
    json_t *languages = json_array();
    for (const XmlNode *node = xml_child(article, XML_PM_Language); node; node = xml_next(node, XML_PM_Language)) {
        g_autofree char *code = value_of(node);
        fact_append(languages, code ? fact_language(code) : NULL);
    }
    if (json_array_size(languages) > 0)
        document->language = g_strdup(array_has(languages, "en") ? "en"
                                                                 : json_string_value(json_array_get(languages, 0)));
    if (json_array_size(languages) > 1)
        json_object_set(meta, "languages", languages);
    json_decref(languages);
}

static json_t *publication_types(const XmlNode *article)
{
    const XmlNode *list = xml_child(article, XML_PM_PublicationTypeList);
    return strings_of(list ? list : article, XML_PM_PublicationType, XML_UNKNOWN);
}

void medline_meta(const XmlNode *citation, const XmlNode *article, const XmlNode *data, Document *document)
{
    g_autoptr(json_t) meta = json_object();
    g_autofree char *journal = value_of(xml_path(article, XML_PM_Journal, XML_PM_Title));
    json_t *types = publication_types(article);
    set_ids(meta, citation, article, data);
    fact_set(meta, "journal", journal);
    set_corrections(meta, citation, types);
    fact_set_array(meta, "publication_types", types);
    fact_set_array(meta, "authors", authors_of(article));
    fact_set_array(meta, "mesh", strings_of(xml_child(citation, XML_PM_MeshHeadingList), XML_PM_MeshHeading, XML_PM_DescriptorName));
    fact_set_array(meta, "keywords", strings_of(xml_child(citation, XML_PM_KeywordList), XML_PM_Keyword, XML_UNKNOWN));
    set_language(meta, article, document);
    document->date = article_date(article);
    document->meta = json_write(meta);
}
