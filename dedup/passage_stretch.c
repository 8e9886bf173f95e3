/* SPDX-License-Identifier: Apache-2.0
 * Segments joined to stretches and cuts; see dedup/passage_stretch.h. */
#include "dedup/passage_stretch.h"

static const PassageSegment *segment_at(const GArray *segments, guint place)
{
    return &g_array_index(segments, PassageSegment, place);
}

static guint64 end_of(const PassageSegment *segment, unsigned window)
{
    return segment->first + segment->windows - 1 + window;
}

guint64 passage_stretches(const GArray *segments, unsigned window, GArray *stretches)
{
    guint64 repeated = 0;
    for (guint i = 0; i < segments->len;) {
        const PassageSegment *longest = segment_at(segments, i);
        PassageStretch stretch = {.first = longest->first};
        guint64 end = longest->first + 1;
        for (; i < segments->len && segment_at(segments, i)->first < end; i++) {
            const PassageSegment *segment = segment_at(segments, i);
            end = MAX(end, end_of(segment, window));
            stretch.copies = MAX(stretch.copies, segment->copies);
            if (segment->windows > longest->windows)
                longest = segment;
        }
        stretch.words = end - stretch.first;
        stretch.partner = longest->partner;
        stretch.holder = longest->holder;
        repeated += stretch.words;
        g_array_append_val(stretches, stretch);
    }
    return repeated;
}

/* Appends the union of the windows of all segments that are holders, or are not. */
static void unite(const GArray *segments, unsigned window, gboolean holders, GArray *ranges)
{
    for (guint i = 0; i < segments->len; i++) {
        const PassageSegment *segment = segment_at(segments, i);
        if (segment->holder != holders)
            continue;
        PassageRange *last = ranges->len ? &g_array_index(ranges, PassageRange, ranges->len - 1) : NULL;
        PassageRange range = {segment->first, end_of(segment, window)};
        if (last && range.first <= last->end)
            last->end = MAX(last->end, range.end);
        else
            g_array_append_val(ranges, range);
    }
}

static void append_long(GArray *ranges, guint64 first, guint64 end, unsigned window)
{
    PassageRange range = {first, end};
    if (end >= first + window)
        g_array_append_val(ranges, range);
}

void passage_cuts(const GArray *segments, unsigned window, GArray *ranges)
{
    g_autoptr(GArray) elsewhere = g_array_new(FALSE, FALSE, sizeof(PassageRange)), here = g_array_new(FALSE, FALSE, sizeof(PassageRange));
    unite(segments, window, FALSE, elsewhere);
    unite(segments, window, TRUE, here);
    guint next = 0;
    for (guint i = 0; i < elsewhere->len; i++) {
        PassageRange range = g_array_index(elsewhere, PassageRange, i);
        while (next < here->len && g_array_index(here, PassageRange, next).end <= range.first)
            next++;
        for (guint k = next; k < here->len && g_array_index(here, PassageRange, k).first < range.end; k++) {
            append_long(ranges, range.first, g_array_index(here, PassageRange, k).first, window);
            range.first = MAX(range.first, g_array_index(here, PassageRange, k).end);
        }
        append_long(ranges, range.first, range.end, window);
    }
}
