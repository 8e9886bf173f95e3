/* SPDX-License-Identifier: Apache-2.0
 * Counts a page's tags before it is parsed; see guard.h. The model of the open elements may differ from the standard's
 * where that makes it deeper, never where it makes it shallower. */
#include "scrapers/extract/guard.h"

#include <gumbo.h>
#include <string.h>

/* An entry of the standard's list of active formatting elements; a marker has the tag of the cell or object it is for. */
typedef struct Formatting {
    guint32 hash; /* of the start tag */
    guint16 tag;
    gboolean marker;
    gboolean open; /* among the open elements; else it will be opened again by what comes next */
} Formatting;

typedef struct Guard {
    const char *at, *end;
    guint16 open[GUARD_DEPTH]; /* GumboTag */
    guint depth;
    Formatting formatting[GUARD_FORMATTING];
    guint formatting_count;
    guint attributes;    /* of the tag being read */
    gboolean self_closing;
    gboolean foreign;    /* inside <svg> or <math> */
    guint64 tags, loose; /* loose: nodes that the parser will move in front of their table */
    guint64 work;
} Guard;

#define SCOPE 1u       /* ends the search for an open element */
#define VOID 2u        /* never stays open */
#define FORMATTING 4u  /* reopened after the end of its parent */
#define CLOSES_P 8u    /* its start tag ends an open <p> */
#define RAW 16u        /* holds text alone */
#define TABLE_PART 32u /* anything but table parts inside it is moved out */
#define BREAKOUT 64u   /* its start tag ends <svg> and <math> */
#define OPTIONAL 128u  /* its start tag ends an open element of its own name */

