/* SPDX-License-Identifier: Apache-2.0
 * Facts of a MEDLINE citation, written as JSON in one pass; see medline_meta.h.
 *
 * There are a hundred small values in a citation, so that objects of jansson would cost more than all the parsing. The
 * keys are written in their order, which is that of json_write. */
#include "scrapers/formats/medline_meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "scrapers/formats/facts.h"
#include "scrapers/formats/medline_text.h"

#define VALUE_LIMIT 2000
#define META_LIMIT ((gsize)24 << 20) /* all PMIDs that a record of 64 MB can delete */
#define LIST_LIMIT 10000 /* values of one kind; hostile files have more */
#define RECENT 64        /* values among which a repeated one is noticed: a long list costs no square */

typedef struct Facts {
    const XmlTape *tape;
    Buffer out;  /* the object */
    Buffer line; /* a value */
    /* of the list that is being written: */
    gsize starts[RECENT], sizes[RECENT]; /* in `out`, of the last values, as a ring */
    unsigned count;
} Facts;

/* ---- Values -------------------------------------------------------------------------------------------------- */

static void put_key(Facts *facts, const char *key)
{
    buffer_append_byte(&facts->out, facts->out.length ? ',' : '{');
    json_append_string(&facts->out, key, strlen(key));
    buffer_append_byte(&facts->out, ':');
}

/* Reads an element's text into facts->line; FALSE if there is none, or far too much. */
static gboolean take_line(Facts *facts, guint32 element)
{
    if (element == TAPE_NONE)
        return FALSE;
    medline_text_line(&facts->line, facts->tape, element);
    return !facts->line.overflowed && facts->line.length > 0;
}

static void put_line(Facts *facts, const char *key)
{
    put_key(facts, key);
    json_append_string(&facts->out, facts->line.data, facts->line.length);
}

static void put_element(Facts *facts, const char *key, guint32 element)
{
    if (take_line(facts, element))
        put_line(facts, key);
}

static void put_string(Facts *facts, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    put_key(facts, key);
    json_append_string(&facts->out, value, strlen(value));
}

static void put_flag(Facts *facts, const char *key, gboolean flag)
{
    if (!flag)
        return;
    put_key(facts, key);
    buffer_append_string(&facts->out, "true");
}

/* A list begins with its first value, so that an empty one is left out. */
static void list_begin(Facts *facts)
{
    facts->count = 0;
}

static void list_add(Facts *facts, const char *key, const char *value, gsize length)
{
    Buffer *out = &facts->out;
    if (length == 0 || facts->count == LIST_LIMIT)
        return;
    gsize before = out->length;
    if (facts->count == 0) {
        put_key(facts, key);
        buffer_append_byte(out, '[');
    } else {
        buffer_append_byte(out, ',');
    }
    gsize start = out->length;
    json_append_string(out, value, length);
    gsize size = out->length - start;
    for (unsigned i = 0; i < MIN(facts->count, RECENT) && !out->overflowed; i++)
        if (facts->sizes[i] == size && memcmp(out->data + facts->starts[i], out->data + start, size) == 0) {
            buffer_truncate(out, before);
            return;
        }
    facts->starts[facts->count % RECENT] = start;
    facts->sizes[facts->count % RECENT] = size;
    facts->count++;
}

static void list_add_line(Facts *facts, const char *key, guint32 element)
{
    if (take_line(facts, element))
        list_add(facts, key, facts->line.data, facts->line.length);
}

static void list_end(Facts *facts)
{
    if (facts->count)
        buffer_append_byte(&facts->out, ']');
}

/* Each child with this name, in order. */
#define EACH_CHILD(child, tape, parent, name)                                                                          \
    for (guint32 child = xml_tape_child(tape, parent, name); child != TAPE_NONE; child = xml_tape_next(tape, parent, child))

/* The texts of every `name` in `parent`. */
static void put_list(Facts *facts, const char *key, guint32 parent, guint32 name)
{
    list_begin(facts);
    EACH_CHILD(child, facts->tape, parent, name)
        list_add_line(facts, key, child);
    list_end(facts);
}

