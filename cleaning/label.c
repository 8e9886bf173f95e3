/* SPDX-License-Identifier: Apache-2.0
 * Labels before values; see cleaning/label.h. */
#include "cleaning/label.h"

int label_before(const Label *labels, gsize count, const char *text, gsize floor, gsize end)
{
    if (end < floor + 2)
        return -1;
    char last = g_ascii_tolower(text[end - 1]), before = g_ascii_tolower(text[end - 2]);
    for (gsize i = 0; i < count; i++) {
        const char *words = labels[i].words;
        gsize length = labels[i].length;
        if (words[length - 1] != last || words[length - 2] != before || end - floor < length)
            continue;
        if (g_ascii_strncasecmp(text + end - length, words, length) == 0 &&
            !(end - length > floor && g_ascii_isalnum(text[end - length - 1])))
            return (int)i;
    }
    return -1;
}