static const guint8 classes[GUMBO_TAG_LAST + 1] = {
    [GUMBO_TAG_HTML] = SCOPE,
    [GUMBO_TAG_TABLE] = SCOPE | TABLE_PART | CLOSES_P | BREAKOUT,
    [GUMBO_TAG_TBODY] = TABLE_PART | OPTIONAL,
    [GUMBO_TAG_THEAD] = TABLE_PART | OPTIONAL,
    [GUMBO_TAG_TFOOT] = TABLE_PART | OPTIONAL,
    [GUMBO_TAG_TR] = TABLE_PART | OPTIONAL,
    [GUMBO_TAG_TD] = SCOPE,
    [GUMBO_TAG_TH] = SCOPE,
    [GUMBO_TAG_CAPTION] = SCOPE,
    [GUMBO_TAG_APPLET] = SCOPE,
    [GUMBO_TAG_MARQUEE] = SCOPE,
    [GUMBO_TAG_OBJECT] = SCOPE,
    [GUMBO_TAG_TEMPLATE] = SCOPE,
    [GUMBO_TAG_BUTTON] = SCOPE,
    [GUMBO_TAG_FOREIGNOBJECT] = SCOPE,
    [GUMBO_TAG_DESC] = SCOPE,
    [GUMBO_TAG_MI] = SCOPE,
    [GUMBO_TAG_MO] = SCOPE,
    [GUMBO_TAG_MN] = SCOPE,
    [GUMBO_TAG_MS] = SCOPE,
    [GUMBO_TAG_MTEXT] = SCOPE,
    [GUMBO_TAG_ANNOTATION_XML] = SCOPE,
    [GUMBO_TAG_AREA] = VOID,
    [GUMBO_TAG_BASE] = VOID,
    [GUMBO_TAG_BASEFONT] = VOID,
    [GUMBO_TAG_BGSOUND] = VOID,
    [GUMBO_TAG_BR] = VOID | BREAKOUT,
    [GUMBO_TAG_COL] = VOID,
    [GUMBO_TAG_EMBED] = VOID | BREAKOUT,
    [GUMBO_TAG_FRAME] = VOID,
    [GUMBO_TAG_HR] = VOID | CLOSES_P | BREAKOUT,
    [GUMBO_TAG_IMAGE] = VOID,
    [GUMBO_TAG_IMG] = VOID | BREAKOUT,
    [GUMBO_TAG_INPUT] = VOID,
    [GUMBO_TAG_KEYGEN] = VOID,
    [GUMBO_TAG_LINK] = VOID,
    [GUMBO_TAG_META] = VOID | BREAKOUT,
    [GUMBO_TAG_PARAM] = VOID,
    [GUMBO_TAG_SOURCE] = VOID,
    [GUMBO_TAG_TRACK] = VOID,
    [GUMBO_TAG_WBR] = VOID,
    [GUMBO_TAG_A] = FORMATTING | OPTIONAL,
    [GUMBO_TAG_B] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_BIG] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_CODE] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_EM] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_FONT] = FORMATTING,
    [GUMBO_TAG_I] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_NOBR] = FORMATTING | BREAKOUT | OPTIONAL,
    [GUMBO_TAG_S] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_SMALL] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_STRIKE] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_STRONG] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_TT] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_U] = FORMATTING | BREAKOUT,
    [GUMBO_TAG_P] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_ADDRESS] = CLOSES_P,
    [GUMBO_TAG_ARTICLE] = CLOSES_P,
    [GUMBO_TAG_ASIDE] = CLOSES_P,
    [GUMBO_TAG_BLOCKQUOTE] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_CENTER] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_DETAILS] = CLOSES_P,
    [GUMBO_TAG_DIR] = CLOSES_P,
    [GUMBO_TAG_DIV] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_DL] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_FIELDSET] = CLOSES_P,
    [GUMBO_TAG_FIGCAPTION] = CLOSES_P,
    [GUMBO_TAG_FIGURE] = CLOSES_P,
    [GUMBO_TAG_FOOTER] = CLOSES_P,
    [GUMBO_TAG_HEADER] = CLOSES_P,
    [GUMBO_TAG_HGROUP] = CLOSES_P,
    [GUMBO_TAG_MAIN] = CLOSES_P,
    [GUMBO_TAG_MENU] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_NAV] = CLOSES_P,
    [GUMBO_TAG_OL] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_SECTION] = CLOSES_P,
    [GUMBO_TAG_SUMMARY] = CLOSES_P,
    [GUMBO_TAG_UL] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H1] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H2] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H3] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H4] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H5] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_H6] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_PRE] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_LISTING] = CLOSES_P | BREAKOUT,
    [GUMBO_TAG_LI] = CLOSES_P | BREAKOUT | OPTIONAL,
    [GUMBO_TAG_DD] = CLOSES_P | BREAKOUT | OPTIONAL,
    [GUMBO_TAG_DT] = CLOSES_P | BREAKOUT | OPTIONAL,
    [GUMBO_TAG_OPTION] = OPTIONAL,
    [GUMBO_TAG_OPTGROUP] = OPTIONAL,
    [GUMBO_TAG_SPAN] = BREAKOUT,
    [GUMBO_TAG_BODY] = BREAKOUT,
    [GUMBO_TAG_HEAD] = BREAKOUT,
    [GUMBO_TAG_RUBY] = BREAKOUT,
    [GUMBO_TAG_SUB] = BREAKOUT,
    [GUMBO_TAG_SUP] = BREAKOUT,
    [GUMBO_TAG_VAR] = BREAKOUT,
    [GUMBO_TAG_SCRIPT] = RAW,
    [GUMBO_TAG_STYLE] = RAW,
    [GUMBO_TAG_TITLE] = RAW,
    [GUMBO_TAG_TEXTAREA] = RAW,
    [GUMBO_TAG_XMP] = RAW,
    [GUMBO_TAG_IFRAME] = RAW,
    [GUMBO_TAG_NOEMBED] = RAW,
    [GUMBO_TAG_NOFRAMES] = RAW,
};

static gboolean tag_is(GumboTag tag, unsigned mask)
{
    return (classes[tag] & mask) != 0;
}

static gboolean is_foreign_root(GumboTag tag)
{
    return tag == GUMBO_TAG_SVG || tag == GUMBO_TAG_MATH;
}

/* Text inside these is HTML again, though an <svg> or <math> is open around it. */
static gboolean is_integration_point(GumboTag tag)
{
    return tag_is(tag, SCOPE) || tag == GUMBO_TAG_TITLE;
}

static void find_foreign(Guard *guard)
{
    guard->foreign = FALSE;
    for (guint i = guard->depth; i-- > 0;) {
        if (is_foreign_root(guard->open[i]))
            guard->foreign = TRUE;
        if (is_foreign_root(guard->open[i]) || is_integration_point(guard->open[i]))
            return;
    }
}

static gboolean has_marker(GumboTag tag)
{
    return tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH || tag == GUMBO_TAG_CAPTION || tag == GUMBO_TAG_OBJECT ||
           tag == GUMBO_TAG_APPLET || tag == GUMBO_TAG_MARQUEE || tag == GUMBO_TAG_TEMPLATE;
}

/* The end of an open element ends the formatting opened inside a cell, or leaves it to be opened again. */
static void note_closed(Guard *guard, GumboTag tag)
{
    if (has_marker(tag)) {
        while (guard->formatting_count && !guard->formatting[--guard->formatting_count].marker)
            ;
        return;
    }
    if (!tag_is(tag, FORMATTING))
        return;
    for (guint i = guard->formatting_count; i-- > 0 && !guard->formatting[i].marker;) {
        if (guard->formatting[i].tag == tag && guard->formatting[i].open) {
            guard->formatting[i].open = FALSE;
            return;
        }
    }
}

