/* SPDX-License-Identifier: Apache-2.0
 * Front matter of a JATS article (ANSI/NISO Z39.96); see jats_meta.h. */
#include "scrapers/formats/jats_meta.h"

#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define VALUE_LIMIT 2000
#define TITLE_LIMIT ((gsize)64 << 10)
#define LICENCE_LIMIT 500 /* bytes of a licence's own words */

static char *value_of(const xmlNode *node)
{
    return xml_text_string(node, VALUE_LIMIT);
}

static gboolean attribute_is(const xmlNode *node, const char *name, const char *value)
{
    const char *found = xml_attribute(node, name);
    return found && strcmp(found, value) == 0;
}

static void set_ids(json_t *meta, const xmlNode *front)
{
    for (const xmlNode *id = xml_child(front, "article-id"); id; id = xml_next(id, "article-id")) {
        g_autofree char *value = value_of(id);
        if (!value)
            continue;
        if (attribute_is(id, "pub-id-type", "pmid")) {
            fact_set(meta, "pmid", value);
        } else if (attribute_is(id, "pub-id-type", "doi")) {
            fact_set(meta, "doi", value);
        } else if (attribute_is(id, "pub-id-type", "pmc") || attribute_is(id, "pub-id-type", "pmcid")) {
            g_autofree char *pmcid = fact_pmcid(value);
            fact_set(meta, "pmcid", pmcid);
        }
    }
}

static char *full_title(const xmlNode *front)
{
    const xmlNode *group = xml_child(front, "title-group");
    g_autofree char *title = xml_text_string(xml_child(group, "article-title"), TITLE_LIMIT);
    g_autofree char *subtitle = xml_text_string(xml_child(group, "subtitle"), TITLE_LIMIT);
    if (!title || !subtitle)
        return g_steal_pointer(&title);
    return g_strconcat(title, strchr(":?!", title[strlen(title) - 1]) ? " " : ": ", subtitle, NULL);
}

static char *date_of(const xmlNode *node)
{
    g_autofree char *year = value_of(xml_child(node, "year"));
    g_autofree char *month = value_of(xml_child(node, "month"));
    g_autofree char *day = value_of(xml_child(node, "day"));
    return fact_date(year, month, day);
}

/* Not a publication, or not by the publisher; or an issue that gathers what came out before. */
static gboolean date_is_secondary(const xmlNode *node)
{
    static const char *const types[] = {"pmc-release", "nihms-submitted", "received", "accepted", "rev-recd", "retracted",
                                        "collection", "epreprint"};
    const char *type = xml_attribute(node, "pub-type");
    if (!type)
        type = xml_attribute(node, "date-type");
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (strcmp(type, types[i]) == 0)
            return TRUE;
    return FALSE;
}

