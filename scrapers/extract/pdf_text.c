/* SPDX-License-Identifier: Apache-2.0
 * Blocks to text, less what is not the document's own; see pdf_text.h. */
#include "scrapers/extract/pdf_text.h"

#include <string.h>

#define SENTENCE_WORDS 20 /* fewer in the front matter are names and addresses */

/* Sections that are left out whole. */
static const char *const reference_headings[] = {"references", "bibliography", "literature cited", "works cited", "reference list",
                                                 "references and notes", "literatur", "references cited"};

/* What publishers print on first and last pages. A section with such a heading is left out whole too. */
static const char *const imprints[] = {
    "* correspondence", "*correspondence", "correspondence:", "corresponding author", "full list of author information",
    "\xc2\xa9", "copyright ", "this is an open access", "this is an open-access", "this article is published under license",
    "submit your next manuscript", "doi:", "https://doi.org", "http://dx.doi.org", "cite this article as", "received:", "open access",
    "author details", "downloaded from", "all rights reserved", "citation:", "editor:", "academic editor",
};

typedef struct Writer {
    const ParseOptions *options;
    TextForm *form;
    gboolean started;       /* start_at has been met, or there is none */
    unsigned skip_level;    /* 0, or the level of the section that is being left out */
} Writer;

static guint count_words(const char *text)
{
    guint words = *text != '\0';
    for (; *text; text++)
        words += *text == ' ';
    return words;
}

static gboolean begins_with_any(const char *text, char *const *prefixes)
{
    for (; prefixes && *prefixes; prefixes++)
        if (g_ascii_strncasecmp(text, *prefixes, strlen(*prefixes)) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_imprint(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(imprints); i++)
        if (g_ascii_strncasecmp(text, imprints[i], strlen(imprints[i])) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_references(const char *text)
{
    text += strspn(text, "0123456789. ");
    gsize length = strlen(text);
    while (length > 0 && strchr(": .", text[length - 1]))
        length--;
    for (gsize i = 0; i < G_N_ELEMENTS(reference_headings); i++)
        if (strlen(reference_headings[i]) == length && g_ascii_strncasecmp(text, reference_headings[i], length) == 0)
            return TRUE;
    return FALSE;
}

/* Opens and closes the sections that are left out. */
static void meet_heading(Writer *writer, const PdfBlock *block)
{
    const char *text = block->text->str;
    if (!writer->started && begins_with_any(text, writer->options->start_at))
        writer->started = TRUE;
    if (writer->skip_level && block->level <= writer->skip_level)
        writer->skip_level = 0;
    if (!writer->skip_level && (is_references(text) || is_imprint(text) || begins_with_any(text, writer->options->stop_at)))
        writer->skip_level = block->level;
}

static void write_block(Writer *writer, const PdfBlock *block)
{
    TextForm *form = writer->form;
    switch (block->kind) {
    case PDF_HEADING:
        text_form_heading(form, block->level);
        break;
    case PDF_ITEM:
        text_form_item(form, block->level);
        break;
    case PDF_PARAGRAPH:
    case PDF_CAPTION:
        text_form_begin(form, BLOCK_PARAGRAPH, "");
        break;
    case PDF_ROW:
        if (!writer->options->tables)
            return;
        text_form_begin(form, form->last == BLOCK_LINE ? BLOCK_LINE : BLOCK_PARAGRAPH, "");
        form->kind = BLOCK_LINE;
        break;
    case PDF_CRUMB:
    case PDF_GONE:
        return;
    }
    text_form_text(form, block->text->str, block->text->len);
    text_form_end(form);
}

static gboolean is_prose(const PdfBlock *block)
{
    return count_words(block->text->str) >= SENTENCE_WORDS && pdf_ends_sentence(block->text->str, block->text->len);
}

/* Whether the block is a heading of the document's own text: one of the usual names or of the recipe's, or a section that
 * begins with a paragraph. */
static gboolean opens_text(const PdfLayout *layout, guint index, char *const *start_at)
{
    const PdfBlock *block = PDF_BLOCK(layout, index);
    if (block->kind != PDF_HEADING)
        return FALSE;
    if (pdf_is_section_name(block->text->str) || begins_with_any(block->text->str, start_at))
        return TRUE;
    const PdfBlock *next = index + 1 < layout->blocks->len ? PDF_BLOCK(layout, index + 1) : NULL;
    return block->level == 1 && next && next->kind == PDF_PARAGRAPH && is_prose(next);
}

/* The index of the first block behind the front matter: on the title's page the first heading that opens the text, else
 * the first heading of a section, else the block after the title. */
static guint front_matter_end(const PdfLayout *layout, guint title, char *const *start_at)
{
    guint page = PDF_BLOCK(layout, title)->page, heading = 0;
    for (guint i = title + 1; i < layout->blocks->len && PDF_BLOCK(layout, i)->page == page; i++) {
        if (opens_text(layout, i, start_at))
            return i;
        if (!heading && PDF_BLOCK(layout, i)->kind == PDF_HEADING && PDF_BLOCK(layout, i)->level == 1)
            heading = i;
    }
    return heading ? heading : title + 1;
}

/* Like sections_start in HTML: where no heading matches, the text begins at its beginning. */
static gboolean has_start(const PdfLayout *layout, char *const *names, guint from)
{
    for (guint i = from; i < layout->blocks->len; i++)
        if (PDF_BLOCK(layout, i)->kind == PDF_HEADING && begins_with_any(PDF_BLOCK(layout, i)->text->str, names))
            return TRUE;
    return FALSE;
}

void pdf_text_write(PdfLayout *layout, const ParseOptions *options, const PdfBlock *title, TextForm *form)
{
    guint title_index = title ? (guint)(title - PDF_BLOCK(layout, 0)) : 0;
    guint front = title ? front_matter_end(layout, title_index, options->start_at) : 0;
    Writer writer = {options, form, !has_start(layout, options->start_at, front), 0};
    for (guint i = 0; i < layout->blocks->len; i++) {
        const PdfBlock *block = PDF_BLOCK(layout, i);
        if (block == title || (i < front && !is_prose(block)))
            continue;
        if (block->kind == PDF_HEADING)
            meet_heading(&writer, block);
        if (writer.started && !writer.skip_level && !is_imprint(block->text->str))
            write_block(&writer, block);
    }
}