static void pop_to(Guard *guard, guint depth)
{
    gboolean look_again = FALSE;
    for (guint i = guard->depth; i-- > depth;) {
        look_again |= is_foreign_root(guard->open[i]) || is_integration_point(guard->open[i]);
        note_closed(guard, guard->open[i]);
    }
    guard->depth = depth;
    if (look_again)
        find_foreign(guard);
}

/* The index of the nearest open `tag` that no scope ends before, or -1. */
static int find_open(const Guard *guard, GumboTag tag)
{
    gboolean table_scope = tag_is(tag, TABLE_PART) || tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH || tag == GUMBO_TAG_CAPTION;
    for (guint i = guard->depth; i-- > 0;) {
        if (guard->open[i] == tag)
            return (int)i;
        gboolean ends = table_scope ? guard->open[i] == GUMBO_TAG_TABLE || guard->open[i] == GUMBO_TAG_TEMPLATE
                                    : tag_is(guard->open[i], SCOPE);
        if (ends)
            return -1;
    }
    return -1;
}

static void close_open(Guard *guard, GumboTag tag)
{
    int found = find_open(guard, tag);
    if (found >= 0)
        pop_to(guard, (guint)found);
}

/* The nearest open list item, unless a block other than <div>, <p> and <address> stands between. */
static void close_item(Guard *guard, GumboTag tag)
{
    for (guint i = guard->depth; i-- > 0;) {
        GumboTag open = guard->open[i];
        gboolean twin = (tag == GUMBO_TAG_DD && open == GUMBO_TAG_DT) || (tag == GUMBO_TAG_DT && open == GUMBO_TAG_DD);
        if (open == tag || twin) {
            pop_to(guard, i);
            return;
        }
        gboolean passable = open == GUMBO_TAG_DIV || open == GUMBO_TAG_P || tag_is(open, FORMATTING) ||
                            open == GUMBO_TAG_SPAN;
        if (!passable)
            return;
    }
}

/* A cell or a row ends whatever is open in the table part that it follows. */
static void close_table_part(Guard *guard, GumboTag tag)
{
    guint outer = 0;
    for (guint i = guard->depth; i-- > 0 && outer == 0;)
        if (guard->open[i] == GUMBO_TAG_TABLE)
            outer = i + 1;
    if (!outer)
        return;
    for (guint i = outer; i < guard->depth; i++) {
        GumboTag open = guard->open[i];
        gboolean cell = open == GUMBO_TAG_TD || open == GUMBO_TAG_TH || open == GUMBO_TAG_CAPTION;
        gboolean row_ends = tag != GUMBO_TAG_TD && tag != GUMBO_TAG_TH && open == GUMBO_TAG_TR;
        gboolean body_ends = row_ends || (tag != GUMBO_TAG_TR && tag_is(open, TABLE_PART) && open != GUMBO_TAG_TR &&
                                          tag != GUMBO_TAG_TD && tag != GUMBO_TAG_TH);
        if (cell || body_ends) {
            pop_to(guard, i);
            return;
        }
    }
}

static gboolean in_table_part(const Guard *guard)
{
    for (guint i = guard->depth; i-- > 0;) {
        if (tag_is(guard->open[i], TABLE_PART))
            return TRUE;
        if (!tag_is(guard->open[i], FORMATTING))
            return FALSE;
    }
    return FALSE;
}

static void count_loose(Guard *guard)
{
    if (guard->depth && in_table_part(guard)) {
        guard->loose++;
        guard->work += guard->loose / 4;
    }
}

static void remove_formatting(Guard *guard, guint index)
{
    guint after = guard->formatting_count - index - 1;
    memmove(guard->formatting + index, guard->formatting + index + 1, after * sizeof *guard->formatting);
    guard->formatting_count--;
}

static gboolean fail_depth(ParseFailure *failure)
{
    parse_failure_set(failure, RULE_MALFORMED_HTML, "more than %u elements are open at once", GUARD_DEPTH);
    return FALSE;
}