static gboolean attribute_is(const XmlTape *tape, guint32 element, const char *name, const char *expected)
{
    const char *value;
    gsize length;
    return xml_tape_attribute(tape, element, name, &value, &length) && length == strlen(expected) && memcmp(value, expected, length) == 0;
}

/* ---- Dates and languages ------------------------------------------------------------------------------------- */

static void copy_part(Facts *facts, guint32 date, guint32 name, char part[32])
{
    guint32 element = xml_tape_child(facts->tape, date, name);
    part[0] = '\0';
    if (take_line(facts, element))
        g_strlcpy(part, facts->line.data, 32);
}

/* "2019-06-03", or as much of it as is known; g_free. */
static char *date_of(Facts *facts, guint32 date)
{
    char year[32], month[32], day[32];
    if (date == TAPE_NONE)
        return NULL;
    if (take_line(facts, xml_tape_child(facts->tape, date, MEDLINE_MedlineDate)))
        return fact_date_from_words(facts->line.data);
    copy_part(facts, date, MEDLINE_Year, year);
    copy_part(facts, date, MEDLINE_Month, month);
    copy_part(facts, date, MEDLINE_Day, day);
    return fact_date(year, *month ? month : NULL, *day ? day : NULL);
}

static void put_date(Facts *facts, const char *key, guint32 date)
{
    g_autofree char *text = date_of(facts, date);
    put_string(facts, key, text);
}

static guint32 issue_date(const MedlineCitation *citation)
{
    const XmlTape *tape = citation->tape;
    guint32 journal = xml_tape_child(tape, citation->article, MEDLINE_Journal);
    return xml_tape_child(tape, xml_tape_child(tape, journal, MEDLINE_JournalIssue), MEDLINE_PubDate);
}

static char *publication_date(Facts *facts, const MedlineCitation *citation)
{
    const XmlTape *tape = citation->tape;
    const guint32 places[] = {
        issue_date(citation),
        xml_tape_child(tape, xml_tape_child(tape, citation->article, MEDLINE_Book), MEDLINE_PubDate),
        xml_tape_child(tape, citation->article, MEDLINE_ArticleDate),
        xml_tape_child(tape, citation->article, MEDLINE_ContributionDate),
    };
    char *date = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(places) && !date; i++)
        date = date_of(facts, places[i]);
    return date;
}

/* English if the citation names it among others, else the first that it names. */
static void put_languages(Facts *facts, const MedlineCitation *citation, Document *document)
{
    const char *first = NULL;
    unsigned count = 0;
    gboolean english = FALSE;
    EACH_CHILD(element, facts->tape, citation->article, MEDLINE_Language) {
        const char *code = take_line(facts, element) ? fact_language(facts->line.data) : NULL;
        if (!code)
            continue;
        count += !first || strcmp(code, first) != 0;
        first = first ? first : code;
        english |= strcmp(code, "en") == 0;
    }
    if (!document->language && first)
        document->language = g_strdup(english ? "en" : first);
    if (count < 2)
        return;
    list_begin(facts);
    EACH_CHILD(element, facts->tape, citation->article, MEDLINE_Language) {
        const char *code = take_line(facts, element) ? fact_language(facts->line.data) : NULL;
        if (code)
            list_add(facts, "languages", code, strlen(code));
    }
    list_end(facts);
}

/* ---- People and subjects ------------------------------------------------------------------------------------- */

