/* SPDX-License-Identifier: Apache-2.0
 * One text through rules and drops; see cleaning/clean.h. */
#include <string.h>

#include "cleaning/characters.h"
#include "cleaning/drops.h"
#include "cleaning/measure.h"
#include "cleaning/rules.h"
#include "store/document.h"

#define ALL_CLASSES G_MAXUINT

/* The text in the making: each rule reads `text` and writes `spare`, which then change places. */
struct Cleaner {
    Buffer text;
    Buffer spare;
    Buffer title;
    Measure measure;
    const CleanContext *context; /* of the text at hand, as the next two */
    CleanReport *report;
    guint classes;       /* of characters that are in the text, perhaps with some that were; ALL_CLASSES after an edit */
    gboolean overflowed; /* of any buffer, at any time: what is there is cut short */
    CleanWatch watch;
    gpointer watch_user;
};

Cleaner *cleaner_new(void)
{
    Cleaner *cleaner = g_new0(Cleaner, 1);
    buffer_init(&cleaner->text, DOCUMENT_TEXT_LIMIT);
    buffer_init(&cleaner->spare, DOCUMENT_TEXT_LIMIT);
    buffer_init(&cleaner->title, DOCUMENT_TEXT_LIMIT);
    return cleaner;
}

void cleaner_free(Cleaner *cleaner)
{
    if (!cleaner)
        return;
    buffer_clear(&cleaner->text);
    buffer_clear(&cleaner->spare);
    buffer_clear(&cleaner->title);
    measure_clear(&cleaner->measure);
    g_free(cleaner);
}

void cleaner_watch(Cleaner *cleaner, CleanWatch watch, gpointer user)
{
    cleaner->watch = watch;
    cleaner->watch_user = user;
}

const char *cleaner_text(const Cleaner *cleaner, gsize *length)
{
    *length = cleaner->text.length;
    return cleaner->text.data;
}

static void swap_buffers(Cleaner *cleaner)
{
    Buffer edited = cleaner->spare;
    cleaner->spare = cleaner->text;
    cleaner->text = edited;
    cleaner->overflowed |= cleaner->text.overflowed;
}

/* FALSE: the rule found nothing. */
static gboolean apply(Cleaner *cleaner, unsigned index)
{
    const CleanRule *rule = &clean_rules[index];
    if ((rule->needs && !(rule->needs & cleaner->classes)) || !rule_is_on(rule, cleaner->context))
        return FALSE;
    guint64 edits = rule->edit(cleaner->context, cleaner->text.data, cleaner->text.length, &cleaner->spare);
    if (!edits)
        return FALSE;
    swap_buffers(cleaner);
    cleaner->classes = ALL_CLASSES; /* one edit may uncover work for any rule */
    cleaner->report->edits[index] += edits;
    if (cleaner->watch)
        cleaner->watch(cleaner->watch_user, index, cleaner->spare.data, cleaner->spare.length, cleaner->text.data, cleaner->text.length, edits);
    return TRUE;
}

static void survey(Cleaner *cleaner)
{
    cleaner->classes = characters_survey(cleaner->text.data, cleaner->text.length);
}

static void apply_part(Cleaner *cleaner, RulePart part)
{
    for (unsigned rule = 0; rule < CLEAN_RULE_COUNT && !cleaner->overflowed; rule++)
        if (clean_rules[rule].part == part)
            apply(cleaner, rule);
}

/* Goes round the table until every rule has seen the text as it is. FALSE: it did not come to rest. */
static gboolean settle(Cleaner *cleaner)
{
    unsigned content = 0; /* rules in a row that found nothing */
    for (unsigned turn = 0; turn < CLEAN_ROUNDS * CLEAN_RULE_COUNT && !cleaner->overflowed; turn++) {
        unsigned rule = turn % CLEAN_RULE_COUNT;
        if (rule == 0 && cleaner->classes == ALL_CLASSES)
            survey(cleaner);
        gboolean changed = clean_rules[rule].part != RULE_BODY && apply(cleaner, rule);
        content = changed ? 0 : content + 1;
        if (content == CLEAN_RULE_COUNT)
            return TRUE;
    }
    return FALSE;
}

/* ---- Title and body ------------------------------------------------------------------------------------------ */

static void take(Cleaner *cleaner, const char *text, gsize length)
{
    buffer_reset(&cleaner->text);
    buffer_append(&cleaner->text, text, length);
    cleaner->overflowed |= !buffer_reserve(&cleaner->text, 0);
    survey(cleaner);
    apply_part(cleaner, RULE_CHARACTERS);
}

