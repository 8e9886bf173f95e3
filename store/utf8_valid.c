/* SPDX-License-Identifier: Apache-2.0
 * Valid runs and what stands between them; see store/utf8_valid.h. */
#include "store/utf8_valid.h"

void utf8_append_valid(GString *valid, const char *text, gsize length)
{
    for (const char *end = text + length, *stop; text < end; text = stop + (stop < end)) {
        g_utf8_validate_len(text, (gsize)(end - text), &stop);
        g_string_append_len(valid, text, stop - text);
        if (stop < end && *stop == '\0')
            g_string_append_c(valid, '\0');
        else if (stop < end)
            g_string_append(valid, "\xef\xbf\xbd");
    }
}
