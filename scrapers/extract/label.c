/* SPDX-License-Identifier: Apache-2.0
 * "Figure 2" and its like; see label.h. */
#include "scrapers/extract/label.h"

#include <string.h>

#define LABEL_CHARACTERS 20

gboolean text_opens_with_label(const char *text)
{
    static const char *const words[] = {"figure", "fig",     "table",     "box", "scheme",  "chart",  "figura", "tabla", "cuadro",
                                        "gráfico", "tableau", "abbildung", "abb", "tabelle", "tabela", "图",     "圖",    "表"};
    const char *end = text;
    for (int i = 0; i < LABEL_CHARACTERS && *end; i++)
        end = g_utf8_next_char(end);
    g_autofree char *lower = g_utf8_strdown(text, end - text);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!g_str_has_prefix(lower, words[i]))
            continue;
        const char *number = lower + strlen(words[i]);
        number += strspn(number, ". ");
        number += *number == 's' || *number == 'e'; /* of a supplement, of an extension */
        if (g_ascii_isdigit(*number))
            return TRUE;
    }
    return FALSE;
}
