/* SPDX-License-Identifier: Apache-2.0
 * clean_text: title and body through the table of rules until nothing changes, then the drops; see cleaning/clean.h. */
#include "cleaning/clean.h"

#include <string.h>

#include "cleaning/rules.h"
#include "store/document.h"

/* The text in the making: each rule reads `text` and writes `spare`, which then change places. */
typedef struct Draft {
    Buffer text;
    Buffer spare;
    gboolean overflowed; /* of either buffer, at any time: what is there is cut short */
    CleanReport *report;
} Draft;

gboolean drop_document(CleanReport *report, const char *rule, double value, double threshold)
{
    report->dropped = TRUE;
    report->verdict = (Verdict){.outcome = OUTCOME_DROPPED, .stage = "clean", .rule = rule, .value = value,
                                .threshold = threshold, .winner = DOCNO_NONE,
                                .detail = report->detail[0] ? report->detail : NULL};
    return FALSE;
}

static gboolean draft_apply(Draft *draft, unsigned rule)
{
    guint64 edits = clean_rules[rule].edit(draft->text.data, draft->text.length, &draft->spare);
    if (!edits)
        return FALSE;
    Buffer edited = draft->spare;
    draft->spare = draft->text;
    draft->text = edited;
    draft->overflowed |= draft->text.overflowed;
    draft->report->edits[rule] += edits;
    return TRUE;
}

/* Goes round the table until every rule has seen the text as it is. FALSE: it did not come to rest. */
static gboolean draft_settle(Draft *draft, const RecipeClean *settings)
{
    unsigned content = 0; /* rules in a row that found nothing */
    for (unsigned turn = 0; turn < CLEAN_ROUNDS * CLEAN_RULE_COUNT && !draft->overflowed; turn++) {
        unsigned rule = turn % CLEAN_RULE_COUNT;
        gboolean changed = rule_is_on(&clean_rules[rule], settings) && draft_apply(draft, rule);
        content = changed ? 0 : content + 1;
        if (content == CLEAN_RULE_COUNT)
            return TRUE;
    }
    return FALSE;
}

/* The rules that repair characters, which every text gets, before title and body are compared. */
static void draft_repair(Draft *draft, const char *text, gsize length)
{
    buffer_reset(&draft->text);
    buffer_append(&draft->text, text, length);
    draft->overflowed |= !buffer_reserve(&draft->text, 0);
    for (unsigned rule = 0; rule < CLEAN_RULE_COUNT && !draft->overflowed; rule++)
        if (clean_rules[rule].setting == RULE_ALWAYS)
            draft_apply(draft, rule);
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

/* Leaves "Title, blank line, body" in draft->text. */
static void draft_assemble(Draft *draft, const char *title, const char *text, gsize length)
{
    g_auto(Buffer) heading = {.limit = DOCUMENT_TEXT_LIMIT};
    if (title) {
        draft_repair(draft, title, strlen(title));
        if (draft->overflowed)
            return;
        join_lines(&draft->text);
        buffer_append(&heading, draft->text.data, draft->text.length);
    }
    draft_repair(draft, text, length);
    if (!heading.length || draft->overflowed || opens_with(&draft->text, &heading))
        return;
    buffer_reset(&draft->spare);
    buffer_append(&draft->spare, heading.data, heading.length);
    buffer_append(&draft->spare, "\n\n", 2);
    buffer_append(&draft->spare, draft->text.data, draft->text.length);
    Buffer whole = draft->spare;
    draft->spare = draft->text;
    draft->text = whole;
    draft->overflowed |= draft->text.overflowed;
}

static gboolean apply_drops(const RecipeClean *settings, const Buffer *text, CleanReport *report)
{
    for (unsigned i = 0; i < CLEAN_DROP_COUNT; i++)
        if (!clean_drops[i].keep(settings, text->data, text->length, report))
            return FALSE;
    return TRUE;
}

gboolean clean_text(const RecipeClean *settings, const char *title, const char *text, gsize length, Buffer *out,
                    CleanReport *report)
{
    Draft draft = {.text = {.limit = DOCUMENT_TEXT_LIMIT}, .spare = {.limit = DOCUMENT_TEXT_LIMIT}, .report = report};
    *report = (CleanReport){0};
    draft_assemble(&draft, title, text, length);
    gboolean settled = draft_settle(&draft, settings), kept;
    if (draft.overflowed) {
        g_strlcpy(report->detail, "bytes", sizeof report->detail);
        kept = drop_document(report, "too-long", (double)length, (double)DOCUMENT_TEXT_LIMIT);
    } else if (!settled) {
        kept = drop_document(report, "unstable", CLEAN_ROUNDS, CLEAN_ROUNDS);
    } else {
        kept = apply_drops(settings, &draft.text, report);
    }
    buffer_reset(out);
    buffer_append(out, draft.text.data, draft.text.length);
    buffer_clear(&draft.text);
    buffer_clear(&draft.spare);
    return kept;
}
