/* SPDX-License-Identifier: Apache-2.0
 * Front matter of a JATS article (ANSI/NISO Z39.96); see jats_meta.h. */
#include "scrapers/formats/jats_meta.h"

#include "scrapers/formats/facts.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define VALUE_LIMIT 2000
#define TITLE_LIMIT ((gsize)64 << 10)
#define LICENCE_LIMIT 500 /* bytes of a licence's own words */

static char *value_of(const XmlNode *node)
{
    return xml_text_string(node, VALUE_LIMIT);
}

static void set_ids(json_t *meta, const XmlNode *front)
{
    for (const XmlNode *id = xml_child(front, XML_ARTICLE_ID); id; id = xml_next(id, XML_ARTICLE_ID)) {
        g_autofree char *value = value_of(id);
        if (!value)
            continue;
        if (xml_attribute_is(id, XML_PUB_ID_TYPE, "pmid")) {
            fact_set(meta, "pmid", value);
        } else if (xml_attribute_is(id, XML_PUB_ID_TYPE, "doi")) {
            fact_set(meta, "doi", value);
        } else if (xml_attribute_is(id, XML_PUB_ID_TYPE, "pmc") || xml_attribute_is(id, XML_PUB_ID_TYPE, "pmcid")) {
            g_autofree char *pmcid = fact_pmcid(value);
            fact_set(meta, "pmcid", pmcid);
        }
    }
}

static char *full_title(const XmlNode *front)
{
    const XmlNode *group = xml_child(front, XML_TITLE_GROUP);
    g_autofree char *title = xml_text_string(xml_child(group, XML_ARTICLE_TITLE), TITLE_LIMIT);
    g_autofree char *subtitle = xml_text_string(xml_child(group, XML_SUBTITLE), TITLE_LIMIT);
    if (!title || !subtitle)
        return g_steal_pointer(&title);
    return g_strconcat(title, strchr(":?!", title[strlen(title) - 1]) ? " " : ": ", subtitle, NULL);
}

static char *date_of(const XmlNode *node)
{
    g_autofree char *year = value_of(xml_child(node, XML_YEAR));
    g_autofree char *month = value_of(xml_child(node, XML_MONTH));
    g_autofree char *day = value_of(xml_child(node, XML_DAY));
    return fact_date(year, month, day);
}

/* Not a publication, or not by the publisher; or an issue that gathers what came out before. */
static gboolean date_is_secondary(const XmlNode *node)
{
    static const char *const types[] = {"pmc-release", "nihms-submitted", "received", "accepted", "rev-recd", "retracted",
                                        "collection", "epreprint"};
    const char *type = xml_attribute(node, XML_PUB_TYPE);
    if (!type)
        type = xml_attribute(node, XML_DATE_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    return FALSE;
}

/* The earliest date of publication; a secondary one only if there is no other. */
static char *publication_date(const XmlNode *front)
{
    char *best = NULL;
    for (int secondary = 0; secondary < 2 && !best; secondary++)
        for (const XmlNode *node = xml_child(front, XML_PUB_DATE); node; node = xml_next(node, XML_PUB_DATE)) {
            g_autofree char *date = date_is_secondary(node) == secondary ? date_of(node) : NULL;
            /* "2014-03" must not beat "2014-03-07", of which it is the start. */
            if (date && (!best || g_str_has_prefix(date, best) ||
                         (strcmp(date, best) < 0 && !g_str_has_prefix(best, date)))) {
                g_free(best);
                best = g_steal_pointer(&date);
            }
        }
    return best;
}

static char *contributor_name(const XmlNode *contributor)
{
    const XmlNode *name = xml_child(contributor, XML_NAME);
    if (!name)
        name = xml_path(contributor, XML_NAME_ALTERNATIVES, XML_NAME);
    g_autofree char *surname = value_of(xml_child(name, XML_SURNAME));
    g_autofree char *given = value_of(xml_child(name, XML_GIVEN_NAMES));
    if (surname)
        return given ? g_strconcat(given, " ", surname, NULL) : g_steal_pointer(&surname);
    char *other = value_of(xml_child(contributor, XML_STRING_NAME));
    return other ? other : value_of(xml_child(contributor, XML_COLLAB));
}

static json_t *authors_of(const XmlNode *front)
{
    json_t *authors = json_array();
    for (const XmlNode *group = xml_child(front, XML_CONTRIB_GROUP); group; group = xml_next(group, XML_CONTRIB_GROUP))
        for (const XmlNode *one = xml_child(group, XML_CONTRIB); one; one = xml_next(one, XML_CONTRIB)) {
            if (xml_attribute(one, XML_CONTRIB_TYPE) && !xml_attribute_is(one, XML_CONTRIB_TYPE, "author"))
                continue;
            g_autofree char *name = contributor_name(one);
            fact_append(authors, name);
        }
    return authors;
}

static json_t *keywords_of(const XmlNode *front)
{
    json_t *keywords = json_array();
    for (const XmlNode *group = xml_child(front, XML_KWD_GROUP); group; group = xml_next(group, XML_KWD_GROUP))
        for (const XmlNode *kwd = xml_child(group, XML_KWD); kwd; kwd = xml_next(kwd, XML_KWD)) {
            g_autofree char *value = value_of(kwd);
            fact_append(keywords, value);
        }
    return keywords;
}

static void collect_subjects(json_t *subjects, const XmlNode *group)
{
    for (const XmlNode *subject = xml_child(group, XML_SUBJECT); subject; subject = xml_next(subject, XML_SUBJECT)) {
        g_autofree char *value = value_of(subject);
        fact_append(subjects, value);
    }
    for (const XmlNode *inner = xml_child(group, XML_SUBJ_GROUP); inner; inner = xml_next(inner, XML_SUBJ_GROUP))
        collect_subjects(subjects, inner);
}

static const char *href_below(const XmlNode *node)
{
    const char *href = xml_attribute(node, XML_HREF);
    if (href)
        return href;
    XML_EACH_ELEMENT(child, node)
        if ((href = href_below(child)))
            return href;
    return NULL;
}

/* One licence element: its SPDX identifier, or its own words, or its address. */
static char *licence_of(const XmlNode *licence, gboolean *recognised)
{
    g_autofree char *words = xml_text_string(licence, (gsize)64 << 10);
    const char *sources[] = {xml_attribute(licence, XML_HREF), words, href_below(licence)};
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        char *known = sources[i] ? fact_licence(sources[i]) : NULL;
        *recognised = known != NULL;
        if (known)
            return known;
    }
    if (!words)
        return g_strdup(sources[0] ? sources[0] : sources[2]);
    if (strlen(words) <= LICENCE_LIMIT)
        return g_steal_pointer(&words);
    gsize cut = LICENCE_LIMIT;
    while (cut > 0 && words[cut] != ' ')
        cut--;
    return g_strndup(words, cut ? cut : 0);
}

