/* SPDX-License-Identifier: Apache-2.0
 * The article run by run, as the original program writes it; see s2orc_meditron.h. */
#include "scrapers/formats/s2orc_meditron.h"

#include <string.h>

#include "scrapers/formats/python_text.h"

#define STEP_LIMIT ((gint64)1 << 28)
#define MENTION_WORDS 12

static const struct {
    MeditronList list;
    const char *name;
} list_names[] = {
    {MEDITRON_AUTHOR_FIRST_NAME, "authorfirstname"}, {MEDITRON_AUTHOR_LAST_NAME, "authorlastname"},
    {MEDITRON_AUTHOR_AFFILIATION, "authoraffiliation"}, {MEDITRON_BIB_ENTRY, "bibentry"},
    {MEDITRON_FORMULA, "formula"}, {MEDITRON_SECTION_HEADER, "sectionheader"}, {MEDITRON_BIB_REF, "bibref"},
    {MEDITRON_FIGURE_REF, "figureref"}, {MEDITRON_TABLE_REF, "tableref"}, {MEDITRON_FIGURE, "figure"},
    {MEDITRON_ABSTRACT, "abstract"}, {MEDITRON_BIB_TITLE, "bibtitle"},
    {MEDITRON_BIB_AUTHOR_LAST_NAME, "bibauthorlastname"}, {MEDITRON_FIGURE_CAPTION, "figurecaption"},
};

/* Words of headings that the program takes for a main section; what a heading has of them decides, at any place in it. */
static const char *const main_headings[] = {
    "abstract",   "introduction", "background",      "related",    "method",      "material",   "result",     "analysis",
    "discussion", "conclusion",   "contribution",    "statement",  "declaration", "strength",   "limitation", "future research",
    "funding",    "disclosure",   "acknowledgment",  "ethical",    "tables",      "figures",    "appendix",
};

typedef struct Writer {
    MeditronPaper *paper;
    Buffer out;
    GHashTable *mentions;   /* label -> text */
    GHashTable *references; /* label -> text, or "" for one that is dropped */
    GPtrArray *added;       /* names of the figures written so far, lower case */
    gboolean at_figures;    /* from the first figure on, running text is left out */
} Writer;

/* ---- Reading ------------------------------------------------------------------------------------------------- */

static gboolean is_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

/* FALSE: the program stops over this list. Lists that it only looks things up in may be absent or broken. */
static gboolean load_list(MeditronPaper *paper, const json_t *annotations, MeditronList list, const char *name, ParseFailure *failure)
{
    const json_t *value = json_object_get(annotations, name);
    gboolean painted = list < MEDITRON_PAINTED;
    if (!value && painted) {
        parse_failure_set(failure, RULE_MALFORMED_JSON, "there is no annotation '%s': the original program loses the record", name);
        return FALSE;
    }
    if (list == MEDITRON_ABSTRACT)
        paper->no_abstract = is_nothing(value);
    if (is_nothing(value))
        return TRUE;
    json_t *parsed = json_is_string(value) ? json_loadb(json_string_value(value), json_string_length(value), JSON_ALLOW_NUL, NULL) : NULL;
    if (json_is_array(parsed)) {
        paper->lists[list] = parsed;
        return TRUE;
    }
    json_decref(parsed);
    if (painted)
        parse_failure_set(failure, RULE_MALFORMED_JSON, "annotation '%s' is no list of spans", name);
    return !painted;
}

static gboolean paper_init(MeditronPaper *paper, const json_t *content, ParseFailure *failure)
{
    const json_t *text = json_object_get(content, "text"), *annotations = json_object_get(content, "annotations");
    *paper = (MeditronPaper){.steps = STEP_LIMIT};
    code_points_init(&paper->points, json_string_value(text), json_string_length(text));
    paper->labels = g_string_chunk_new(1024);
    for (gsize i = 0; i < G_N_ELEMENTS(list_names); i++)
        if (!load_list(paper, annotations, list_names[i].list, list_names[i].name, failure))
            return FALSE;
    return TRUE;
}