/* "Jane Roe Jr" in facts->line; FALSE if the author has no name. */
static gboolean author_name(Facts *facts, guint32 author)
{
    const XmlTape *tape = facts->tape;
    if (!take_line(facts, xml_tape_child(tape, author, MEDLINE_LastName)))
        return take_line(facts, xml_tape_child(tape, author, MEDLINE_CollectiveName));
    g_autofree char *last = g_strdup(facts->line.data);
    g_autofree char *suffix = NULL;
    if (take_line(facts, xml_tape_child(tape, author, MEDLINE_Suffix)))
        suffix = g_strdup(facts->line.data);
    if (take_line(facts, xml_tape_child(tape, author, MEDLINE_ForeName)) || take_line(facts, xml_tape_child(tape, author, MEDLINE_Initials)))
        buffer_append_byte(&facts->line, ' ');
    else
        buffer_reset(&facts->line);
    buffer_append_string(&facts->line, last);
    if (suffix) {
        buffer_append_byte(&facts->line, ' ');
        buffer_append_string(&facts->line, suffix);
    }
    return !facts->line.overflowed;
}

static void put_authors(Facts *facts, guint32 article)
{
    const XmlTape *tape = facts->tape;
    guint32 list = xml_tape_child(tape, article, MEDLINE_AuthorList);
    list_begin(facts);
    EACH_CHILD(author, tape, list, MEDLINE_Author)
        if (author_name(facts, author))
            list_add(facts, "authors", facts->line.data, facts->line.length);
    list_end(facts);
}

/* Appends "/" or nothing, "*" for a major topic, and the name. TRUE if it is major. */
static gboolean append_topic(Facts *facts, GString *heading, guint32 element)
{
    gboolean major = attribute_is(facts->tape, element, "MajorTopicYN", "Y");
    if (!take_line(facts, element))
        return FALSE;
    if (heading->len)
        g_string_append_c(heading, '/');
    if (major)
        g_string_append_c(heading, '*');
    g_string_append_len(heading, facts->line.data, (gssize)facts->line.length);
    return major;
}

static void put_mesh(Facts *facts, guint32 citation)
{
    const XmlTape *tape = facts->tape;
    guint32 list = xml_tape_child(tape, citation, MEDLINE_MeshHeadingList);
    list_begin(facts);
    EACH_CHILD(heading, tape, list, MEDLINE_MeshHeading)
        list_add_line(facts, "mesh", xml_tape_child(tape, heading, MEDLINE_DescriptorName));
    list_end(facts);
    list_begin(facts);
    g_autoptr(GString) text = g_string_new(NULL);
    EACH_CHILD(heading, tape, list, MEDLINE_MeshHeading) {
        g_string_truncate(text, 0);
        gboolean more = append_topic(facts, text, xml_tape_child(tape, heading, MEDLINE_DescriptorName));
        EACH_CHILD(qualifier, tape, heading, MEDLINE_QualifierName) {
            append_topic(facts, text, qualifier);
            more = TRUE;
        }
        if (more)
            list_add(facts, "mesh_headings", text->str, text->len);
    }
    list_end(facts);
}

/* ---- Identifiers --------------------------------------------------------------------------------------------- */

typedef struct Identifiers {
    char *doi, *pmcid;
} Identifiers;

static void take_identifier(Facts *facts, guint32 element, const char *attribute, Identifiers *ids)
{
    char **id = attribute_is(facts->tape, element, attribute, "doi") ? &ids->doi
                : attribute_is(facts->tape, element, attribute, "pmc") ? &ids->pmcid
                                                                       : NULL;
    if (!id || !take_line(facts, element))
        return;
    char *value = id == &ids->doi ? g_strdup(facts->line.data) : fact_pmcid(facts->line.data);
    if (!value)
        return;
    g_free(*id);
    *id = value;
}

/* PubMed's own list stands behind the article's, and has the last word. */
static void take_identifiers(Facts *facts, const MedlineCitation *citation, Identifiers *ids)
{
    const XmlTape *tape = citation->tape;
    EACH_CHILD(element, tape, citation->article, MEDLINE_ELocationID)
        if (!attribute_is(tape, element, "ValidYN", "N"))
            take_identifier(facts, element, "EIdType", ids);
    const guint32 owners[] = {citation->citation, citation->data};
    for (gsize i = 0; i < G_N_ELEMENTS(owners); i++) {
        guint32 list = xml_tape_child(tape, owners[i], MEDLINE_ArticleIdList);
        EACH_CHILD(element, tape, list, MEDLINE_ArticleId)
            take_identifier(facts, element, "IdType", ids);
    }
}

