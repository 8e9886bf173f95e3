/* SPDX-License-Identifier: Apache-2.0
 * Galen's own marks in a text; see cleaning/special.h. */
#include "cleaning/special.h"

#include <string.h>

typedef struct SpecialMark {
    const char *open;
    const char *close;
} SpecialMark;

static const SpecialMark marks[SPECIAL_COUNT] = {
    {"[bib_ref]", "[/bib_ref]"}, {"[fig_ref]", "[/fig_ref]"}, {"[formula]", "[/formula]"},
    {"[fig]", "[/fig]"},         {"[table]", "[/table]"},     {"[bib]", "[/bib]"},
};

static gboolean starts_with(const char *text, gsize length, const char *prefix)
{
    gsize prefix_length = strlen(prefix);
    return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

gsize special_end(SpecialScan *scan, const char *text, gsize at, gsize length)
{
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
        if (scan->unclosed[i] || !starts_with(text + at, length - at, marks[i].open))
            continue;
        const char *close = memmem(text + at, length - at, marks[i].close, strlen(marks[i].close));
        if (close)
            return (gsize)(close - text) + strlen(marks[i].close);
        scan->unclosed[i] = TRUE;
    }
    return at;
}
