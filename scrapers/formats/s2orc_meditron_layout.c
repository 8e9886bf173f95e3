/* SPDX-License-Identifier: Apache-2.0
 * Which annotation each character belongs to; see s2orc_meditron.h.
 *
 * Painting is done from the last stroke to the first over the stretches between the ends of strokes, each of which is
 * painted once: the result is that of painting character by character, the work that of sorting the strokes. */
#include <math.h>
#include <string.h>

#include "scrapers/formats/python_text.h"
#include "scrapers/formats/s2orc_meditron.h"

#define SPAN_LIMIT 1000000 /* strokes of one paper */
#define FAR ((gint64)1 << 40) /* beyond every text, and far from overflow */
#define REACH 3 /* characters around a reference in which a round bracket is taken for its own */

typedef struct Stroke {
    gsize start, end; /* code points */
    const char *label;
} Stroke;

static const char *const list_labels[MEDITRON_PAINTED] = {
    [MEDITRON_AUTHOR_FIRST_NAME] = "RM",      [MEDITRON_AUTHOR_LAST_NAME] = "RM", [MEDITRON_AUTHOR_AFFILIATION] = "RM",
    [MEDITRON_BIB_ENTRY] = "BIB",             [MEDITRON_FORMULA] = MEDITRON_MATH,
    [MEDITRON_SECTION_HEADER] = MEDITRON_HEADER,
};

gboolean meditron_integer(const json_t *value, gint64 *number)
{
    if (json_is_integer(value)) {
        *number = CLAMP(json_integer_value(value), -FAR, FAR);
        return TRUE;
    }
    if (json_is_real(value)) {
        *number = (gint64)CLAMP(trunc(json_real_value(value)), (double)-FAR, (double)FAR);
        return TRUE;
    }
    const char *text = json_string_value(value);
    gint64 parsed;
    if (!text || !g_ascii_string_to_signed(text, 10, -FAR, FAR, &parsed, NULL))
        return FALSE;
    *number = parsed;
    return TRUE;
}

void meditron_slice(const MeditronPaper *paper, gint64 start, gint64 end, gsize *first, gsize *behind)
{
    gint64 count = (gint64)paper->points.count;
    start = CLAMP(start < 0 ? start + count : start, 0, count);
    end = CLAMP(end < 0 ? end + count : end, 0, count);
    *first = (gsize)start;
    *behind = (gsize)MAX(start, end);
}

char *meditron_text(const MeditronPaper *paper, gint64 start, gint64 end)
{
    gsize first, behind;
    meditron_slice(paper, start, end, &first, &behind);
    gsize from = code_points_offset(&paper->points, first), length = code_points_offset(&paper->points, behind) - from;
    const char *text = paper->points.text + from;
    char *copy = g_malloc(length + 1);
    gsize kept = 0;
    for (gsize i = 0; i < length; i++) {
        if (text[i])
            copy[kept++] = text[i];
    }
    copy[kept] = '\0';
    return copy;
}

/* Where the slice has the ASCII character, counted from the slice's beginning; -1: nowhere. */
static gint64 find_in_slice(const MeditronPaper *paper, gint64 start, gint64 end, char wanted)
{
    gsize first, behind;
    meditron_slice(paper, start, end, &first, &behind);
    for (gsize i = first; i < behind; i++)
        if (paper->points.text[code_points_offset(&paper->points, i)] == wanted)
            return (gint64)(i - first);
    return -1;
}

/* Adds the stroke of a reference, widened to the brackets around it. */
static const char *reference_label(MeditronPaper *paper, const json_t *annotation, gint64 *start, gint64 *end)
{
    gint64 open = find_in_slice(paper, *start - REACH, *start, '(');
    if (open >= 0)
        *start += open - REACH;
    gint64 close = find_in_slice(paper, *end, *end + REACH, ')');
    if (close >= 0)
        *end += close + 1;
    const json_t *attributes = json_object_get(annotation, "attributes");
    if (!attributes)
        return MEDITRON_UNKNOWN;
    const json_t *id = json_object_get(attributes, "ref_id");
    if (!id)
        return NULL;
    return json_is_string(id) ? json_string_value(id) : "RM"; /* what is no string matches no label and is left out */
}

/* "FIG_3" for "fig_3": what stands before and behind the first underscore. NULL without one. */
static char *figure_label(const json_t *annotation)
{
    const char *id = json_get_string(json_object_get(annotation, "attributes"), "id");
    const char *underscore = id ? strchr(id, '_') : NULL;
    if (!underscore)
        return NULL;
    g_autofree char *before = g_strndup(id, (gsize)(underscore - id));
    g_autofree char *upper = python_upper(before);
    gsize length = strcspn(underscore + 1, "_");
    return g_strdup_printf("%s_%.*s", upper, (int)length, underscore + 1);
}

static const char *intern(MeditronPaper *paper, const char *label)
{
    return label ? g_string_chunk_insert_const(paper->labels, label) : NULL;
}

static const char *stroke_label(MeditronPaper *paper, MeditronList kind, const json_t *annotation, gint64 *start, gint64 *end)
{
    if (kind == MEDITRON_FIGURE) {
        g_autofree char *label = figure_label(annotation);
        return intern(paper, label);
    }
    if (kind == MEDITRON_BIB_REF || kind == MEDITRON_FIGURE_REF || kind == MEDITRON_TABLE_REF)
        return intern(paper, reference_label(paper, annotation, start, end));
    return intern(paper, list_labels[kind]);
}