/* The earliest date of publication; a secondary one only if there is no other. */
static char *publication_date(const xmlNode *front)
{
    char *best = NULL;
    for (int secondary = 0; secondary < 2 && !best; secondary++)
        for (const xmlNode *node = xml_child(front, "pub-date"); node; node = xml_next(node, "pub-date")) {
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

static char *contributor_name(const xmlNode *contributor)
{
    const xmlNode *name = xml_child(contributor, "name");
    if (!name)
        name = xml_path(contributor, "name-alternatives/name");
    g_autofree char *surname = value_of(xml_child(name, "surname"));
    g_autofree char *given = value_of(xml_child(name, "given-names"));
    if (surname)
        return given ? g_strconcat(given, " ", surname, NULL) : g_steal_pointer(&surname);
    char *other = value_of(xml_child(contributor, "string-name"));
    return other ? other : value_of(xml_child(contributor, "collab"));
}

static json_t *authors_of(const xmlNode *front)
{
    json_t *authors = json_array();
    for (const xmlNode *group = xml_child(front, "contrib-group"); group; group = xml_next(group, "contrib-group"))
        for (const xmlNode *one = xml_child(group, "contrib"); one; one = xml_next(one, "contrib")) {
            if (xml_attribute(one, "contrib-type") && !attribute_is(one, "contrib-type", "author"))
                continue;
            g_autofree char *name = contributor_name(one);
            fact_append(authors, name);
        }
    return authors;
}

static json_t *keywords_of(const xmlNode *front)
{
    json_t *keywords = json_array();
    for (const xmlNode *group = xml_child(front, "kwd-group"); group; group = xml_next(group, "kwd-group"))
        for (const xmlNode *kwd = xml_child(group, "kwd"); kwd; kwd = xml_next(kwd, "kwd")) {
            g_autofree char *value = value_of(kwd);
            fact_append(keywords, value);
        }
    return keywords;
}

static void collect_subjects(json_t *subjects, const xmlNode *group)
{
    for (const xmlNode *subject = xml_child(group, "subject"); subject; subject = xml_next(subject, "subject")) {
        g_autofree char *value = value_of(subject);
        fact_append(subjects, value);
    }
    for (const xmlNode *inner = xml_child(group, "subj-group"); inner; inner = xml_next(inner, "subj-group"))
        collect_subjects(subjects, inner);
}

static const char *href_below(const xmlNode *node)
{
    const char *href = xml_attribute(node, "href");
    if (href)
        return href;
    XML_EACH_ELEMENT(child, node)
        if ((href = href_below(child)))
            return href;
    return NULL;
}

/* One licence element: its SPDX identifier, or its own words, or its address. */
static char *licence_of(const xmlNode *licence, gboolean *recognised)
{
    g_autofree char *words = xml_text_string(licence, (gsize)64 << 10);
    const char *sources[] = {xml_attribute(licence, "href"), words, href_below(licence)};
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

static char *article_licence(const xmlNode *front)
{
    const xmlNode *permissions = xml_child(front, "permissions");
    char *licence = NULL;
    XML_EACH_ELEMENT(child, permissions) {
        if (!xml_is(child, "license") && !xml_is(child, "license_ref") && !xml_is(child, "free_to_read"))
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
    const xmlNode *statement = xml_child(permissions, "copyright-statement");
    g_autofree char *words = xml_text_string(statement, (gsize)64 << 10);
    return words ? fact_licence(words) : NULL;
}

static void set_retractions(json_t *meta, const xmlNode *article, const xmlNode *front)
{
    const char *type = xml_attribute(article, "article-type");
    gboolean notice = type && (strcmp(type, "retraction") == 0 || strcmp(type, "partial-retraction") == 0);
    gboolean retracted = FALSE;
    for (const xmlNode *link = xml_child(front, "related-article"); link; link = xml_next(link, "related-article")) {
        notice |= attribute_is(link, "related-article-type", "retracted-article");
        retracted |= attribute_is(link, "related-article-type", "retraction-forward");
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

static char *journal_of(const xmlNode *article)
{
    static const char *const places[] = {"front/journal-meta/journal-title-group/journal-title",
                                         "front/journal-meta/journal-title", "front/journal-meta/journal-id"};
    char *journal = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(places) && !journal; i++)
        journal = value_of(xml_path(article, places[i]));
    return journal;
}

void jats_meta(const xmlNode *article, Document *document)
{
    g_autoptr(json_t) meta = json_object();
    const xmlNode *front = xml_path(article, "front/article-meta");
    g_autofree char *journal = journal_of(article);
    const char *language = xml_attribute(article, "lang");
    json_t *subjects = json_array();
    const xmlNode *categories = xml_child(front, "article-categories");
    for (const xmlNode *group = xml_child(categories, "subj-group"); group; group = xml_next(group, "subj-group"))
        collect_subjects(subjects, group);
    set_ids(meta, front);
    fact_set(meta, "journal", journal);
    fact_set(meta, "article_type", xml_attribute(article, "article-type"));
    fact_set_array(meta, "authors", authors_of(front));
    fact_set_array(meta, "keywords", keywords_of(front));
    fact_set_array(meta, "subjects", subjects);
    set_retractions(meta, article, front);
    set_id_and_url(meta, document);
    document->title = full_title(front);
    document->date = publication_date(front);
    document->language = language ? g_strdup(fact_language(language)) : NULL;
    document->licence = article_licence(front);
    document->meta = json_write(meta);
}
