/* SPDX-License-Identifier: Apache-2.0
 * Several pages, one document; see store/chapters.h. */
#include "store/chapters.h"

#include <string.h>

#include "base/error.h"
#include "store/note.h"

#define LEVELS 3 /* of headings in the text form */
#define GAP "\n\n"

static void chapter_free(gpointer data)
{
    Chapter *chapter = data;
    g_free(chapter->url);
    g_free(chapter->heading);
    g_free(chapter->missing);
    g_free(chapter);
}

GPtrArray *chapters_new(void)
{
    return g_ptr_array_new_with_free_func(chapter_free);
}

void chapters_add(GPtrArray *chapters, Docno docno, const char *url, const char *heading, const char *missing)
{
    Chapter *chapter = g_new(Chapter, 1);
    *chapter = (Chapter){docno, g_strdup(url), g_strdup(heading), g_strdup(missing)};
    g_ptr_array_add(chapters, chapter);
}

/* ---- The note --------------------------------------------------------------------------------------------------- */

json_t *chapters_note(const GPtrArray *chapters)
{
    json_t *pages = json_array();
    for (guint i = 0; i < chapters->len; i++) {
        const Chapter *chapter = chapters->pdata[i];
        json_t *page = json_object();
        json_object_set_new(page, "docno", chapter->docno == DOCNO_NONE ? json_null() : json_integer((json_int_t)chapter->docno));
        json_object_set_new(page, "url", json_text(chapter->url));
        if (chapter->heading)
            json_object_set_new(page, "heading", json_text(chapter->heading));
        if (chapter->missing)
            json_object_set_new(page, "missing", json_text(chapter->missing));
        json_array_append_new(pages, page);
    }
    return json_pack("{s:o}", "pages", pages);
}

gboolean chapters_put(StoreTxn *txn, Docno parent, const GPtrArray *chapters, GError **error)
{
    g_autoptr(json_t) note = chapters_note(chapters);
    return note_put(txn, parent, CHAPTERS_STAGE, note, error);
}

GPtrArray *chapters_get(StoreTxn *txn, Docno parent, GError **error)
{
    g_autoptr(json_t) note = note_get(txn, parent, CHAPTERS_STAGE, error);
    if (!note)
        return NULL;
    GPtrArray *chapters = chapters_new();
    gsize index;
    json_t *page;
    json_array_foreach(json_object_get(note, "pages"), index, page) {
        const json_t *docno = json_object_get(page, "docno");
        chapters_add(chapters, json_is_integer(docno) ? (Docno)json_integer_value(docno) : DOCNO_NONE, json_get_string(page, "url"),
                     json_get_string(page, "heading"), json_get_string(page, "missing"));
    }
    return chapters;
}

/* ---- The text --------------------------------------------------------------------------------------------------- */

/* 1 to 3; 0: the line is no heading. */
static int level_of(const char *line, gsize length)
{
    int level = 0;
    while ((gsize)level < length && line[level] == '#')
        level++;
    return level <= LEVELS && level && (gsize)level < length && line[level] == ' ' ? level : 0;
}

static gsize line_length(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (gsize)(end - line));
    return (gsize)((newline ? newline : end) - line);
}

static gboolean same_heading(const char *line, gsize length, const char *heading)
{
    int level = level_of(line, length);
    g_autofree char *own = level ? g_strstrip(g_strndup(line + level, length - (gsize)level)) : g_strdup("");
    g_autofree char *folded = g_utf8_casefold(own, -1), *wanted = g_utf8_casefold(heading, -1);
    return level && strcmp(folded, wanted) == 0;
}

/* Behind a first line that is the heading which the page gets anyway. */
static const char *skip_own_heading(const char *text, const char *end, const char *heading)
{
    gsize length = line_length(text, end);
    if (!same_heading(text, length, heading))
        return text;
    for (text += length; text < end && *text == '\n';)
        text++;
    return text;
}

static gboolean has_top_heading(const char *text, const char *end)
{
    for (const char *line = text; line < end; line += line_length(line, end) + 1)
        if (level_of(line, line_length(line, end)) == 1)
            return TRUE;
    return FALSE;
}

