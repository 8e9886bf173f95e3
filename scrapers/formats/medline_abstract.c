/* SPDX-License-Identifier: Apache-2.0
 * Which abstract, and its text; see medline_abstract.h. */
#include "scrapers/formats/medline_abstract.h"

#include <string.h>

#include "scrapers/formats/facts.h"
#include "scrapers/formats/medline_text.h"

#define LABEL_LIMIT 1000
#define MAIN "main"
#define ANY "any"
#define SUMMARY "plain-language-summary"

/* What a label says as a heading; FALSE for one that says nothing. */
static gboolean part_label(const XmlTape *tape, guint32 part, Buffer *label)
{
    static const char *const empty[] = {"UNASSIGNED", "UNLABELLED", "ABSTRACT"};
    if (!medline_attribute_line(label, tape, part, "Label") || label->overflowed)
        return FALSE;
    while (label->length && (label->data[label->length - 1] == ':' || label->data[label->length - 1] == ' '))
        buffer_truncate(label, label->length - 1);
    for (gsize i = 0; i < G_N_ELEMENTS(empty); i++)
        if (g_ascii_strcasecmp(label->data, empty[i]) == 0)
            return FALSE;
    return label->length > 0;
}

/* A part is a paragraph, under its label or behind it. One without text leaves nothing, not even its label. */
static void append_part(TextForm *form, const MedlineCitation *citation, guint32 part, gboolean in_line, Buffer *label)
{
    gboolean labelled = part_label(citation->tape, part, label);
    TextFormPlace before = text_form_place(form);
    if (labelled && !in_line) {
        text_form_heading(form, 2);
        text_form_text(form, label->data, label->length);
    }
    TextFormPlace headed = text_form_place(form);
    text_form_begin(form, BLOCK_PARAGRAPH, "");
    if (labelled && in_line) {
        text_form_text(form, label->data, label->length);
        text_form_mark(form, ":");
        text_form_space(form);
    }
    gsize bare = form->line.length;
    medline_text_append(form, citation->tape, part, TRUE);
    if (form->line.length > bare)
        text_form_end(form);
    else
        buffer_reset(&form->line);
    if (form->out.length == headed.length && !form->out.overflowed)
        text_form_return(form, before);
}

/* The parts of an Abstract or OtherAbstract in document->text; FALSE if it has no text. */
static gboolean take_abstract(const MedlineCitation *citation, guint32 abstract, gboolean in_line, Document *document, ParseFailure *failure)
{
    if (abstract == TAPE_NONE)
        return FALSE;
    g_auto(TextForm) form;
    g_auto(Buffer) label;
    text_form_init(&form, DOCUMENT_TEXT_LIMIT);
    buffer_init(&label, LABEL_LIMIT);
    for (guint32 part = xml_tape_child(citation->tape, abstract, MEDLINE_AbstractText); part != TAPE_NONE;
         part = xml_tape_next(citation->tape, abstract, part))
        append_part(&form, citation, part, in_line, &label);
    g_clear_pointer(&document->text, g_free);
    if (!text_form_finish(&form, &document->text, &document->text_length)) {
        document->text_length = 0;
        parse_failure_set(failure, RULE_TOO_LARGE, "the abstract is too long");
        return FALSE;
    }
    return document->text_length > 0;
}

/* ---- The choice ---------------------------------------------------------------------------------------------- */

typedef struct OtherAbstract {
    char type[64];
    char language[64];
} OtherAbstract;

static OtherAbstract describe(const XmlTape *tape, guint32 other)
{
    OtherAbstract described = {"?", "eng"}; /* the DTD's default language */
    g_auto(Buffer) line;
    buffer_init(&line, sizeof described.type - 1);
    if (medline_attribute_line(&line, tape, other, "Type"))
        g_strlcpy(described.type, line.data, sizeof described.type);
    if (medline_attribute_line(&line, tape, other, "Language"))
        g_strlcpy(described.language, line.data, sizeof described.language);
    return described;
}

static gboolean is_chosen(const OtherAbstract *other, const char *choice)
{
    if (strcmp(choice, ANY) == 0 || g_ascii_strcasecmp(other->type, choice) == 0)
        return TRUE;
    const char *wanted = fact_language(choice), *given = fact_language(other->language);
    return wanted && given && strcmp(wanted, given) == 0 && g_ascii_strcasecmp(other->type, SUMMARY) != 0;
}

static gboolean take_other(const MedlineCitation *citation, const char *choice, gboolean in_line, Document *document, ParseFailure *failure)
{
    const XmlTape *tape = citation->tape;
    for (guint32 other = xml_tape_child(tape, citation->citation, MEDLINE_OtherAbstract); other != TAPE_NONE;
         other = xml_tape_next(tape, citation->citation, other)) {
        OtherAbstract described = describe(tape, other);
        if (!is_chosen(&described, choice) || !take_abstract(citation, other, in_line, document, failure))
            continue;
        const char *language = fact_language(described.language);
        g_free(document->language);
        document->language = g_strdup(language);
        return TRUE;
    }
    return FALSE;
}

/* Why there is no text: what there is was not asked for. */
static void no_abstract(const MedlineCitation *citation, ParseFailure *failure)
{
    guint32 other = xml_tape_child(citation->tape, citation->citation, MEDLINE_OtherAbstract);
    OtherAbstract described = other == TAPE_NONE ? (OtherAbstract){0} : describe(citation->tape, other);
    if (other != TAPE_NONE)
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract but one of type '%.40s', language '%.20s'", described.type,
                          described.language);
    else
        parse_failure_set(failure, RULE_NO_TEXT, "the citation has no abstract");
}

gboolean medline_abstract(const MedlineCitation *citation, const ParseOptions *options, Document *document, ParseFailure *failure)
{
    static const char *const usual[] = {MAIN, "en", NULL};
    const char *const *choices = options->abstracts ? (const char *const *)options->abstracts : usual;
    for (const char *const *choice = choices; *choice; choice++) {
        gboolean taken = strcmp(*choice, MAIN) == 0
            ? take_abstract(citation, xml_tape_child(citation->tape, citation->article, MEDLINE_Abstract), options->labels_in_line, document, failure)
            : take_other(citation, *choice, options->labels_in_line, document, failure);
        if (taken)
            return TRUE;
        if (failure->rule)
            return FALSE;
    }
    no_abstract(citation, failure);
    return FALSE;
}
