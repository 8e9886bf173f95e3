/* SPDX-License-Identifier: Apache-2.0
 * The format `medline`: PubMed's citation XML (dtd.nlm.nih.gov, "pubmed_YYMMDD.dtd") to abstracts.
 *
 * One record is a PubmedArticle, a PubmedBookArticle or a DeleteCitation. The text is an abstract (medline_abstract.h);
 * the copyright line and keywords are no part of it. */
#include <string.h>

#include "scrapers/extract/charset.h"
#include "scrapers/formats/formats.h"
#include "scrapers/formats/medline_abstract.h"
#include "scrapers/formats/medline_text.h"

#define TITLE_LIMIT ((gsize)64 << 10)
#define DELETED_SHOWN 160 /* bytes of PMIDs in the id of a DeleteCitation */

static const char *const medline_records[] = {"PubmedArticle", "PubmedBookArticle", "DeleteCitation", NULL};

/* ---- Titles -------------------------------------------------------------------------------------------------- */

/* "[Title in translation]." without the brackets that mark it as one. */
static void unbracket(Buffer *title)
{
    gsize length = title->length, period = length && title->data[length - 1] == '.';
    if (length < 3 + period || title->data[0] != '[' || title->data[length - 1 - period] != ']')
        return;
    if (memchr(title->data + 1, ']', length - 2 - period))
        return;
    memmove(title->data, title->data + 1, length - 2 - period);
    buffer_truncate(title, length - 2 - period);
    if (period)
        buffer_append_byte(title, '.');
}

static gboolean is_placeholder(const char *title)
{
    static const char *const placeholders[] = {"Not Available", "In Process Citation"};
    const char *begin = title + strspn(title, "[ ");
    for (gsize i = 0; i < G_N_ELEMENTS(placeholders); i++) {
        gsize length = strlen(placeholders[i]);
        if (g_ascii_strncasecmp(begin, placeholders[i], length) == 0 && begin[length + strspn(begin + length, "]. ")] == '\0')
            return TRUE;
    }
    return FALSE;
}

static gboolean take_title(const XmlTape *tape, guint32 element, Buffer *title)
{
    buffer_reset(title);
    if (element != TAPE_NONE)
        medline_text_line(title, tape, element);
    return title->length > 0 && !title->overflowed;
}