static char *article_licence(const XmlNode *front)
{
    const XmlNode *permissions = xml_child(front, XML_PERMISSIONS);
    char *licence = NULL;
    XML_EACH_ELEMENT(child, permissions) {
        if (!xml_is(child, XML_LICENSE) && !xml_is(child, XML_LICENSE_REF) && !xml_is(child, XML_FREE_TO_READ))
            continue;
        gboolean recognised;
        g_autofree char *found = licence_of(child, &recognised);
        if (found && (!licence || recognised)) {
            g_free(licence);
            licence = g_steal_pointer(&found);
        }
        if (recognised)
            break;
    }
    if (licence && *licence)
        return licence;
    g_free(licence);
    const XmlNode *statement = xml_child(permissions, XML_COPYRIGHT_STATEMENT);
    g_autofree char *words = xml_text_string(statement, (gsize)64 << 10);
    return words ? fact_licence(words) : NULL;
}

static void set_retractions(json_t *meta, const XmlNode *article, const XmlNode *front)
{
    const char *type = xml_attribute(article, XML_ARTICLE_TYPE);
    gboolean notice = type && (strcmp(type, "retraction") == 0 || strcmp(type, "partial-retraction") == 0);
    gboolean retracted = FALSE;
    for (const XmlNode *link = xml_child(front, XML_RELATED_ARTICLE); link; link = xml_next(link, XML_RELATED_ARTICLE)) {
        notice |= xml_attribute_is(link, XML_RELATED_ARTICLE_TYPE, "retracted-article");
        retracted |= xml_attribute_is(link, XML_RELATED_ARTICLE_TYPE, "retraction-forward");
    }
    g_autofree char *title = full_title(front);
    retracted |= title && (g_str_has_prefix(title, "RETRACTED:") || g_str_has_prefix(title, "Retracted:") ||
                           g_str_has_prefix(title, "RETRACTED ARTICLE:"));
    if (retracted)
        json_object_set_new(meta, "retracted", json_true());
    if (notice)
        json_object_set_new(meta, "retraction_notice", json_true());
}

static void set_id_and_url(const json_t *meta, Document *document)
{
    const char *pmcid = json_get_string(meta, "pmcid"), *doi = json_get_string(meta, "doi");
    const char *pmid = json_get_string(meta, "pmid");
    char *id = pmcid ? g_strdup(pmcid) : doi ? g_strconcat("doi:", doi, NULL)
                                       : pmid ? g_strconcat("PMID:", pmid, NULL) : NULL;
    if (id) {
        g_free(document->id);
        document->id = id;
    }
    if (pmcid)
        document->url = g_strconcat("https://pmc.ncbi.nlm.nih.gov/articles/", pmcid, "/", NULL);
    else if (doi)
        document->url = g_strconcat("https://doi.org/", doi, NULL);
}

static char *journal_of(const XmlNode *article)
{
    const XmlNode *about = xml_path(article, XML_FRONT, XML_JOURNAL_META);
    const XmlNode *places[] = {xml_path(about, XML_JOURNAL_TITLE_GROUP, XML_JOURNAL_TITLE), xml_child(about, XML_JOURNAL_TITLE),
                               xml_child(about, XML_JOURNAL_ID)};
    char *journal = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(places) && !journal; i++)
        journal = value_of(places[i]);
    return journal;
}

json_t *jats_meta(const XmlNode *article, Document *document)
{
    json_t *meta = json_object();
    const XmlNode *front = xml_path(article, XML_FRONT, XML_ARTICLE_META);
    g_autofree char *journal = journal_of(article);
    const char *language = xml_attribute(article, XML_LANG);
    json_t *subjects = json_array();
    const XmlNode *categories = xml_child(front, XML_ARTICLE_CATEGORIES);
    for (const XmlNode *group = xml_child(categories, XML_SUBJ_GROUP); group; group = xml_next(group, XML_SUBJ_GROUP))
        collect_subjects(subjects, group);
    set_ids(meta, front);
    fact_set(meta, "journal", journal);
    fact_set(meta, "article_type", xml_attribute(article, XML_ARTICLE_TYPE));
    fact_set_array(meta, "authors", authors_of(front));
    fact_set_array(meta, "keywords", keywords_of(front));
    fact_set_array(meta, "subjects", subjects);
    set_retractions(meta, article, front);
    set_id_and_url(meta, document);
    document->title = full_title(front);
    document->date = publication_date(front);
    document->language = language ? g_strdup(fact_language(language)) : NULL;
    document->licence = article_licence(front);
    return meta;
}
