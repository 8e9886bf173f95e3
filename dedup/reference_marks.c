/* SPDX-License-Identifier: Apache-2.0
 * What stands outside and inside of marks; see dedup/reference_marks.h. */
#include "dedup/reference_marks.h"

#include <string.h>

/* One pass over a text: `copy` gets it, with blanks for what is found. */
typedef struct Marks {
    const char *text;
    gsize length;
    Buffer *copy;
    Buffer *inside; /* what containers hold goes here; NULL: there are no containers any more */
} Marks;

static const char *const containers[] = {"bib_ref", "fig_ref"};
static const char *const single_marks[] = {"fig", "table", "formula", "bib"};

/* Length of "[NAME]" or "[/NAME]" at `at`, or 0. */
static gsize tag_at(const Marks *marks, gsize at, gboolean closing, const char *name)
{
    gsize size = strlen(name), length = size + 2 + closing;
    const char *bytes = marks->text + at;
    if (marks->length - at < length || bytes[0] != '[' || (closing && bytes[1] != '/'))
        return 0;
    return memcmp(bytes + 1 + closing, name, size) == 0 && bytes[length - 1] == ']' ? length : 0;
}

/* Length of a container with its content, or 0: one that is not closed is only a word in brackets. */
static gsize container_at(const Marks *marks, gsize at, const char *name)
{
    gsize open = tag_at(marks, at, FALSE, name);
    if (open == 0)
        return 0;
    gsize limit = MIN(marks->length, at + MARK_LIMIT);
    for (gsize place = at + open; place < limit; place++) {
        const char *bracket = memchr(marks->text + place, '[', limit - place);
        if (!bracket)
            return 0;
        place = (gsize)(bracket - marks->text);
        if (tag_at(marks, place, FALSE, name))
            return 0;
        gsize close = tag_at(marks, place, TRUE, name);
        if (close)
            return place + close - at;
    }
    return 0;
}

/* Length of "[12]", "[3, 7-9]", "[1\xe2\x80\x93" "4]" and the like, or 0. */
static gsize numbers_at(const Marks *marks, gsize at)
{
    gsize limit = MIN(marks->length, at + 64);
    gboolean digits = FALSE;
    for (gsize place = at + 1; place < limit; place++) {
        char byte = marks->text[place];
        gboolean dash = limit - place > 2 && memcmp(marks->text + place, "\xe2\x80", 2) == 0 &&
                        (guint8)marks->text[place + 2] >= 0x90 && (guint8)marks->text[place + 2] <= 0x95;
        if (byte == ']')
            return digits ? place + 1 - at : 0;
        if (dash)
            place += 2;
        else if (g_ascii_isdigit(byte))
            digits = TRUE;
        else if (!byte || !strchr(" ,;-", byte))
            return 0;
    }
    return 0;
}

static gsize bracket_at(const Marks *marks, gsize at)
{
    gsize length = numbers_at(marks, at);
    for (gsize i = 0; !length && i < G_N_ELEMENTS(single_marks); i++) {
        length = tag_at(marks, at, FALSE, single_marks[i]);
        length = length ? length : tag_at(marks, at, TRUE, single_marks[i]);
    }
    return length;
}

static void blank(Marks *marks, gsize at, gsize length)
{
    if (marks->copy->length == 0)
        buffer_append(marks->copy, marks->text, marks->length);
    if (!marks->copy->overflowed)
        memset(marks->copy->data + at, ' ', length);
}

/* Moves a container into `inside`; returns its length, or 0. */
static gsize move_container(Marks *marks, gsize at)
{
    gsize length = 0;
    for (gsize i = 0; !length && i < G_N_ELEMENTS(containers); i++)
        length = container_at(marks, at, containers[i]);
    if (length == 0)
        return 0;
    if (marks->inside->length == 0 && buffer_reserve(marks->inside, marks->length)) {
        marks->inside->length = marks->length;
        memset(marks->inside->data, ' ', marks->length);
        marks->inside->data[marks->length] = '\0';
    }
    if (marks->inside->length)
        memcpy(marks->inside->data + at, marks->text + at, length);
    blank(marks, at, length);
    return length;
}

static void blank_brackets(Marks *marks)
{
    for (gsize at = 0; at < marks->length;) {
        const char *bracket = memchr(marks->text + at, '[', marks->length - at);
        if (!bracket)
            return;
        at = (gsize)(bracket - marks->text);
        gsize length = bracket_at(marks, at);
        if (length)
            blank(marks, at, length);
        else if (marks->inside)
            length = move_container(marks, at);
        at += MAX(length, 1);
    }
}

/* U+00B9, U+00B2 and U+00B3, and U+2070 to U+2079 without the letter U+2071. */
static void blank_superscripts(Marks *marks, guint8 lead)
{
    for (gsize at = 0; at < marks->length; at++) {
        const char *found = memchr(marks->text + at, lead, marks->length - at);
        if (!found)
            return;
        at = (gsize)(found - marks->text);
        const guint8 *bytes = (const guint8 *)found;
        gsize left = marks->length - at;
        if (lead == 0xc2 && left >= 2 && (bytes[1] == 0xb9 || bytes[1] == 0xb2 || bytes[1] == 0xb3))
            blank(marks, at, 2);
        if (lead == 0xe2 && left >= 3 && bytes[1] == 0x81 && bytes[2] >= 0xb0 && bytes[2] <= 0xb9 && bytes[2] != 0xb1)
            blank(marks, at, 3);
    }
}

static const char *blank_all(Marks *marks)
{
    buffer_reset(marks->copy);
    blank_brackets(marks);
    blank_superscripts(marks, 0xc2);
    blank_superscripts(marks, 0xe2);
    return marks->copy->length ? marks->copy->data : marks->text;
}

void reference_marks_init(ReferenceMarks *marks)
{
    marks->outside = marks->inside = NULL;
    buffer_init(&marks->outside_copy, G_MAXUINT32);
    buffer_init(&marks->inside_copy, G_MAXUINT32);
}

void reference_marks_clear(ReferenceMarks *marks)
{
    buffer_clear(&marks->outside_copy);
    buffer_clear(&marks->inside_copy);
}

void reference_marks_split(ReferenceMarks *marks, const char *text, gsize length)
{
    Marks pass = {text, length, &marks->outside_copy, &marks->inside_copy};
    buffer_reset(&marks->inside_copy);
    marks->outside = blank_all(&pass);
    marks->inside = NULL;
    if (marks->inside_copy.length == 0)
        return;
    /* In place: what is blanked is read no more. */
    Marks nested = {marks->inside_copy.data, length, &marks->inside_copy, NULL};
    blank_brackets(&nested);
    blank_superscripts(&nested, 0xc2);
    blank_superscripts(&nested, 0xe2);
    marks->inside = marks->inside_copy.data;
}
