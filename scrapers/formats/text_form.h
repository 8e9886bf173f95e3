/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/text_form.h - writes the text form that store/document.h describes, one block after the other.
 *
 * Sequence: text_form_init; then any number of text_form_begin, text_form_text..., text_form_end; text_form_finish.
 * Text is collapsed as it comes: any run of white space, line breaks and control characters is one blank, and none
 * stands at the edge of a block. A block without text leaves nothing behind, not even its prefix. text_form_begin ends
 * an open block first.
 *
 * Citations. Text between text_form_cite_begin and text_form_cite_end is the replacement of a citation (nothing at all:
 * one that could not be resolved). When the block ends, brackets around a group of citations, the commas and dashes
 * between them and the blanks before a full stop are cleared away.
 *
 * Sections that end. Text that goes on behind a section inside its own would seem to belong to that section; so
 * text_form_resume names the heading that it stands under, which is said again if such text comes.
 */
#ifndef SCRAPERS_FORMATS_TEXT_FORM_H
#define SCRAPERS_FORMATS_TEXT_FORM_H

#include "base/buffer.h"

typedef enum {
    BLOCK_NONE,
    BLOCK_PARAGRAPH,
    BLOCK_HEADING,
    BLOCK_ITEM, /* of a list: no blank line between two */
    BLOCK_LINE, /* of a table or of code: directly below the block before it */
    BLOCK_FLOAT, /* a caption: a paragraph that belongs to no place in the text */
} BlockKind;

typedef struct TextForm {
    Buffer out;
    Buffer line;         /* the open block, citations still marked */
    BlockKind kind;      /* of the open block */
    BlockKind last;      /* of the last block written */
    char prefix[80];     /* of the open block */
    gboolean space;      /* a blank is due before the next character */
    gboolean tight;      /* blanks before the next character are none; ends with it */
    gboolean citations;  /* the line holds marks */
    Buffer resume;       /* a heading to say before the next text, or nothing */
} TextForm;

void text_form_init(TextForm *form, gsize limit);
void text_form_clear(TextForm *form);
void text_form_begin(TextForm *form, BlockKind kind, const char *prefix);
void text_form_heading(TextForm *form, unsigned depth); /* 1: "# "; deeper than 3 counts as 3 */
void text_form_item(TextForm *form, unsigned level);    /* 1: "- ", 2: "  - " */
void text_form_text(TextForm *form, const char *text, gsize length); /* UTF-8 */
void text_form_string(TextForm *form, const char *text);
void text_form_space(TextForm *form);
void text_form_mark(TextForm *form, const char *mark); /* as it is, glued to what stands before it */
void text_form_trim(TextForm *form, const char *bytes); /* takes blanks and these off the end of the open block */
void text_form_cite_begin(TextForm *form);
void text_form_cite_end(TextForm *form);
void text_form_end(TextForm *form);
/* The line `heading` ("## Methods") is written before the next block that is neither heading nor caption, unless a heading
 * comes first. Length 0: nothing is. */
void text_form_resume(TextForm *form, const char *heading, gsize length);

/* Where the text stands between two blocks, to take back what was written behind it. */
typedef struct TextFormPlace {
    gsize length;
    BlockKind last;
} TextFormPlace;

TextFormPlace text_form_place(TextForm *form); /* ends the open block */
void text_form_return(TextForm *form, TextFormPlace place);
gboolean text_form_is_open(const TextForm *form); /* a block is open and has text */
gboolean text_form_finish(TextForm *form, char **text, gsize *length); /* FALSE: the limit was passed */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TextForm, text_form_clear)

/* Appends at most `words` words of `text`, and "..." if there are more. */
void append_words(Buffer *out, const char *text, unsigned words);

#endif
