/* SPDX-License-Identifier: Apache-2.0
 * Open and closed licences by their words; see dedup/licence.h. */
#include "dedup/licence.h"

#include <glib.h>
#include <string.h>

#include "store/licence.h"

/* Each is a list of words that follow one another, whatever stands between them. */
static const char *const closed[] = {
    "nc", "nd", "noncommercial", "non commercial", "noderivatives", "no derivatives", "noderivs", "all rights reserved", "proprietary",
};
static const char *const open[] = {
    "cc0",  "cc by", "creative commons attribution", "licenses by", "public domain", "publicdomain", "pddl", "odc by", "odbl",
    "ogl",  "open government licence", "gfdl", "mit", "apache", "bsd", "gpl", "lgpl", "agpl", "mpl", "isc", "unlicense",
};

/* " cc by nc 4 0 ": words of letters and digits in lower case, with one blank around each. */
static char *words_of(const char *licence)
{
    GString *words = g_string_new(" ");
    for (const char *at = licence; *at; at++) {
        if (g_ascii_isalnum(*at))
            g_string_append_c(words, g_ascii_tolower(*at));
        else if (words->str[words->len - 1] != ' ')
            g_string_append_c(words, ' ');
    }
    if (words->str[words->len - 1] != ' ')
        g_string_append_c(words, ' ');
    return g_string_free(words, FALSE);
}

static gboolean has_any(const char *words, const char *const *phrases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *phrase = g_strconcat(" ", phrases[i], " ", NULL);
        if (strstr(words, phrase))
            return TRUE;
    }
    return FALSE;
}

LicenceOpenness licence_openness(const char *licence)
{
    if (!licence)
        return LICENCE_UNKNOWN;
    g_autofree char *known = licence_identifier(licence);
    g_autofree char *words = words_of(known ? known : licence);
    if (has_any(words, closed, G_N_ELEMENTS(closed)))
        return LICENCE_CLOSED;
    return has_any(words, open, G_N_ELEMENTS(open)) ? LICENCE_OPEN : LICENCE_UNKNOWN;
}
