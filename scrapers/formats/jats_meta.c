/* SPDX-License-Identifier: Apache-2.0
 * Front matter of a JATS article (ANSI/NISO Z39.96); see jats_meta.h. */
#include "scrapers/formats/jats_meta.h"

#include "scrapers/formats/facts.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"
#include "store/licence.h"

#define VALUE_LIMIT 2000
#define TITLE_LIMIT ((gsize)64 << 10)
#define LICENCE_LIMIT 500 /* bytes of a licence's own words */
#define RELATED_LIMIT 200 /* related articles, reviews, dates */

static char *value_of(const XmlNode *node)
{
    return xml_text_string(node, VALUE_LIMIT);
}

static void set_ids(json_t *meta, const XmlNode *front)
{
    XML_EACH(id, front, XML_ARTICLE_ID) {
        const char *type = xml_attribute(id, XML_PUB_ID_TYPE);
        g_autofree char *value = value_of(id);
        if (!value || !type)
            continue;
        if (strcmp(type, "pmid") == 0 || strcmp(type, "doi") == 0) {
            fact_set(meta, type, value);
        } else if (strcmp(type, "pmc") == 0 || strcmp(type, "pmcid") == 0) {
            g_autofree char *pmcid = fact_pmcid(value);
            fact_set(meta, "pmcid", pmcid);
        } else if (strcmp(type, "publisher-id") == 0) {
            fact_set(meta, "publisher_id", value);
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
        char *known = sources[i] ? licence_in_text(sources[i]) : NULL;
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
        if (!xml_is(child, XML_LICENSE) && !xml_is(child, XML_LICENSE_REF) && !xml_is(child, XML_LICENSE_DASH_REF) && !xml_is(child, XML_FREE_TO_READ))
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
    return words ? licence_in_text(words) : NULL;
}

static gboolean starts_with_one_of(const char *text, const char *const *starts)
{
    for (; text && *starts; starts++)
        if (g_ascii_strncasecmp(text, *starts, strlen(*starts)) == 0)
            return TRUE;
    return FALSE;
}

/* What became of the work, or what this article says of another: by the type of the article, by its links, by its title. */
typedef struct Standing {
    gboolean retracted, notice, corrected, concern;
} Standing;

static void add_link(Standing *standing, const char *type)
{
    standing->notice |= strcmp(type, "retracted-article") == 0 || strcmp(type, "partial-retraction") == 0;
    standing->retracted |= strcmp(type, "retraction-forward") == 0;
    standing->corrected |= strcmp(type, "correction-forward") == 0;
    standing->concern |= strcmp(type, "concern-forward") == 0 || strcmp(type, "expression-of-concern") == 0;
}

/* <event event-type="retraction"> in the history of the publication (JATS 1.2 and later). */
static void add_events(Standing *standing, const XmlNode *front)
{
    const XmlNode *history = xml_child(front, XML_PUB_HISTORY);
    XML_EACH(event, history, XML_EVENT)
        standing->retracted |= xml_attribute_is(event, XML_EVENT_TYPE, "retraction") || xml_attribute_is(event, XML_EVENT_TYPE, "retracted");
}

static void set_standing(json_t *meta, const XmlNode *article, const XmlNode *front, const char *title)
{
    static const char *const retracted[] = {"RETRACTED:", "RETRACTED ARTICLE:", "RETRACTED CHAPTER:", "[RETRACTED]", "WITHDRAWN:", NULL};
    static const char *const notices[] = {"Retraction:", "Retraction note", "Notice of retraction", "Retraction notice", NULL};
    const char *type = xml_attribute(article, XML_ARTICLE_TYPE);
    Standing standing = {0};
    standing.notice = (type && (strcmp(type, "retraction") == 0 || strcmp(type, "partial-retraction") == 0)) || starts_with_one_of(title, notices);
    standing.retracted = (type && strcmp(type, "retracted-article") == 0) || starts_with_one_of(title, retracted);
    XML_EACH(link, front, XML_RELATED_ARTICLE) {
        const char *kind = xml_attribute(link, XML_RELATED_ARTICLE_TYPE);
        if (kind)
            add_link(&standing, kind);
    }
    add_events(&standing, front);
    if (standing.retracted)
        json_object_set_new(meta, "retracted", json_true());
    if (standing.notice)
        json_object_set_new(meta, "retraction_notice", json_true());
    if (standing.corrected)
        json_object_set_new(meta, "corrected", json_true());
    if (standing.concern)
        json_object_set_new(meta, "expression_of_concern", json_true());
}

/* {"type": "commentary-article", "doi": "10.1/x"}: the identifier under its own name, else what the link says in words. */
static json_t *related_articles(const XmlNode *front)
{
    json_t *related = json_array();
    XML_EACH(link, front, XML_RELATED_ARTICLE) {
        const char *kind = xml_attribute(link, XML_EXT_LINK_TYPE), *href = xml_attribute(link, XML_HREF);
        json_t *one = json_object();
        fact_set(one, "type", xml_attribute(link, XML_RELATED_ARTICLE_TYPE));
        if (href)
            fact_set(one, kind && strcmp(kind, "pubmed") == 0 ? "pmid" : kind ? kind : "href", href);
        g_autofree char *words = href ? NULL : value_of(link);
        fact_set(one, "source", words);
        if (json_object_size(one) > 0 && json_array_size(related) < RELATED_LIMIT)
            json_array_append_new(related, one);
        else
            json_decref(one);
    }
    return related;
}

/* Peer review and the like, whose text is not the article's: what there is of it. */
static json_t *sub_articles(const XmlNode *article)
{
    json_t *parts = json_array();
    XML_EACH_ELEMENT(part, article) {
        if ((part->name != XML_SUB_ARTICLE && part->name != XML_RESPONSE) || json_array_size(parts) >= RELATED_LIMIT)
            continue;
        const XmlNode *stub = xml_child(part, XML_FRONT_STUB);
        if (!stub)
            stub = xml_path(part, XML_FRONT, XML_ARTICLE_META);
        g_autofree char *title = value_of(xml_path(stub, XML_TITLE_GROUP, XML_ARTICLE_TITLE));
        const char *type = xml_attribute(part, part->name == XML_RESPONSE ? XML_RESPONSE_TYPE : XML_ARTICLE_TYPE);
        json_t *one = json_object();
        fact_set(one, "type", type ? type : "unknown");
        fact_set(one, "title", title);
        json_array_append_new(parts, one);
    }
    return parts;
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

static const char *either_attribute(const XmlNode *node, XmlName first, XmlName second)
{
    const char *value = xml_attribute(node, first);
    return value ? value : xml_attribute(node, second);
}

static void set_issns(json_t *meta, const XmlNode *about)
{
    XML_EACH(node, about, XML_ISSN) {
        const char *type = either_attribute(node, XML_PUB_TYPE, XML_PUBLICATION_FORMAT);
        gboolean electronic = type && type[0] == 'e'; /* epub, electronic */
        g_autofree char *value = value_of(node);
        const char *key = electronic ? "issn_electronic" : "issn";
        if (!json_object_get(meta, key))
            fact_set(meta, key, value);
    }
    g_autofree char *linking = value_of(xml_child(about, XML_ISSN_L));
    fact_set(meta, "issn_linking", linking);
}

static void set_journal(json_t *meta, const XmlNode *article)
{
    const XmlNode *about = xml_path(article, XML_FRONT, XML_JOURNAL_META), *group = xml_child(about, XML_JOURNAL_TITLE_GROUP);
    const XmlNode *abbreviation = xml_child(group, XML_ABBREV_JOURNAL_TITLE);
    XML_EACH(id, about, XML_JOURNAL_ID) {
        gboolean nlm = xml_attribute_is(id, XML_JOURNAL_ID_TYPE, "nlm-ta");
        if (nlm || (!abbreviation && xml_attribute_is(id, XML_JOURNAL_ID_TYPE, "iso-abbrev")))
            abbreviation = id;
    }
    if (!abbreviation)
        abbreviation = xml_child(about, XML_ABBREV_JOURNAL_TITLE);
    const XmlNode *titles[] = {xml_child(group, XML_JOURNAL_TITLE), xml_child(about, XML_JOURNAL_TITLE), xml_child(about, XML_JOURNAL_ID)};
    char *journal = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(titles) && !journal; i++)
        journal = value_of(titles[i]);
    g_autofree char *title = journal, *shorter = value_of(abbreviation);
    g_autofree char *publisher = value_of(xml_path(about, XML_PUBLISHER, XML_PUBLISHER_NAME));
    fact_set(meta, "journal", title);
    if (shorter && g_strcmp0(shorter, title) != 0)
        fact_set(meta, "journal_abbreviation", shorter);
    fact_set(meta, "publisher", publisher);
    set_issns(meta, about);
}

static void set_pages(json_t *meta, const XmlNode *front)
{
    g_autofree char *volume = value_of(xml_child(front, XML_VOLUME)), *issue = value_of(xml_child(front, XML_ISSUE));
    g_autofree char *first = value_of(xml_child(front, XML_FPAGE)), *last = value_of(xml_child(front, XML_LPAGE));
    g_autofree char *number = value_of(xml_child(front, XML_ELOCATION_ID));
    g_autofree char *pages = first && last && strcmp(first, last) != 0 ? g_strconcat(first, "-", last, NULL) : g_strdup(first);
    fact_set(meta, "volume", volume);
    fact_set(meta, "issue", issue);
    fact_set(meta, "pages", pages ? pages : number);
}

/* All dates that the article states, by their type: {"epub": "2014-02-03", "received": "2013-11-30"}. */
static void add_dates(json_t *dates, const XmlNode *parent, XmlName name)
{
    XML_EACH(node, parent, name) {
        const char *type = either_attribute(node, XML_PUB_TYPE, XML_DATE_TYPE);
        g_autofree char *date = date_of(node);
        if (date && type && !json_object_get(dates, type) && json_object_size(dates) < RELATED_LIMIT)
            fact_set(dates, type, date);
    }
}

static void set_dates(json_t *meta, const XmlNode *front)
{
    json_t *dates = json_object();
    add_dates(dates, front, XML_PUB_DATE);
    add_dates(dates, xml_child(front, XML_HISTORY), XML_DATE);
    if (json_object_size(dates) > 0)
        json_object_set_new(meta, "dates", dates);
    else
        json_decref(dates);
}

/* Kinds of abstract and languages that the article has beside the main one. */
static json_t *other_abstracts(const XmlNode *front)
{
    json_t *kinds = json_array();
    XML_EACH(abstract, front, XML_ABSTRACT)
        fact_append(kinds, xml_attribute(abstract, XML_ABSTRACT_TYPE));
    XML_EACH(abstract, front, XML_TRANS_ABSTRACT) {
        const char *language = xml_attribute(abstract, XML_LANG);
        fact_append(kinds, language ? language : "trans");
    }
    return kinds;
}

static json_t *trans_titles(const XmlNode *front)
{
    json_t *titles = json_array();
    const XmlNode *group = xml_child(front, XML_TITLE_GROUP);
    XML_EACH(trans, group, XML_TRANS_TITLE_GROUP) {
        g_autofree char *title = value_of(xml_child(trans, XML_TRANS_TITLE));
        fact_append(titles, title);
    }
    XML_EACH(trans, group, XML_TRANS_TITLE) {
        g_autofree char *title = value_of(trans);
        fact_append(titles, title);
    }
    return titles;
}

json_t *jats_meta(const XmlNode *article, Document *document)
{
    json_t *meta = json_object();
    const XmlNode *front = xml_path(article, XML_FRONT, XML_ARTICLE_META);
    const char *language = xml_attribute(article, XML_LANG);
    json_t *subjects = json_array();
    const XmlNode *categories = xml_child(front, XML_ARTICLE_CATEGORIES);
    XML_EACH(group, categories, XML_SUBJ_GROUP)
        collect_subjects(subjects, group);
    document->title = full_title(front);
    set_ids(meta, front);
    set_journal(meta, article);
    set_pages(meta, front);
    set_dates(meta, front);
    fact_set(meta, "article_type", xml_attribute(article, XML_ARTICLE_TYPE));
    fact_set_array(meta, "authors", authors_of(front));
    fact_set_array(meta, "keywords", keywords_of(front));
    fact_set_array(meta, "subjects", subjects);
    fact_set_array(meta, "translated_titles", trans_titles(front));
    fact_set_array(meta, "other_abstracts", other_abstracts(front));
    fact_set_array(meta, "related", related_articles(front));
    fact_set_array(meta, "sub_articles", sub_articles(article));
    set_standing(meta, article, front, document->title);
    set_id_and_url(meta, document);
    document->date = publication_date(front);
    document->language = language ? g_strdup(fact_language(language)) : NULL;
    document->licence = article_licence(front);
    return meta;
}
