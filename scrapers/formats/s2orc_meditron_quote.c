/* SPDX-License-Identifier: Apache-2.0
 * What stands in the place of references and mentions, and under figures; see s2orc_meditron.h. */
#include <string.h>

#include "scrapers/formats/python_text.h"
#include "scrapers/formats/s2orc_meditron.h"

#define WORDS 12
#define SENTENCE_FROM 20 /* captions of more characters than this are cut to their first sentence */

static gboolean spend(MeditronPaper *paper, gsize steps)
{
    paper->steps -= (gint64)steps;
    return paper->steps >= 0;
}

/* The place of the entry with this id. FALSE where the program's search ends in an exception. */
static gboolean find_entry(MeditronPaper *paper, MeditronList list, const char *id, gint64 *start, gint64 *end)
{
    gsize index;
    json_t *entry;
    json_array_foreach(paper->lists[list], index, entry) {
        const json_t *found = json_object_get(json_object_get(entry, "attributes"), "id");
        if (!spend(paper, 1) || !found)
            return FALSE;
        if (json_is_string(found) && strcmp(json_string_value(found), id) == 0)
            return meditron_integer(json_object_get(entry, "start"), start) &&
                   meditron_integer(json_object_get(entry, "end"), end);
    }
    return FALSE;
}

/* The first span of a list, as it is ordered, that lies within [outer, outer_end]. FALSE: there is none, or an exception
 * comes first. */
static gboolean find_inside(MeditronPaper *paper, MeditronList list, gint64 outer, gint64 outer_end, gint64 *start, gint64 *end)
{
    gsize index;
    json_t *span;
    json_array_foreach(paper->lists[list], index, span) {
        const json_t *from = json_object_get(span, "start"), *to = json_object_get(span, "end");
        if (!spend(paper, 1) || !json_is_number(from))
            return FALSE;
        if (json_number_value(from) < (double)outer)
            continue;
        if (!json_is_number(to))
            return FALSE;
        if (json_number_value(to) <= (double)outer_end)
            return meditron_integer(from, start) && meditron_integer(to, end);
    }
    return FALSE;
}

char *meditron_quote_reference(MeditronPaper *paper, const char *id)
{
    gint64 entry, entry_end, start, end;
    if (!find_entry(paper, MEDITRON_BIB_ENTRY, id, &entry, &entry_end) ||
        !find_inside(paper, MEDITRON_BIB_TITLE, entry, entry_end, &start, &end))
        return NULL;
    g_autofree char *title = meditron_text(paper, start, end);
    if (!*title || !find_inside(paper, MEDITRON_BIB_AUTHOR_LAST_NAME, entry, entry_end, &start, &end))
        return NULL;
    g_autofree char *name = meditron_text(paper, start, end);
    if (!*name || !spend(paper, strlen(title) + strlen(name)))
        return NULL;
    g_autofree char *cut = python_cut_words(title, WORDS);
    return g_strconcat(cut, ", ", name, NULL);
}

/* The second line of what stands between the figure's beginning and its caption; NULL: there is but one. */
static char *figure_prefix(const MeditronPaper *paper, gint64 start, gint64 caption)
{
    g_autofree char *between = meditron_text(paper, start, caption);
    const char *line = strchr(between, '\n');
    return line ? g_strndup(line + 1, strcspn(line + 1, "\n")) : NULL;
}

static char *without(const char *text, const char *characters)
{
    char *copy = g_strdup(text), *to = copy;
    for (const char *from = copy; *from; from++)
        if (!strchr(characters, *from))
            *to++ = *from;
    *to = '\0';
    return copy;
}

static char *figure_name(const char *prefix)
{
    static const char *const changes[][2] = {{"Fig.", "Figure"}, {"Tab.", "Table"}, {" Figure", ", Figure"}};
    g_autofree char *joined = python_replace(prefix, " .", " ");
    char *name = without(joined, ":()");
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        char *changed = python_replace(name, changes[i][0], changes[i][1]);
        g_free(name);
        name = changed;
    }
    python_strip(name);
    return name;
}

/* The first sentence, or what a colon, a semicolon or a bracket ends, cut to `words` words. */
static char *summarise(char *caption, unsigned words)
{
    if (g_utf8_strlen(caption, -1) > SENTENCE_FROM)
        caption[strcspn(caption, ".;:()")] = '\0';
    char *cut = python_cut_words(caption, words);
    g_free(caption);
    return cut;
}

/* A number that begins the caption belongs to the name: "Figure" and "2 The heart". FALSE: the caption has no word. */
static gboolean move_number(GString *name, char **caption)
{
    g_autofree char *stripped = g_strdup(*caption);
    const char *rest;
    python_strip(stripped);
    gsize length = python_first_word(stripped, &rest);
    if (length == 0)
        return FALSE;
    if (!python_is_digit(stripped, length))
        return TRUE;
    g_string_append_c(name, ' ');
    g_string_append_len(name, stripped, (gssize)length);
    g_free(*caption);
    *caption = python_words(rest);
    return TRUE;
}

/* "., Caption" is "Caption". */
static void strip_marks(char *caption)
{
    const char *at = caption;
    while (*at && strchr(".,)", *at))
        at = python_skip_space(at + 1);
    if (at == caption)
        return;
    memmove(caption, at, strlen(at) + 1);
    python_strip(caption);
}

gboolean meditron_quote_figure(MeditronPaper *paper, const char *id, unsigned words, char **name, char **caption)
{
    gint64 figure, figure_end, start, end;
    *name = *caption = NULL;
    if (!find_entry(paper, MEDITRON_FIGURE, id, &figure, &figure_end) ||
        !find_inside(paper, MEDITRON_FIGURE_CAPTION, figure, figure_end, &start, &end) || start == 0)
        return FALSE;
    g_autofree char *prefix = figure_prefix(paper, figure, start);
    g_autofree char *raw = prefix ? meditron_text(paper, start, end) : NULL;
    if (!raw || !spend(paper, strlen(prefix) + strlen(raw)))
        return FALSE;
    g_autofree char *plain_name = figure_name(prefix);
    g_autofree char *text = python_replace(raw, prefix, "");
    python_strip(text);
    if (words)
        text = summarise(g_steal_pointer(&text), words);
    g_autoptr(GString) full_name = g_string_new(plain_name);
    if (!move_number(full_name, &text))
        return FALSE;
    if (full_name->len)
        g_string_append(full_name, ": ");
    strip_marks(text);
    *name = g_string_free(g_steal_pointer(&full_name), FALSE);
    *caption = g_steal_pointer(&text);
    return TRUE;
}