static gboolean add_strokes(MeditronPaper *paper, MeditronList kind, GArray *strokes, ParseFailure *failure)
{
    gsize index;
    json_t *annotation;
    json_array_foreach(paper->lists[kind], index, annotation) {
        gint64 start, end;
        if (strokes->len >= SPAN_LIMIT) {
            parse_failure_set(failure, RULE_TOO_LARGE, "the paper has more than %d annotations", SPAN_LIMIT);
            return FALSE;
        }
        if (!meditron_integer(json_object_get(annotation, "start"), &start) ||
            !meditron_integer(json_object_get(annotation, "end"), &end)) {
            parse_failure_set(failure, RULE_MALFORMED_JSON, "an annotation has no place: the original program loses the record");
            return FALSE;
        }
        Stroke stroke = {.label = stroke_label(paper, kind, annotation, &start, &end)};
        meditron_slice(paper, start, end, &stroke.start, &stroke.end);
        if (stroke.label && stroke.start < stroke.end)
            g_array_append_val(strokes, stroke);
    }
    return TRUE;
}

/* Where the article begins for the program: unannotated text before it is left out. 0: nothing is. The program gives up
 * looking, and leaves nothing out, when the list of headings is absent or anything in it is not as it should be. */
static gint64 header_end(const MeditronPaper *paper)
{
    gint64 begin = 0, at;
    if (!paper->no_abstract) {
        const json_t *first = json_array_get(paper->lists[MEDITRON_ABSTRACT], 0);
        if (!meditron_integer(json_object_get(first, "start"), &begin))
            return 0;
    }
    const json_t *headings = paper->lists[MEDITRON_SECTION_HEADER];
    if (!headings)
        return 0;
    gint64 lowest = FAR;
    for (gsize i = 0; i < json_array_size(headings); i++) {
        if (!meditron_integer(json_object_get(json_array_get(headings, i), "start"), &at))
            return 0;
        lowest = MIN(lowest, at);
    }
    return lowest < FAR && (begin == 0 || lowest < begin) ? lowest : begin;
}

static int compare_places(gconstpointer a, gconstpointer b)
{
    gsize x = *(const gsize *)a, y = *(const gsize *)b;
    return (x > y) - (x < y);
}

/* All places where a label may change, sorted, each once; the first is 0 and the last the number of code points. */
static GArray *places_of(const GArray *strokes, gsize header, gsize count)
{
    GArray *places = g_array_sized_new(FALSE, FALSE, sizeof(gsize), 2 * strokes->len + 3);
    const gsize fixed[] = {0, header, count};
    g_array_append_vals(places, fixed, G_N_ELEMENTS(fixed));
    for (guint i = 0; i < strokes->len; i++) {
        const Stroke *stroke = &g_array_index(strokes, Stroke, i);
        g_array_append_val(places, stroke->start);
        g_array_append_val(places, stroke->end);
    }
    g_array_sort(places, compare_places);
    guint kept = 1;
    for (guint i = 1; i < places->len; i++)
        if (g_array_index(places, gsize, i) != g_array_index(places, gsize, kept - 1))
            g_array_index(places, gsize, kept++) = g_array_index(places, gsize, i);
    g_array_set_size(places, kept);
    return places;
}

static guint place_index(const GArray *places, gsize place)
{
    guint index = 0;
    gboolean found = g_array_binary_search((GArray *)places, &place, compare_places, &index);
    g_assert(found);
    return index;
}

/* The first stretch from `index` on that is not painted yet; `next` says where to look, and learns. */
static guint unpainted(guint *next, guint index)
{
    guint end = index;
    while (next[end] != end)
        end = next[end];
    while (next[index] != end) {
        guint step = next[index];
        next[index] = end;
        index = step;
    }
    return end;
}

static const char **paint(const GArray *strokes, const GArray *places)
{
    guint stretches = places->len - 1;
    const char **labels = g_new0(const char *, stretches + 1);
    g_autofree guint *next = g_new(guint, stretches + 1);
    for (guint i = 0; i <= stretches; i++)
        next[i] = i;
    for (guint i = strokes->len; i-- > 0;) {
        const Stroke *stroke = &g_array_index(strokes, Stroke, i);
        guint end = place_index(places, stroke->end);
        for (guint at = unpainted(next, place_index(places, stroke->start)); at < end; at = unpainted(next, at)) {
            labels[at] = stroke->label;
            next[at] = at + 1;
        }
    }
    return labels;
}

static GArray *runs_of(MeditronPaper *paper, const GArray *strokes, gint64 header)
{
    gsize begin = (gsize)CLAMP(header, 0, (gint64)paper->points.count);
    g_autoptr(GArray) places = places_of(strokes, begin, paper->points.count);
    g_autofree const char **labels = paint(strokes, places);
    const char *text = intern(paper, MEDITRON_TEXT), *left_out = intern(paper, "P");
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(MeditronRun));
    for (guint i = 0; i + 1 < places->len; i++) {
        MeditronRun run = {g_array_index(places, gsize, i), g_array_index(places, gsize, i + 1), labels[i] ? labels[i] : text};
        MeditronRun *last = runs->len ? &g_array_index(runs, MeditronRun, runs->len - 1) : NULL;
        if (run.label == text && run.start < begin)
            run.label = left_out;
        if (last && last->label == run.label)
            last->end = run.end;
        else
            g_array_append_val(runs, run);
    }
    return runs;
}

GArray *meditron_layout(MeditronPaper *paper, ParseFailure *failure)
{
    g_autoptr(GArray) strokes = g_array_new(FALSE, FALSE, sizeof(Stroke));
    for (int kind = 0; kind < MEDITRON_PAINTED; kind++)
        if (!add_strokes(paper, (MeditronList)kind, strokes, failure))
            return NULL;
    return runs_of(paper, strokes, header_end(paper));
}