/* Of equal formatting elements the parser keeps the last three: the "Noah's Ark clause". */
static gboolean push_formatting(Guard *guard, Formatting entry, ParseFailure *failure)
{
    guint equal = 0, first = 0;
    for (guint i = guard->formatting_count; !entry.marker && i-- > 0 && !guard->formatting[i].marker;) {
        if (guard->formatting[i].hash == entry.hash) {
            equal++;
            first = i;
        }
    }
    if (equal >= 3)
        remove_formatting(guard, first);
    if (guard->formatting_count == GUARD_FORMATTING) {
        parse_failure_set(failure, RULE_MALFORMED_HTML, "more than %u formatting elements are left open",
                          GUARD_FORMATTING);
        return FALSE;
    }
    guard->formatting[guard->formatting_count++] = entry;
    return TRUE;
}

static void end_formatting(Guard *guard, GumboTag tag)
{
    if (guard->depth && guard->open[guard->depth - 1] != tag)
        guard->work += guard->tags / 64; /* the adoption agency looks for the place among siblings */
    for (guint i = guard->formatting_count; i-- > 0 && !guard->formatting[i].marker;) {
        if (guard->formatting[i].tag == tag) {
            remove_formatting(guard, i);
            return;
        }
    }
}

/* Opens again what is active and was closed by the end of its parent. */
static gboolean reopen_formatting(Guard *guard, ParseFailure *failure)
{
    guint first = guard->formatting_count;
    while (first > 0 && !guard->formatting[first - 1].marker && !guard->formatting[first - 1].open)
        first--;
    for (guint i = first; i < guard->formatting_count; i++) {
        if (guard->depth == GUARD_DEPTH)
            return fail_depth(failure);
        guard->open[guard->depth++] = guard->formatting[i].tag;
        guard->formatting[i].open = TRUE;
        guard->work += 16; /* a copy with its attributes */
    }
    return TRUE;
}

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* From behind the tag's name to behind its '>'. Counts attributes. */
static void read_attributes(Guard *guard)
{
    const char *at = guard->at, *end = guard->end;
    guard->attributes = 0;
    guard->self_closing = FALSE;
    while (at < end && *at != '>') {
        if (is_space(*at) || *at == '/') {
            guard->self_closing = *at == '/';
            at++;
            continue;
        }
        guard->attributes++;
        guard->self_closing = FALSE;
        at++;
        while (at < end && !is_space(*at) && *at != '=' && *at != '>' && *at != '/')
            at++;
        while (at < end && is_space(*at))
            at++;
        if (at >= end || *at != '=')
            continue;
        at++;
        while (at < end && is_space(*at))
            at++;
        if (at < end && (*at == '"' || *at == '\'')) {
            const char *close = memchr(at + 1, *at, (gsize)(end - at - 1));
            at = close ? close + 1 : end;
        } else {
            while (at < end && !is_space(*at) && *at != '>')
                at++;
        }
    }
    guard->at = at < end ? at + 1 : end;
}

static void skip_raw_text(Guard *guard, const char *name, gsize length)
{
    for (const char *at = guard->at; at < guard->end; at++) {
        at = memchr(at, '<', (gsize)(guard->end - at));
        if (!at)
            break;
        if ((gsize)(guard->end - at) > length + 2 && at[1] == '/' && g_ascii_strncasecmp(at + 2, name, length) == 0) {
            guard->at = at;
            return;
        }
    }
    guard->at = guard->end;
}

static void leave_foreign(Guard *guard)
{
    for (guint i = guard->depth; i-- > 0;) {
        if (is_foreign_root(guard->open[i])) {
            pop_to(guard, i);
            return;
        }
    }
}

static void close_implied(Guard *guard, GumboTag tag)
{
    gboolean cell = tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH;
    if (guard->foreign && tag_is(tag, BREAKOUT))
        leave_foreign(guard);
    if (tag_is(tag, CLOSES_P))
        close_open(guard, GUMBO_TAG_P);
    if (cell || (tag_is(tag, TABLE_PART) && tag != GUMBO_TAG_TABLE))
        close_table_part(guard, tag);
    else if (tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DD || tag == GUMBO_TAG_DT)
        close_item(guard, tag);
    else if (tag_is(tag, OPTIONAL))
        close_open(guard, tag);
    if (tag == GUMBO_TAG_A)
        end_formatting(guard, tag);
}

static gboolean open_element(Guard *guard, GumboTag tag, guint32 hash, ParseFailure *failure)
{
    gboolean formatting = tag_is(tag, FORMATTING) && !guard->foreign;
    if (guard->depth == GUARD_DEPTH)
        return fail_depth(failure);
    guard->open[guard->depth++] = (guint16)tag;
    if (is_foreign_root(tag) || is_integration_point(tag))
        find_foreign(guard);
    if (!formatting && !has_marker(tag))
        return TRUE;
    return push_formatting(guard, (Formatting){hash, (guint16)tag, has_marker(tag), TRUE}, failure);
}

