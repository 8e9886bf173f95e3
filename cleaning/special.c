/* SPDX-License-Identifier: Apache-2.0
 * Galen's own marks in a text; see cleaning/special.h. */
#include "cleaning/special.h"

#include <string.h>

typedef struct SpecialMark {
    const char *open;
    const char *close;
    gsize open_size;
} SpecialMark;

#define MARK(name) {"[" name "]", "[/" name "]", sizeof name + 1}
static const SpecialMark marks[SPECIAL_COUNT] = {
    MARK("bib_ref"), MARK("fig_ref"), MARK("formula"), MARK("fig"), MARK("table"), MARK("bib"),
};

/* Where `close` begins from `at` on; NULL: nowhere. Brackets are few, and the one that closes is near. */
static const char *find_close(const char *text, gsize at, gsize length, const char *close, gsize size)
{
    while (at + size <= length) {
        const char *bracket = memchr(text + at, '[', length - at - size + 1);
        if (!bracket || (bracket[1] == '/' && memcmp(bracket, close, size) == 0))
            return bracket;
        at = (gsize)(bracket - text) + 1;
    }
    return NULL;
}

gsize special_end(SpecialScan *scan, const char *text, gsize at, gsize length)
{
    char first = at + 1 < length ? text[at + 1] : 0;
    if (first != 'b' && first != 'f' && first != 't')
        return at;
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
        gsize size = marks[i].open_size;
        if (scan->unclosed[i] || length - at < size || memcmp(text + at, marks[i].open, size) != 0)
            continue;
        const char *close = find_close(text, at + size, length, marks[i].close, size + 1);
        if (close)
            return (gsize)(close - text) + size + 1;
        scan->unclosed[i] = TRUE;
    }
    return at;
}