static char *medline_title(const XmlTape *tape, guint32 article)
{
    g_auto(Buffer) title;
    buffer_init(&title, TITLE_LIMIT);
    gboolean found = take_title(tape, xml_tape_child(tape, article, MEDLINE_ArticleTitle), &title) ||
                     take_title(tape, xml_tape_child(tape, xml_tape_child(tape, article, MEDLINE_Book), MEDLINE_BookTitle), &title);
    if (!found || is_placeholder(title.data))
        found = take_title(tape, xml_tape_child(tape, article, MEDLINE_VernacularTitle), &title);
    if (!found)
        return NULL;
    unbracket(&title);
    return buffer_steal(&title, NULL);
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

/* A list of citations to delete is no document. Its facts hold all of them; its id names as many as fit. */
static void deleted_failure(const XmlTape *tape, Document *document, ParseFailure *failure)
{
    g_autoptr(GString) id = g_string_new("DeleteCitation:");
    g_auto(Buffer) number;
    buffer_init(&number, 32);
    for (guint32 pmid = xml_tape_child(tape, 0, MEDLINE_PMID); pmid != TAPE_NONE && id->len < DELETED_SHOWN;
         pmid = xml_tape_next(tape, 0, pmid)) {
        medline_text_line(&number, tape, pmid);
        if (number.length)
            g_string_append_printf(id, "%s%s", g_str_has_suffix(id->str, ":") ? "" : ",", number.data);
    }
    unsigned count;
    document->meta = medline_deleted(tape, 0, &count);
    g_free(document->id);
    document->id = g_string_free(g_steal_pointer(&id), FALSE);
    parse_failure_set(failure, RULE_DELETED, "the publisher withdrew %u citation%s: %s", count, count == 1 ? "" : "s",
                      document->id + strlen("DeleteCitation:"));
}

static gboolean citation_parse(const MedlineCitation *citation, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    g_auto(Buffer) pmid;
    buffer_init(&pmid, 32);
    guint32 element = xml_tape_child(citation->tape, citation->citation, MEDLINE_PMID);
    if (element != TAPE_NONE)
        medline_text_line(&pmid, citation->tape, element);
    if (pmid.length == 0 || pmid.overflowed) {
        parse_failure_set(failure, RULE_MALFORMED_XML, "line %" G_GUINT64_FORMAT ": the citation has no PMID", citation->tape->line);
        return FALSE;
    }
    g_free(document->id);
    document->id = g_strconcat("PMID:", pmid.data, NULL);
    document->kind = g_strdup("abstract");
    document->url = g_strconcat("https://pubmed.ncbi.nlm.nih.gov/", pmid.data, "/", NULL);
    document->title = medline_title(citation->tape, citation->article);
    document->licence = g_strdup(options->licence);
    medline_meta(citation, document);
    return medline_abstract(citation, options, document, failure);
}

static void free_tape(gpointer tape)
{
    xml_tape_free(tape);
}

/* A tape keeps its memory from record to record; each thread has one. */
static GPrivate thread_tape = G_PRIVATE_INIT(free_tape);

static XmlTape *tape_of_thread(void)
{
    XmlTape *tape = g_private_get(&thread_tape);
    if (!tape) {
        tape = xml_tape_new(medline_vocabulary, MEDLINE_NAMES);
        g_private_set(&thread_tape, tape);
    }
    return tape;
}

static gboolean record_parse(XmlTape *tape, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    if (tape->elements[0].name == MEDLINE_DeleteCitation) {
        deleted_failure(tape, document, failure);
        return FALSE;
    }
    MedlineCitation citation = {.tape = tape, .citation = xml_tape_child(tape, 0, MEDLINE_MedlineCitation)};
    if (citation.citation != TAPE_NONE) {
        citation.article = xml_tape_child(tape, citation.citation, MEDLINE_Article);
        citation.data = xml_tape_child(tape, 0, MEDLINE_PubmedData);
        return citation_parse(&citation, options, document, failure);
    }
    citation.citation = citation.article = xml_tape_child(tape, 0, MEDLINE_BookDocument);
    citation.data = xml_tape_child(tape, 0, MEDLINE_PubmedBookData);
    if (citation.citation != TAPE_NONE)
        return citation_parse(&citation, options, document, failure);
    parse_failure_set(failure, RULE_NOT_A_DOCUMENT, "line %" G_GUINT64_FORMAT ": a record without MedlineCitation or BookDocument", tape->line);
    return FALSE;
}

/* Reads a record of a file in another encoding than UTF-8 by way of its text in UTF-8, which the caller frees. */
static char *decode_record(const Record *record, gsize *length, ParseFailure *failure)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *name = strchr(record->content_type, '=') + 1;
    if (!charset_from_label(name, strlen(name))) {
        parse_failure_set(failure, RULE_MALFORMED_XML, "line %" G_GUINT64_FORMAT ": the file declares the encoding '%.40s', which is not known",
                          record->line, name);
        return NULL;
    }
    g_autofree char *text = charset_decode(record->bytes, record->length, record->content_type, RECORD_LIMIT, length);
    if (!text)
        parse_failure_set(failure, RULE_TOO_LARGE, "more than %" G_GSIZE_FORMAT " bytes as UTF-8", RECORD_LIMIT);
    else if (strstr(text, replacement))
        parse_failure_set(failure, RULE_INVALID_UTF8, "line %" G_GUINT64_FORMAT ": bytes that are not in the file's encoding '%.40s'", record->line, name);
    return failure->rule ? NULL : g_steal_pointer(&text);
}

static gboolean medline_parse(const Record *record, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    XmlTape *tape = tape_of_thread();
    gsize length = record->length;
    g_autofree char *decoded = record->content_type ? decode_record(record, &length, failure) : NULL;
    document->id = g_strdup(record->origin);
    if (failure->rule || !xml_tape_read(tape, decoded ? decoded : record->bytes, length, MAX(record->line, 1), failure))
        return FALSE;
    return record_parse(tape, options, document, failure);
}

/* The number of a citation's own PMID, which is its first; a record without one is drawn by all of its bytes. */
static const char *medline_key(const Record *record, gsize *length)
{
    static const char pmid[] = "<PMID";
    if (g_str_has_prefix(record->bytes, "<DeleteCitation"))
        return NULL;
    const char *found = memmem(record->bytes, record->length, pmid, strlen(pmid));
    const char *start = found ? strchr(found, '>') : NULL;
    gsize digits = start ? strspn(start + 1, "0123456789") : 0;
    *length = digits ? digits : record->length;
    return digits ? start + 1 : record->bytes;
}

const Format format_medline = {
    .name = "medline",
    .summary = "PubMed baseline and update files (.xml.gz): titles and abstracts",
    .split = SPLIT_ELEMENTS,
    .elements = medline_records,
    .sandboxed = TRUE,
    .parse = medline_parse,
    .key = medline_key,
};