static gboolean start_tag(Guard *guard, const char *start, gsize name_length, ParseFailure *failure)
{
    GumboTag tag = gumbo_tagn_enum(start + 1, (unsigned)name_length);
    read_attributes(guard);
    if (guard->attributes > GUARD_ATTRIBUTES) {
        parse_failure_set(failure, RULE_MALFORMED_HTML, "a tag has more than %u attributes", GUARD_ATTRIBUTES);
        return FALSE;
    }
    guard->work += (guint64)guard->attributes * guard->attributes / 16;
    close_implied(guard, tag);
    gboolean part = tag_is(tag, TABLE_PART) || tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH || tag == GUMBO_TAG_CAPTION;
    if (!part)
        count_loose(guard);
    if (!part && !tag_is(tag, CLOSES_P | RAW) && !guard->foreign && !reopen_formatting(guard, failure))
        return FALSE;
    if (tag_is(tag, RAW) && !guard->foreign) {
        skip_raw_text(guard, start + 1, name_length);
        return TRUE;
    }
    if (tag_is(tag, VOID) || (guard->foreign && guard->self_closing))
        return TRUE;
    return open_element(guard, tag, (guint32)hash64(start, (gsize)(guard->at - start), 0), failure);
}

static void end_tag(Guard *guard, const char *start, gsize name_length)
{
    GumboTag tag = gumbo_tagn_enum(start + 2, (unsigned)name_length);
    read_attributes(guard);
    if (tag_is(tag, FORMATTING))
        end_formatting(guard, tag);
    close_open(guard, tag);
}

/* Behind a comment, declaration or processing instruction. */
static void skip_declaration(Guard *guard)
{
    gsize left = (gsize)(guard->end - guard->at);
    const char *close;
    if (left >= 4 && memcmp(guard->at, "<!--", 4) == 0) {
        const char *from = guard->at + 2; /* "<!-->" is a whole comment */
        while ((close = memchr(from, '>', (gsize)(guard->end - from))) != NULL) {
            if (close[-1] == '-' && close[-2] == '-')
                break;
            if (close[-1] == '!' && close[-2] == '-' && close[-3] == '-')
                break;
            from = close + 1;
        }
    } else {
        close = memchr(guard->at, '>', left);
    }
    guard->at = close ? close + 1 : guard->end;
}

static gboolean next_tag(Guard *guard, ParseFailure *failure)
{
    const char *start = guard->at;
    gsize left = (gsize)(guard->end - start);
    gboolean ends = left > 2 && start[1] == '/';
    const char *name = start + (ends ? 2 : 1);
    if (left < 2) {
        guard->at = guard->end;
        return TRUE;
    }
    if (start[1] == '!' || start[1] == '?' || (ends && !g_ascii_isalpha(*name))) {
        skip_declaration(guard);
        return TRUE;
    }
    if (!g_ascii_isalpha(*name)) {
        guard->at++;
        return TRUE;
    }
    const char *after = name;
    while (after < guard->end && !is_space(*after) && *after != '/' && *after != '>')
        after++;
    guard->at = after;
    guard->tags++;
    guard->work += guard->depth + guard->formatting_count;
    if (ends)
        end_tag(guard, start, (gsize)(after - name));
    else if (!start_tag(guard, start, (gsize)(after - name), failure))
        return FALSE;
    if (guard->work <= GUARD_WORK)
        return TRUE;
    parse_failure_set(failure, RULE_MALFORMED_HTML, "the tags are too many, too deep or too badly nested to be parsed");
    return FALSE;
}

gboolean guard_check(const char *html, gsize length, ParseFailure *failure)
{
    if (length > GUARD_BYTES) {
        parse_failure_set(failure, RULE_TOO_LARGE, "the page has %" G_GSIZE_FORMAT " bytes, the limit is %" G_GSIZE_FORMAT,
                          length, GUARD_BYTES);
        return FALSE;
    }
    g_autofree Guard *guard = g_new0(Guard, 1);
    guard->at = html;
    guard->end = html + length;
    while (guard->at < guard->end) {
        const char *tag = memchr(guard->at, '<', (gsize)(guard->end - guard->at));
        gsize text = (gsize)((tag ? tag : guard->end) - guard->at);
        if (text > 1)
            count_loose(guard);
        if (text && !guard->foreign && !reopen_formatting(guard, failure))
            return FALSE;
        guard->at = tag ? tag : guard->end;
        if (tag && !next_tag(guard, failure))
            return FALSE;
    }
    return TRUE;
}
