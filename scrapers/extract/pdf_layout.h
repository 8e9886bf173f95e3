/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/pdf_layout.h - what the steps from pdftohtml's XML to text share.
 *
 * The steps, in this order, each in the file of its name: pdf_xml_read (boxes), pdf_lines_build (boxes to lines),
 * pdf_furniture_mark (running heads, page numbers), pdf_styles_find (the body's font and line pitch), pdf_columns_order
 * (reading order), pdf_blocks_build (lines to blocks), pdf_headings_mark (which blocks are headings, and how deep).
 * pdf_text.c writes the blocks. Lengths and places are pdftohtml's units: 1.5 to a point, from the upper left corner.
 * Every step is linear in the boxes, or in boxes times a small constant.
 */
#ifndef SCRAPERS_EXTRACT_PDF_LAYOUT_H
#define SCRAPERS_EXTRACT_PDF_LAYOUT_H

#include <glib.h>

typedef struct PdfFont {
    int size;
    guint family; /* number of its typeface, from 1 */
    gboolean bold, italic;
} PdfFont;

typedef struct PdfBox { /* a run of text in one font */
    int left, top, right, bottom;
    int size;
    guint family;
    gboolean bold, italic;
    const char *text; /* in layout->strings */
    guint letters;    /* letters and digits in it */
    guint next;       /* the box to its right in its line, or PDF_NONE */
} PdfBox;

#define PDF_NONE G_MAXUINT

typedef struct PdfLine {
    int left, top, right, bottom; /* top and bottom are those of its main font */
    int size;
    guint family;
    gboolean bold, italic; /* all of its letters are */
    gboolean mixed;        /* its letters are in several typefaces */
    guint letters;
    guint first_box;
    const char *text; /* in layout->strings; footnote marks and citation numbers are gone */
    guint page;
    guint column;              /* number of its column; numbers are unique in the document */
    int column_left, column_right;
    gboolean furniture;
    gboolean row; /* another line of its column stands beside it: a table or a picture */
} PdfLine;

typedef struct PdfPage {
    int width, height;
    guint first_box, boxes;
    guint first_line, lines;
} PdfPage;

typedef enum {
    PDF_PARAGRAPH,
    PDF_ITEM,
    PDF_HEADING,
    PDF_CAPTION,
    PDF_ROW,   /* of a table: its cells, with " | " between */
    PDF_CRUMB, /* a label in a picture, a mark alone: no text to read */
    PDF_GONE,  /* joined to another block, or not wanted */
} PdfBlockKind;

typedef struct PdfBlock {
    PdfBlockKind kind;
    unsigned level; /* of a heading or an item, from 1 */
    int size;
    gboolean bold, italic;
    int left, top;
    guint page, column, lines;
    int pitch; /* from its first line to its second */
    gboolean full; /* its last line reaches the right edge of the column */
    gboolean indented; /* its first line does not begin at the left edge */
    GString *text;
} PdfBlock;

typedef struct PdfOutlineItem {
    const char *text;
    unsigned level;
} PdfOutlineItem;

typedef struct PdfLayout {
    GArray *fonts;   /* PdfFont, by number */
    GArray *boxes;   /* PdfBox, in the order of the file */
    GArray *pages;   /* PdfPage */
    GArray *lines;   /* PdfLine, page by page; pdf_columns_order sorts each page's */
    GArray *blocks;  /* PdfBlock, in reading order */
    GArray *outline; /* PdfOutlineItem: the bookmarks, if there are any */
    GStringChunk *strings;
    int body_size;
    int body_pitch; /* from one baseline of the body to the next */
} PdfLayout;

PdfLayout *pdf_layout_new(void);
void pdf_layout_free(PdfLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PdfLayout, pdf_layout_free)

#define PDF_PAGE(layout, i) (&g_array_index((layout)->pages, PdfPage, i))
#define PDF_BOX(layout, i) (&g_array_index((layout)->boxes, PdfBox, i))
#define PDF_LINE(layout, i) (&g_array_index((layout)->lines, PdfLine, i))
#define PDF_BLOCK(layout, i) (&g_array_index((layout)->blocks, PdfBlock, i))

void pdf_xml_read(PdfLayout *layout, const char *xml, gsize length); /* valid UTF-8; odd mark-up is passed over */
void pdf_lines_build(PdfLayout *layout);
void pdf_furniture_mark(PdfLayout *layout);
void pdf_styles_find(PdfLayout *layout);
void pdf_columns_order(PdfLayout *layout);
struct PdfWords;
void pdf_blocks_build(PdfLayout *layout, const struct PdfWords *words);
void pdf_headings_mark(PdfLayout *layout);

/* Sorts numbers of lines (guint) of one page from top to bottom, and what stands in one row from left to right, although
 * its parts may not be quite level. */
void pdf_sort_rows(PdfLayout *layout, GArray *lines);

/* The block that is the document's title, or NULL. */
PdfBlock *pdf_title_block(PdfLayout *layout);

/* "Methods", "3. Results:", "References" and the like. */
gboolean pdf_is_section_name(const char *text);

/* A letter's case, and what ends a sentence, for several steps. */
gboolean pdf_starts_lower(const char *text);
gboolean pdf_starts_upper(const char *text); /* an upper-case letter or a digit, behind quotes and brackets */
gboolean pdf_ends_sentence(const char *text, gsize length); /* ".", "?", "!", ":" before closing quotes and brackets */

/* The length of the bullet that a line begins with, blanks behind it included; 0 if there is none. */
gsize pdf_bullet_length(const char *text);

#endif