/* The number of the version of a PMID element: 1 unless it says more. */
static unsigned pmid_version(const XmlTape *tape, guint32 pmid)
{
    const char *value;
    gsize length;
    if (!xml_tape_attribute(tape, pmid, "Version", &value, &length) || length == 0 || length > 3)
        return 1;
    unsigned version = (unsigned)strtoul(value, NULL, 10);
    return MAX(version, 1);
}

static void put_version(Facts *facts, guint32 pmid)
{
    unsigned version = pmid == TAPE_NONE ? 1 : pmid_version(facts->tape, pmid);
    if (version == 1)
        return;
    g_autofree char *text = g_strdup_printf("%u", version);
    put_key(facts, "version");
    buffer_append_string(&facts->out, text);
}

/* ---- Retractions and other links ----------------------------------------------------------------------------- */

typedef struct Links {
    gboolean retracted, notice, corrected, concern;
} Links;

static guint32 publication_types(const MedlineCitation *citation)
{
    guint32 list = xml_tape_child(citation->tape, citation->article, MEDLINE_PublicationTypeList);
    return list != TAPE_NONE ? list : citation->article;
}

static void take_links(Facts *facts, const MedlineCitation *citation, guint32 list, Links *links)
{
    const XmlTape *tape = citation->tape;
    EACH_CHILD(type, tape, publication_types(citation), MEDLINE_PublicationType) {
        if (!take_line(facts, type))
            continue;
        links->retracted |= strcmp(facts->line.data, "Retracted Publication") == 0;
        links->notice |= strcmp(facts->line.data, "Retraction of Publication") == 0;
    }
    EACH_CHILD(link, tape, list, MEDLINE_CommentsCorrections) {
        links->retracted |= attribute_is(tape, link, "RefType", "RetractionIn") || attribute_is(tape, link, "RefType", "RetractedandRepublishedIn");
        links->notice |= attribute_is(tape, link, "RefType", "RetractionOf");
        links->corrected |= attribute_is(tape, link, "RefType", "ErratumIn") || attribute_is(tape, link, "RefType", "CorrectedandRepublishedIn");
        links->concern |= attribute_is(tape, link, "RefType", "ExpressionOfConcernIn");
    }
}

/* One link as an object: its type, and the citation's PMID or, failing that, how it is quoted. */
static void put_link(Facts *facts, guint32 link, gboolean first)
{
    const XmlTape *tape = facts->tape;
    gboolean pmid = take_line(facts, xml_tape_child(tape, link, MEDLINE_PMID));
    if (!pmid && !take_line(facts, xml_tape_child(tape, link, MEDLINE_RefSource)))
        return;
    Buffer *out = &facts->out;
    if (first)
        put_key(facts, "related");
    buffer_append_string(out, first ? "[{" : ",{");
    buffer_append_string(out, pmid ? "\"pmid\":" : "\"source\":");
    json_append_string(out, facts->line.data, facts->line.length);
    medline_attribute_line(&facts->line, tape, link, "RefType");
    buffer_append_string(out, ",\"type\":");
    json_append_string(out, facts->line.length ? facts->line.data : "", facts->line.length);
    buffer_append_byte(out, '}');
}

/* All but the references of old citations ("Cites"). */
static void put_related(Facts *facts, guint32 list)
{
    unsigned count = 0;
    gsize before = facts->out.length;
    EACH_CHILD(link, facts->tape, list, MEDLINE_CommentsCorrections) {
        if (attribute_is(facts->tape, link, "RefType", "Cites") || count == LIST_LIMIT)
            continue;
        put_link(facts, link, facts->out.length == before);
        count++;
    }
    if (facts->out.length > before)
        buffer_append_byte(&facts->out, ']');
}

