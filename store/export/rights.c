/* SPDX-License-Identifier: Apache-2.0
 * Licences by their SPDX identifiers; see store/export/rights.h. */
#include "store/export/rights.h"

#include <string.h>

typedef struct Licence {
    const char *id;
    const char *hub; /* NULL: none there */
} Licence;

/* Besides Creative Commons'. All of them let texts be passed on. */
static const Licence licences[] = {
    {"AGPL-3.0-only", "agpl-3.0"}, {"AGPL-3.0-or-later", "agpl-3.0"}, {"Apache-2.0", "apache-2.0"},
    {"BSD-2-Clause", "bsd-2-clause"}, {"BSD-3-Clause", "bsd-3-clause"}, {"CC0-1.0", "cc0-1.0"},
    {"CC-PDDC", NULL}, {"CDLA-Permissive-1.0", "cdla-permissive-1.0"}, {"CDLA-Permissive-2.0", "cdla-permissive-2.0"},
    {"CDLA-Sharing-1.0", "cdla-sharing-1.0"}, {"GFDL-1.2-only", "gfdl"}, {"GFDL-1.2-or-later", "gfdl"},
    {"GFDL-1.3-only", "gfdl"}, {"GFDL-1.3-or-later", "gfdl"}, {"GPL-2.0-only", "gpl-2.0"},
    {"GPL-2.0-or-later", "gpl-2.0"}, {"GPL-3.0-only", "gpl-3.0"}, {"GPL-3.0-or-later", "gpl-3.0"},
    {"ISC", "isc"}, {"MIT", "mit"}, {"MPL-2.0", "mpl-2.0"},
    {"NLOD-2.0", NULL}, {"ODbL-1.0", "odbl"}, {"ODC-By-1.0", "odc-by"},
    {"OGL-Canada-2.0", NULL}, {"OGL-UK-1.0", NULL}, {"OGL-UK-2.0", NULL},
    {"OGL-UK-3.0", NULL}, {"PDDL-1.0", "pddl"}, {"Unlicense", "unlicense"},
    {"etalab-2.0", "etalab-2.0"},
};

static const Licence *find(const char *id)
{
    for (gsize i = 0; id && i < G_N_ELEMENTS(licences); i++)
        if (strcmp(licences[i].id, id) == 0)
            return &licences[i];
    return NULL;
}

/* Length of "CC-BY-NC-SA-" in front of the version, or 0: not one of Creative Commons' six licences. */
static gsize creative_commons(const char *id)
{
    static const char *const kinds[] = {"CC-BY-NC-SA-", "CC-BY-NC-ND-", "CC-BY-NC-", "CC-BY-ND-", "CC-BY-SA-", "CC-BY-"};
    static const char *const versions[] = {"1.0", "2.0", "2.5", "3.0", "4.0"};
    for (gsize i = 0; id && i < G_N_ELEMENTS(kinds); i++) {
        gsize length = strlen(kinds[i]);
        for (gsize v = 0; g_str_has_prefix(id, kinds[i]) && v < G_N_ELEMENTS(versions); v++) {
            const char *behind = id + length + 3;
            if (!g_str_has_prefix(id + length, versions[v]))
                continue;
            gsize port = *behind == '-' ? strspn(behind + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
            if (*behind == '\0' || (port >= 2 && port <= 3 && behind[1 + port] == '\0'))
                return length;
        }
    }
    return 0;
}

Rights rights_of(const char *licence)
{
    gsize kind = creative_commons(licence);
    if (kind)
        return g_strstr_len(licence, (gssize)kind, "-ND-") ? RIGHTS_DENIED : RIGHTS_GRANTED;
    return find(licence) ? RIGHTS_GRANTED : RIGHTS_UNKNOWN;
}

gboolean rights_allow(const char *licence, const char *source_licence, gboolean redistributable)
{
    Rights own = g_strcmp0(licence, source_licence) == 0 ? RIGHTS_UNKNOWN : rights_of(licence);
    return own == RIGHTS_UNKNOWN ? redistributable : own == RIGHTS_GRANTED;
}

char *licence_page(const char *licence)
{
    return rights_of(licence) == RIGHTS_UNKNOWN ? NULL : g_strdup_printf("https://spdx.org/licenses/%s.html", licence);
}

char *licence_hub_name(const char *licence)
{
    static const char *const creative[] = {
        "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0",
        "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0",
    };
    for (gsize i = 0; licence && i < G_N_ELEMENTS(creative); i++)
        if (strcmp(creative[i], licence) == 0)
            return g_ascii_strdown(licence, -1);
    const Licence *known = find(licence);
    return known ? g_strdup(known->hub) : NULL;
}
