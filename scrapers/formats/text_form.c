/* SPDX-License-Identifier: Apache-2.0
 * The writer of document text; see text_form.h. */
#include "scrapers/formats/text_form.h"

#include <string.h>

#include "scrapers/formats/citation_marks.h"

void text_form_init(TextForm *form, gsize limit)
{
    *form = (TextForm){0};
    buffer_init(&form->out, limit);
    buffer_init(&form->line, limit);
    buffer_init(&form->resume, limit);
}

void text_form_clear(TextForm *form)
{
    buffer_clear(&form->out);
    buffer_clear(&form->line);
    buffer_clear(&form->resume);
}

static const char *gap_before(BlockKind last, BlockKind kind)
{
    if (last == BLOCK_NONE)
        return "";
    if (kind == BLOCK_LINE || (kind == BLOCK_ITEM && last == BLOCK_ITEM))
        return "\n";
    return "\n\n";
}

void text_form_resume(TextForm *form, const char *heading, gsize length)
{
    buffer_reset(&form->resume);
    buffer_append(&form->resume, heading, length);
}

static void resume_before(TextForm *form, BlockKind kind)
{
    if (kind == BLOCK_HEADING)
        buffer_reset(&form->resume);
    if (kind == BLOCK_FLOAT || kind == BLOCK_LINE || form->resume.length == 0)
        return;
    buffer_append_string(&form->out, gap_before(form->last, BLOCK_HEADING));
    buffer_append(&form->out, form->resume.data, form->resume.length);
    form->last = BLOCK_HEADING;
    buffer_reset(&form->resume);
}

void text_form_end(TextForm *form)
{
    Buffer *line = &form->line;
    if (form->citations)
        citation_marks_resolve(line);
    if (line->length > 0) {
        resume_before(form, form->kind);
        buffer_append_string(&form->out, gap_before(form->last, form->kind));
        buffer_append_string(&form->out, form->prefix);
        buffer_append(&form->out, line->data, line->length);
        form->last = form->kind;
    }
    form->out.overflowed |= line->overflowed;
    buffer_reset(line);
    form->kind = BLOCK_NONE;
    form->space = FALSE;
    form->citations = FALSE;
}

void text_form_begin(TextForm *form, BlockKind kind, const char *prefix)
{
    text_form_end(form);
    form->kind = kind;
    g_strlcpy(form->prefix, prefix, sizeof form->prefix);
}

void text_form_heading(TextForm *form, unsigned depth)
{
    static const char *const marks[] = {"# ", "## ", "### "};
    text_form_begin(form, BLOCK_HEADING, marks[CLAMP(depth, 1, 3) - 1]);
}

void text_form_item(TextForm *form, unsigned level)
{
    char prefix[80];
    unsigned indent = 2 * (CLAMP(level, 1, 32) - 1);
    memset(prefix, ' ', indent);
    g_strlcpy(prefix + indent, "- ", sizeof prefix - indent);
    text_form_begin(form, BLOCK_ITEM, prefix);
}

void text_form_space(TextForm *form)
{
    form->space = form->line.length > 0 && !form->tight;
}

static void append_run(TextForm *form, const char *text, gsize length)
{
    if (form->space)
        buffer_append_byte(&form->line, ' ');
    form->space = FALSE;
    form->tight = FALSE;
    buffer_append(&form->line, text, length);
}

/* How many bytes the character at `text` has if it is to be written as a blank, else 0. */
static gsize blank_length(const guchar *text, gsize length)
{
    if (*text <= ' ' || *text == 0x7f)
        return 1;
    if (*text == 0xc2 && length > 1 && (text[1] == 0xa0 || (text[1] >= 0x80 && text[1] <= 0x9f)))
        return 2; /* NO-BREAK SPACE, C1 controls */
    if (*text == 0xe2 && length > 2 && text[1] == 0x80 && ((text[2] >= 0x80 && text[2] <= 0x8a) || text[2] == 0xa8 ||
                                                           text[2] == 0xa9 || text[2] == 0xaf))
        return 3; /* EN QUAD to HAIR SPACE, separators, NARROW NO-BREAK SPACE */
    if (*text == 0xe2 && length > 2 && text[1] == 0x81 && text[2] == 0x9f)
        return 3; /* MEDIUM MATHEMATICAL SPACE */
    if (*text == 0xe3 && length > 2 && text[1] == 0x80 && text[2] == 0x80)
        return 3; /* IDEOGRAPHIC SPACE */
    return 0;
}

void text_form_text(TextForm *form, const char *text, gsize length)
{
    const guchar *bytes = (const guchar *)text;
    gsize start = 0, at = 0;
    while (at < length) {
        if (bytes[at] > ' ' && bytes[at] < 0x7f) {
            at++;
            continue;
        }
        gsize blank = blank_length(bytes + at, length - at);
        if (blank == 0) {
            at++;
            continue;
        }
        if (at > start)
            append_run(form, text + start, at - start);
        text_form_space(form);
        at += blank;
        start = at;
    }
    if (at > start)
        append_run(form, text + start, at - start);
}

void text_form_string(TextForm *form, const char *text)
{
    text_form_text(form, text, strlen(text));
}

void text_form_mark(TextForm *form, const char *mark)
{
    append_run(form, mark, strlen(mark));
}

void text_form_trim(TextForm *form, const char *bytes)
{
    Buffer *line = &form->line;
    gsize length = line->length;
    while (length > 0 && (line->data[length - 1] == ' ' || strchr(bytes, line->data[length - 1])))
        length--;
    buffer_truncate(line, length);
    form->space = FALSE;
}

void text_form_cite_begin(TextForm *form)
{
    form->citations = TRUE;
    append_run(form, CITATION_BEGIN, 1);
}

void text_form_cite_end(TextForm *form)
{
    form->space = FALSE;
    append_run(form, CITATION_END, 1);
}

TextFormPlace text_form_place(TextForm *form)
{
    text_form_end(form);
    return (TextFormPlace){form->out.length, form->last};
}

void text_form_return(TextForm *form, TextFormPlace place)
{
    text_form_end(form);
    buffer_truncate(&form->out, place.length);
    form->last = place.last;
}

gboolean text_form_is_open(const TextForm *form)
{
    return form->line.length > 0;
}

gboolean text_form_finish(TextForm *form, char **text, gsize *length)
{
    text_form_end(form);
    if (form->out.overflowed)
        return FALSE;
    *text = buffer_steal(&form->out, length);
    return TRUE;
}

void append_words(Buffer *out, const char *text, unsigned words)
{
    const char *end = text + strlen(text);
    while (end > text && end[-1] == ' ')
        end--;
    const char *at = text;
    for (unsigned i = 0; i < words && at < end; i++) {
        const char *blank = memchr(at, ' ', (gsize)(end - at));
        at = blank ? blank + 1 : end;
    }
    gboolean cut = at < end;
    buffer_append(out, text, (gsize)(at - text) - (cut ? 1 : 0));
    if (cut)
        buffer_append_string(out, "...");
}