static void put_retraction_pmids(Facts *facts, guint32 list)
{
    list_begin(facts);
    EACH_CHILD(link, facts->tape, list, MEDLINE_CommentsCorrections)
        if (attribute_is(facts->tape, link, "RefType", "RetractionIn") || attribute_is(facts->tape, link, "RefType", "RetractionOf"))
            list_add_line(facts, "retraction_pmids", xml_tape_child(facts->tape, link, MEDLINE_PMID));
    list_end(facts);
}

static void put_other_abstracts(Facts *facts, guint32 citation)
{
    list_begin(facts);
    EACH_CHILD(other, facts->tape, citation, MEDLINE_OtherAbstract) {
        g_autoptr(GString) name = g_string_new(NULL);
        if (medline_attribute_line(&facts->line, facts->tape, other, "Type"))
            g_string_append_len(name, facts->line.data, (gssize)facts->line.length);
        g_string_append_c(name, '/');
        if (medline_attribute_line(&facts->line, facts->tape, other, "Language"))
            g_string_append_len(name, facts->line.data, (gssize)facts->line.length);
        else
            g_string_append(name, "eng");
        list_add(facts, "other_abstracts", name->str, name->len);
    }
    list_end(facts);
}

static void put_unknown(Facts *facts)
{
    list_begin(facts);
    for (guint32 i = 0; i < facts->tape->unknown_count; i++)
        list_add(facts, "unknown_elements", facts->tape->unknown[i], strlen(facts->tape->unknown[i]));
    list_end(facts);
}

/* ---- The object ---------------------------------------------------------------------------------------------- */

static void put_pages(Facts *facts, guint32 article)
{
    guint32 pages = xml_tape_child(facts->tape, article, MEDLINE_Pagination);
    if (take_line(facts, xml_tape_child(facts->tape, pages, MEDLINE_MedlinePgn))) {
        put_line(facts, "pages");
        return;
    }
    guint32 last = xml_tape_child(facts->tape, pages, MEDLINE_EndPage);
    g_autofree char *end = take_line(facts, last) ? g_strdup(facts->line.data) : NULL;
    if (!take_line(facts, xml_tape_child(facts->tape, pages, MEDLINE_StartPage)))
        return;
    if (end) {
        buffer_append_byte(&facts->line, '-');
        buffer_append_string(&facts->line, end);
    }
    put_line(facts, "pages");
}

/* Keys from "book" to "keywords". */
static void put_publication(Facts *facts, const MedlineCitation *citation, const Identifiers *ids, const Links *links)
{
    const XmlTape *tape = citation->tape;
    guint32 article = citation->article, journal = xml_tape_child(tape, article, MEDLINE_Journal);
    guint32 issue = xml_tape_child(tape, journal, MEDLINE_JournalIssue), info = xml_tape_child(tape, citation->citation, MEDLINE_MedlineJournalInfo);
    put_element(facts, "book", xml_tape_child(tape, xml_tape_child(tape, article, MEDLINE_Book), MEDLINE_BookTitle));
    put_flag(facts, "corrected", links->corrected);
    put_date(facts, "date_completed", xml_tape_child(tape, citation->citation, MEDLINE_DateCompleted));
    put_date(facts, "date_electronic", xml_tape_child(tape, article, MEDLINE_ArticleDate));
    put_date(facts, "date_revised", xml_tape_child(tape, citation->citation, MEDLINE_DateRevised));
    put_string(facts, "doi", ids->doi);
    put_flag(facts, "expression_of_concern", links->concern);
    put_element(facts, "issn", xml_tape_child(tape, journal, MEDLINE_ISSN));
    put_element(facts, "issn_linking", xml_tape_child(tape, info, MEDLINE_ISSNLinking));
    put_element(facts, "issue", xml_tape_child(tape, issue, MEDLINE_Issue));
    put_element(facts, "journal", xml_tape_child(tape, journal, MEDLINE_Title));
    guint32 short_title = xml_tape_child(tape, journal, MEDLINE_ISOAbbreviation);
    put_element(facts, "journal_abbreviation", short_title != TAPE_NONE ? short_title : xml_tape_child(tape, info, MEDLINE_MedlineTA));
    put_element(facts, "journal_nlm_id", xml_tape_child(tape, info, MEDLINE_NlmUniqueID));
    list_begin(facts);
    EACH_CHILD(keywords, tape, citation->citation, MEDLINE_KeywordList)
        EACH_CHILD(keyword, tape, keywords, MEDLINE_Keyword)
            list_add_line(facts, "keywords", keyword);
    list_end(facts);
}

