/* SPDX-License-Identifier: Apache-2.0
 * store/chapters.h - documents that several pages make: a guideline's overview and chapters, a disease's tabs.
 *
 * Each page is a document in TABLE_DOCUMENTS, with its own text as extracted. The stage "chapters" (scrapers/chapters.h)
 * finds which belong together. One of them, the parent, stands for all: a note of that stage (store/note.h) lists the
 * pages in the order of reading, and the ledger says of each other page that it is merged into the parent by the rule
 * "chapter". Whoever wants the text of the whole calls chapters_join; everything behind cleaning sees one document.
 *
 * The note: {"pages": [{"docno" or null, "url" or null, "heading", "missing"}]}, the last two only where there is one.
 *
 * Audit checks that list and ledger agree. What later becomes of the parent (dropped as too short, merged as a duplicate)
 * holds for its chapters too, whose verdicts stay as they are.
 */
#ifndef STORE_CHAPTERS_H
#define STORE_CHAPTERS_H

#include "base/json.h"
#include "store/document.h"

#define CHAPTERS_STAGE "chapters"
#define CHAPTERS_RULE "chapter"            /* merged: its text is part of the winner's */
#define CHAPTERS_RULE_SAME_PAGE "same-page" /* merged: the same page as the winner or one of its chapters, from another address */
#define CHAPTERS_LIMIT 1000u               /* pages of one document */

/* One of the pages that a parent's page names, or the parent itself at its place among them. */
typedef struct Chapter {
    Docno docno;   /* DOCNO_NONE: no document has this URL */
    char *url;     /* as the link has it, normalised */
    char *heading; /* the text of the link, one line; NULL: the page's text comes without a heading */
    char *missing; /* why its text is no part of the document, for people; NULL: it is */
} Chapter;

GPtrArray *chapters_new(void); /* of Chapter; g_ptr_array_unref */
void chapters_add(GPtrArray *chapters, Docno docno, const char *url, const char *heading, const char *missing); /* copies */

json_t *chapters_note(const GPtrArray *chapters); /* the note that chapters_put writes */
gboolean chapters_put(StoreTxn *txn, Docno parent, const GPtrArray *chapters, GError **error);
/* NULL without an error: one page makes the document, and it names no other. */
GPtrArray *chapters_get(StoreTxn *txn, Docno parent, GError **error);

/* Where in the whole text a page's own part lies. */
typedef struct ChapterPart {
    Docno docno;
    gsize start, length; /* bytes */
} ChapterPart;

/* The texts of the pages of one document, in bytes, at most: with their headings they stay below DOCUMENT_TEXT_LIMIT. */
#define CHAPTERS_TEXT_LIMIT (DOCUMENT_TEXT_LIMIT / 2)

/* Puts the whole text into document->text, which holds the parent's own: page after page in the order of reading, each
 * below its heading at "#" with its own headings one level deeper where they begin at "#". A document of one page stays
 * as it is. FALSE with an error: a listed page cannot be read. */
gboolean chapters_join(StoreTxn *txn, Docno docno, Document *document, GError **error);
/* The same; *parts (of ChapterPart, g_array_unref) says what comes from where, NULL for a document of one page. */
gboolean chapters_join_parts(StoreTxn *txn, Docno docno, Document *document, GArray **parts, GError **error);

#endif
