/* SPDX-License-Identifier: Apache-2.0
 * Windows, anchors and cuts out of any bytes: two equal texts have equal anchors everywhere, and cuts fit. */
#include <stdint.h>

#include "dedup/anchor.h"
#include "dedup/cut_range.h"
#include "dedup/passage_stretch.h"
#include "dedup/word_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *const fuzz_seeds[] = {
    "one two three four five six seven eight nine ten one two three four five six seven eight nine ten",
    "a a a a a a a a a a a a a a a a a a a a a a a a",
    "\xc2\xb2 caf\xc3\xa9 \xff\xfe (b c) [bib_ref]d e[/bib_ref]\n\n- f g h i j k l m n\n- o",
    "",
    NULL,
};

/* Every word is in as many windows as there are around it, and the runs tile them. */
static void check_runs(Anchors *anchors, const char *text, gsize length, unsigned window, gsize words)
{
    AnchorRun run;
    gsize next = 0;
    anchors_set(anchors, text, length);
    g_assert_cmpuint(anchors_words(anchors), ==, words);
    for (; anchors_next(anchors, &run); next += run.count)
        g_assert_true(run.first == next && run.count > 0);
    g_assert_cmpuint(next, ==, words < window ? 0 : words - window + 1);
}

/* Takes bytes of the input for segments, and cuts what they say out of the text. */
static void check_cuts(const WordList *list, const char *text, gsize length, unsigned window)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(PassageSegment)), ranges = g_array_new(FALSE, FALSE, sizeof(PassageRange));
    g_autoptr(GArray) stretches = g_array_new(FALSE, TRUE, sizeof(PassageStretch));
    for (gsize at = 0, i = 0; list->count >= window && i + 1 < length; i += 2) {
        guint64 windows = list->count - window + 1, first = at + (guint8)text[i] % 16;
        if (first >= windows)
            break;
        PassageSegment segment = {.first = first, .windows = 1 + (guint8)text[i + 1] / 2 % (windows - first), .holder = text[i + 1] & 1};
        g_array_append_val(segments, segment);
        at = first + segment.windows;
    }
    guint64 repeated = passage_stretches(segments, window, stretches), free_from = 0;
    g_assert_true(repeated <= list->count && (repeated > 0) == (segments->len > 0));
    passage_cuts(segments, window, ranges);
    for (guint i = 0; i < ranges->len; i++) {
        const PassageRange *range = &g_array_index(ranges, PassageRange, i);
        g_assert_true(range->first >= free_from && range->end >= range->first + window && range->end <= list->count);
        Cut cut = cut_range(text, length, list->words[range->first].start, list->words[range->end - 1].end);
        g_assert_true(cuts_fit(&cut, 1, length));
        free_from = range->end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned window = 2 + (unsigned)size % 19;
    g_autofree char *exact = g_memdup2(data, size); /* exactly as large as the input: reading past its end must be seen */
    const char *text = exact ? exact : "";
    g_auto(WordList) list = {0};
    g_autoptr(Anchors) anchors = anchors_new(window);
    word_list_run(&list, text, size);
    check_runs(anchors, text, size, window, list.count);
    check_cuts(&list, text, size, window);
    return 0;
}