/* Copies the text with its headings one level deeper, as far as there is one. */
static void append_deeper(Buffer *out, const char *text, const char *end)
{
    for (const char *line = text; line < end;) {
        gsize length = line_length(line, end);
        int level = level_of(line, length);
        if (level && level < LEVELS)
            buffer_append_byte(out, '#');
        gsize step = MIN(length + 1, (gsize)(end - line));
        buffer_append(out, line, step);
        line += step;
    }
}

static void append_gap(Buffer *out)
{
    if (out->length)
        buffer_append_string(out, GAP);
}

/* A page without text leaves no heading behind. */
static void append_page(Buffer *out, const char *heading, const char *text, gsize length)
{
    const char *end = text + length;
    while (end > text && end[-1] == '\n')
        end--;
    if (end == text)
        return;
    append_gap(out);
    if (!heading) {
        buffer_append(out, text, (gsize)(end - text));
        return;
    }
    buffer_append_string(out, "# ");
    buffer_append_string(out, heading);
    text = skip_own_heading(text, end, heading);
    if (text == end)
        return;
    append_gap(out);
    if (has_top_heading(text, end))
        append_deeper(out, text, end);
    else
        buffer_append(out, text, (gsize)(end - text));
}

static gboolean read_page(StoreTxn *txn, Docno docno, Document *page, GError **error)
{
    GError *failure = NULL;
    if (document_get(txn, docno, page, &failure))
        return TRUE;
    if (!failure)
        g_set_error(&failure, GALEN_ERROR, GALEN_ERROR_INPUT, "there is no such document; run 'galen audit'");
    g_propagate_prefixed_error(error, failure, "chapter %" G_GUINT64_FORMAT ": ", docno);
    return FALSE;
}

static gboolean append_chapter(StoreTxn *txn, const Chapter *chapter, const Document *parent, Docno docno, Buffer *out, GError **error)
{
    g_auto(Document) page = {0};
    if (chapter->docno == docno) {
        append_page(out, chapter->heading, parent->text, parent->text_length);
        return TRUE;
    }
    if (!read_page(txn, chapter->docno, &page, error))
        return FALSE;
    append_page(out, chapter->heading, page.text, page.text_length);
    return TRUE;
}

static gboolean join(StoreTxn *txn, Docno docno, const GPtrArray *chapters, const Document *document, Buffer *out, GArray *parts,
                     GError **error)
{
    for (guint i = 0; i < chapters->len; i++) {
        const Chapter *chapter = chapters->pdata[i];
        gsize before = out->length;
        if (chapter->missing)
            continue;
        if (!append_chapter(txn, chapter, document, docno, out, error))
            return FALSE;
        gsize gap = before && out->length > before ? strlen(GAP) : 0;
        ChapterPart part = {chapter->docno, before + gap, out->length - before - gap};
        g_array_append_val(parts, part);
    }
    if (!out->overflowed)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the chapters of document %" G_GUINT64_FORMAT " are too long together; run 'galen audit'",
                docno);
    return FALSE;
}

gboolean chapters_join_parts(StoreTxn *txn, Docno docno, Document *document, GArray **parts, GError **error)
{
    GError *failure = NULL;
    g_autoptr(GPtrArray) chapters = chapters_get(txn, docno, &failure);
    *parts = NULL;
    if (failure)
        g_propagate_error(error, failure);
    if (!chapters)
        return !failure;
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(ChapterPart));
    g_auto(Buffer) text;
    buffer_init(&text, DOCUMENT_TEXT_LIMIT);
    if (!join(txn, docno, chapters, document, &text, found, error))
        return FALSE;
    g_free(document->text);
    document->text = buffer_steal(&text, &document->text_length);
    *parts = g_steal_pointer(&found);
    return TRUE;
}

gboolean chapters_join(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    g_autoptr(GArray) parts = NULL;
    return chapters_join_parts(txn, docno, document, &parts, error);
}