void medline_meta(const MedlineCitation *citation, Document *document)
{
    const XmlTape *tape = citation->tape;
    Facts facts = {.tape = tape};
    Identifiers ids = {0};
    Links links = {0};
    guint32 pmid = xml_tape_child(tape, citation->citation, MEDLINE_PMID);
    guint32 list = xml_tape_child(tape, citation->citation, MEDLINE_CommentsCorrectionsList);
    guint32 journal = xml_tape_child(tape, citation->article, MEDLINE_Journal);
    buffer_init(&facts.out, META_LIMIT);
    buffer_init(&facts.line, VALUE_LIMIT);
    take_identifiers(&facts, citation, &ids);
    take_links(&facts, citation, list, &links);
    put_authors(&facts, citation->article);
    put_publication(&facts, citation, &ids, &links);
    put_languages(&facts, citation, document);
    put_element(&facts, "medline_date", xml_tape_child(tape, issue_date(citation), MEDLINE_MedlineDate));
    put_mesh(&facts, citation->citation);
    put_other_abstracts(&facts, citation->citation);
    put_pages(&facts, citation->article);
    put_string(&facts, "pmcid", ids.pmcid);
    put_element(&facts, "pmid", pmid);
    put_list(&facts, "publication_types", publication_types(citation), MEDLINE_PublicationType);
    guint32 book = xml_tape_child(tape, citation->article, MEDLINE_Book);
    put_element(&facts, "publisher", xml_tape_child(tape, xml_tape_child(tape, book, MEDLINE_Publisher), MEDLINE_PublisherName));
    put_related(&facts, list);
    put_flag(&facts, "retracted", links.retracted);
    put_flag(&facts, "retraction_notice", links.notice);
    put_retraction_pmids(&facts, list);
    put_unknown(&facts);
    put_element(&facts, "vernacular_title", xml_tape_child(tape, citation->article, MEDLINE_VernacularTitle));
    put_version(&facts, pmid);
    put_element(&facts, "volume", xml_tape_child(tape, xml_tape_child(tape, journal, MEDLINE_JournalIssue), MEDLINE_Volume));
    buffer_append_string(&facts.out, facts.out.length ? "}" : "{}");
    document->date = publication_date(&facts, citation);
    document->meta = facts.out.overflowed ? NULL : buffer_steal(&facts.out, NULL);
    buffer_clear(&facts.out);
    buffer_clear(&facts.line);
    g_free(ids.doi);
    g_free(ids.pmcid);
}

char *medline_deleted(const XmlTape *tape, guint32 root, unsigned *count)
{
    Facts facts = {.tape = tape};
    buffer_init(&facts.out, META_LIMIT);
    buffer_init(&facts.line, VALUE_LIMIT);
    *count = 0;
    EACH_CHILD(pmid, tape, root, MEDLINE_PMID) {
        if (!take_line(&facts, pmid))
            continue;
        if (*count == 0) {
            put_key(&facts, "deletes");
            buffer_append_byte(&facts.out, '[');
        } else {
            buffer_append_byte(&facts.out, ',');
        }
        if (pmid_version(tape, pmid) > 1) {
            g_autofree char *version = g_strdup_printf(".%u", pmid_version(tape, pmid));
            buffer_append_string(&facts.line, version);
        }
        json_append_string(&facts.out, facts.line.data, facts.line.length);
        (*count)++;
    }
    buffer_append_string(&facts.out, *count ? "]}" : "{}");
    char *meta = facts.out.overflowed ? NULL : buffer_steal(&facts.out, NULL);
    buffer_clear(&facts.out);
    buffer_clear(&facts.line);
    return meta;
}