static void paper_clear(MeditronPaper *paper)
{
    for (int i = 0; i < MEDITRON_LISTS; i++)
        json_decref(paper->lists[i]);
    g_string_chunk_free(paper->labels);
    code_points_clear(&paper->points);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

static void append(Writer *writer, const char *before, const char *text, const char *behind)
{
    buffer_append_string(&writer->out, before);
    buffer_append_string(&writer->out, text);
    buffer_append_string(&writer->out, behind);
}

static gboolean is_main_heading(const char *heading)
{
    unsigned blanks = 0;
    for (const char *at = heading; *at; at++)
        blanks += *at == ' ';
    if (blanks > 2)
        return FALSE;
    g_autofree char *lower = python_lower(heading);
    for (gsize i = 0; i < G_N_ELEMENTS(main_headings); i++)
        if (strstr(lower, main_headings[i]))
            return TRUE;
    return FALSE;
}

static void write_heading(Writer *writer, const char *part)
{
    const char *rest = g_utf8_next_char(part);
    g_autofree char *first = g_strndup(part, (gsize)(rest - part));
    g_autofree char *upper = python_upper(first);
    g_autofree char *lower = python_lower(rest);
    g_autofree char *heading = g_strconcat(upper, lower, NULL);
    append(writer, is_main_heading(heading) ? "\n# " : "\n## ", heading, "\n");
}

static void write_mention(Writer *writer, const char *label)
{
    const char *known = g_hash_table_lookup(writer->mentions, label);
    if (!known) {
        g_autofree char *name = NULL, *caption = NULL;
        if (!meditron_quote_figure(writer->paper, label, MENTION_WORDS, &name, &caption))
            return;
        char *text = g_strconcat(name, caption, NULL);
        g_hash_table_insert(writer->mentions, (gpointer)label, text);
        known = text;
    }
    if (*known)
        append(writer, " [fig_ref] ", known, " [/fig_ref] ");
}

static void write_reference(Writer *writer, const char *label)
{
    if (strcmp(label, MEDITRON_UNKNOWN) == 0) {
        buffer_append_byte(&writer->out, ' ');
        return;
    }
    const char *known = g_hash_table_lookup(writer->references, label);
    if (!known) {
        char *text = meditron_quote_reference(writer->paper, label);
        known = text ? text : g_strdup("");
        g_hash_table_insert(writer->references, (gpointer)label, (gpointer)known);
    }
    if (*known)
        append(writer, " [bib_ref] ", known, " [/bib_ref] ");
}

/* Whether the name of a figure that was written, without its marks, is part of this one: "figure 2" of "figure 21: ". */
static gboolean is_added(Writer *writer, const char *lower_name)
{
    for (guint i = 0; i < writer->added->len; i++) {
        const char *name = writer->added->pdata[i];
        writer->paper->steps -= (gint64)(1 + strlen(name) / 8);
        if (strstr(lower_name, name))
            return TRUE;
    }
    return FALSE;
}

static char *bare_name(const char *lower_name)
{
    char *name = g_strdup(lower_name), *to = name;
    python_strip(name);
    for (const char *from = name; *from; from++)
        if (!strchr(":,()", *from))
            *to++ = *from;
    *to = '\0';
    return name;
}

static gboolean has_word(const char *text, const char *lower_word)
{
    gsize length = strlen(lower_word);
    for (; *text; text++)
        if (g_ascii_tolower(*text) == *lower_word && g_ascii_strncasecmp(text, lower_word, length) == 0)
            return TRUE;
    return FALSE;
}

static void write_figure(Writer *writer, const char *label)
{
    const char *underscore = strchr(label, '_');
    g_autofree char *before = g_strndup(label, (gsize)(underscore - label));
    g_autofree char *kind = python_lower(before);
    g_autofree char *id = g_strdup_printf("%s_%.*s", kind, (int)strcspn(underscore + 1, "_"), underscore + 1);
    g_autofree char *name = NULL, *caption = NULL;
    writer->at_figures = TRUE;
    if (!meditron_quote_figure(writer->paper, id, 0, &name, &caption) || !*name || !*caption)
        return;
    g_autofree char *lower = python_lower(name);
    if (has_word(name, "continued") || has_word(caption, "continued") || is_added(writer, lower))
        return;
    g_ptr_array_add(writer->added, bare_name(lower));
    gboolean figure = strstr(label, "FIG_") != NULL;
    append(writer, figure ? "\n[fig] " : "\n[table] ", name, "");
    append(writer, "", caption, figure ? " [/fig]\n" : " [/table]\n");
}

/* The order of the questions is the program's: any label that has a "b" in it counts as one of a reference. */
static void write_run(Writer *writer, const MeditronRun *run)
{
    const char *label = run->label;
    g_autofree char *raw = meditron_text(writer->paper, (gint64)run->start, (gint64)run->end);
    python_strip(raw);
    g_autofree char *part = python_replace(raw, "\xe2\x80\xa2", "- ");
    if (!*part)
        return;
    if (strcmp(label, MEDITRON_TEXT) == 0 && !writer->at_figures)
        buffer_append_string(&writer->out, part);
    else if (strcmp(label, MEDITRON_HEADER) == 0)
        write_heading(writer, part);
    else if (strstr(label, "fig_") || strstr(label, "tab_"))
        write_mention(writer, label);
    else if (strchr(label, 'b'))
        write_reference(writer, label);
    else if (strstr(label, "FIG_") || strstr(label, "TAB_"))
        write_figure(writer, label);
    else if (strcmp(label, MEDITRON_MATH) == 0)
        append(writer, "\n[formula] ", part, " [/formula]\n");
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* Runs of a character become one. */
static void squeeze(Buffer *text, char character)
{
    gsize kept = 0;
    for (gsize i = 0; i < text->length; i++)
        if (text->data[i] != character || kept == 0 || text->data[kept - 1] != character)
            text->data[kept++] = text->data[i];
    buffer_truncate(text, kept);
}

static void substitute(Buffer *text, const char *from, const char *to)
{
    Buffer changed;
    buffer_init(&changed, text->limit);
    python_replace_into(&changed, text->data ? text->data : "", text->length, from, to);
    changed.overflowed |= text->overflowed;
    buffer_clear(text);
    *text = changed;
}

static void finish(Buffer *text)
{
    squeeze(text, '\n');
    substitute(text, "\n# ", "\n\n# ");
    substitute(text, "\n## ", "\n\n## ");
    squeeze(text, ' ');
    substitute(text, "[/fig_ref] .", "[/fig_ref].");
    substitute(text, "[/bib_ref] .", "[/bib_ref].");
}

static gboolean write_paper(MeditronPaper *paper, Document *document, ParseFailure *failure)
{
    g_autoptr(GArray) runs = meditron_layout(paper, failure);
    if (!runs)
        return FALSE;
    Writer writer = {.paper = paper,
                     .mentions = g_hash_table_new_full(NULL, NULL, NULL, g_free),
                     .references = g_hash_table_new_full(NULL, NULL, NULL, g_free),
                     .added = g_ptr_array_new_with_free_func(g_free)};
    buffer_init(&writer.out, DOCUMENT_TEXT_LIMIT);
    for (guint i = 0; i < runs->len && paper->steps >= 0 && !writer.out.overflowed; i++)
        write_run(&writer, &g_array_index(runs, MeditronRun, i));
    finish(&writer.out);
    gboolean too_large = paper->steps < 0 || writer.out.overflowed;
    if (too_large)
        parse_failure_set(failure, RULE_TOO_LARGE, "the text or the search for its references is too long");
    else if (writer.out.length == 0)
        parse_failure_set(failure, RULE_NO_TEXT, "the original program writes no text for this record");
    else
        document->text = buffer_steal(&writer.out, &document->text_length);
    buffer_clear(&writer.out);
    g_ptr_array_unref(writer.added);
    g_hash_table_unref(writer.references);
    g_hash_table_unref(writer.mentions);
    return document->text != NULL;
}

gboolean s2orc_meditron(const json_t *record, Document *document, ParseFailure *failure)
{
    const json_t *content = json_object_get(record, "content");
    if (json_string_length(json_object_get(content, "text")) == 0) {
        parse_failure_set(failure, RULE_NO_TEXT, "field 'content.text' is empty or no string");
        return FALSE;
    }
    MeditronPaper paper;
    gboolean good = paper_init(&paper, content, failure) && write_paper(&paper, document, failure);
    paper_clear(&paper);
    return good;
}