/* All white space to single blanks, none at the ends. */
static void join_lines(Buffer *line)
{
    gsize kept = 0;
    for (gsize i = 0; i < line->length; i++) {
        gboolean white = line->data[i] == '\n' || line->data[i] == '\t' || line->data[i] == ' ';
        if (white && (!kept || line->data[kept - 1] == ' '))
            continue;
        line->data[kept++] = white ? ' ' : line->data[i];
    }
    if (kept && line->data[kept - 1] == ' ')
        kept--;
    buffer_truncate(line, kept);
}

/* Narrows [*from, *to) to what is compared: no marks of a heading, no blanks, no full stop at the end. */
static void strip_line(const char *text, gsize *from, gsize *to)
{
    while (*from < *to && (text[*from] == '#' || text[*from] == ' '))
        ++*from;
    while (*to > *from && (text[*to - 1] == '.' || text[*to - 1] == ' ' || text[*to - 1] == '\t'))
        --*to;
}

static gboolean opens_with(const Buffer *body, const Buffer *title)
{
    gsize start = 0, title_start = 0, title_end = title->length;
    while (start < body->length && (body->data[start] == '\n' || body->data[start] == ' '))
        start++;
    const char *newline = memchr(body->data + start, '\n', body->length - start);
    gsize end = newline ? (gsize)(newline - body->data) : body->length;
    strip_line(body->data, &start, &end);
    strip_line(title->data, &title_start, &title_end);
    return end - start == title_end - title_start && memcmp(body->data + start, title->data + title_start, end - start) == 0;
}

/* Leaves "Title, blank line, body" in `text`. */
static void assemble(Cleaner *cleaner, const char *title, const char *text, gsize length)
{
    guint title_classes = 0;
    buffer_reset(&cleaner->title);
    if (title) {
        take(cleaner, title, strlen(title));
        if (cleaner->overflowed)
            return;
        title_classes = cleaner->classes;
        join_lines(&cleaner->text);
        buffer_append(&cleaner->title, cleaner->text.data, cleaner->text.length);
    }
    take(cleaner, text, length);
    apply_part(cleaner, RULE_BODY);
    if (!cleaner->title.length || cleaner->overflowed || opens_with(&cleaner->text, &cleaner->title))
        return;
    buffer_reset(&cleaner->spare);
    buffer_append(&cleaner->spare, cleaner->title.data, cleaner->title.length);
    buffer_append(&cleaner->spare, "\n\n", 2);
    buffer_append(&cleaner->spare, cleaner->text.data, cleaner->text.length);
    swap_buffers(cleaner);
    cleaner->classes |= title_classes;
}

/* ---- Verdict ------------------------------------------------------------------------------------------------- */

static gboolean apply_drops(Cleaner *cleaner)
{
    CleanReport *report = cleaner->report;
    measure_begin(&cleaner->measure, cleaner->text.data, cleaner->text.length, FALSE);
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++) {
        CleanJudgement judgement = drop_judge(&clean_drops[i], cleaner->context, &cleaner->measure, report);
        if (judgement.passed)
            continue;
        if (judgement.unit)
            g_strlcpy(report->detail, judgement.unit, sizeof report->detail);
        return drop_document(report, judgement.rule, judgement.value, judgement.threshold);
    }
    return TRUE;
}

gboolean cleaner_clean(Cleaner *cleaner, const CleanContext *context, const char *title, const char *text, gsize length,
                       CleanReport *report)
{
    *report = (CleanReport){0};
    cleaner->context = context;
    cleaner->report = report;
    cleaner->overflowed = FALSE;
    assemble(cleaner, title, text, length);
    gboolean settled = settle(cleaner);
    if (cleaner->overflowed) {
        g_strlcpy(report->detail, "bytes", sizeof report->detail);
        return drop_document(report, "too-long", (double)length, (double)DOCUMENT_TEXT_LIMIT);
    }
    return settled ? apply_drops(cleaner) : drop_document(report, "unstable", CLEAN_ROUNDS, CLEAN_ROUNDS);
}

void cleaner_judge(Cleaner *cleaner, const CleanContext *context, const CleanReport *report, CleanJudgement judgements[CLEAN_DROP_COUNT])
{
    CleanReport scratch = {0};
    memcpy(scratch.edits, report->edits, sizeof scratch.edits);
    measure_begin(&cleaner->measure, cleaner->text.data, cleaner->text.length, TRUE);
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        judgements[i] = drop_judge(&clean_drops[i], context, &cleaner->measure, &scratch);
}
