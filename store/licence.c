/* SPDX-License-Identifier: Apache-2.0
 * Names of licences; see store/licence.h. */
#include "store/licence.h"

#include <string.h>

#define UNLISTED "LicenseRef-"
#define NAME_LIMIT 200 /* bytes: what is longer is a text and no name */

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
    {"etalab-2.0", "etalab-2.0"}, {LICENCE_PUBLIC_DOMAIN, NULL},
};

/* Names that are no Creative Commons licence's, by their letters and digits in lower case. */
static const struct {
    const char *letters, *id;
} names[] = {
    {"cc0", "CC0-1.0"}, {"cc0universal", "CC0-1.0"}, {"cc010universal", "CC0-1.0"}, {"cczero", "CC0-1.0"},
    {"cc010", "CC0-1.0"}, {"creativecommonszero", "CC0-1.0"}, {"creativecommonscc0", "CC0-1.0"},
    {"creativecommonszerov10universal", "CC0-1.0"},
    {"publicdomain", LICENCE_PUBLIC_DOMAIN}, {"inthepublicdomain", LICENCE_PUBLIC_DOMAIN}, {"pd", LICENCE_PUBLIC_DOMAIN},
    {"publicdomainmark", LICENCE_PUBLIC_DOMAIN}, {"publicdomainmark10", LICENCE_PUBLIC_DOMAIN},
    {"apache2", "Apache-2.0"}, {"apachelicense20", "Apache-2.0"}, {"apachelicenseversion20", "Apache-2.0"},
    {"mitlicense", "MIT"}, {"themitlicense", "MIT"},
    {"ogl30", "OGL-UK-3.0"}, {"oglv3", "OGL-UK-3.0"}, {"oglv30", "OGL-UK-3.0"}, {"opengovernmentlicencev30", "OGL-UK-3.0"},
    {"opengovernmentlicence30", "OGL-UK-3.0"}, {"opengovernmentlicenceversion30", "OGL-UK-3.0"},
    {"odcby", "ODC-By-1.0"}, {"opendatacommonsattributionlicense", "ODC-By-1.0"},
    {"opendatacommonsattributionlicensev10", "ODC-By-1.0"},
    {"odbl", "ODbL-1.0"}, {"opendatabaselicense", "ODbL-1.0"}, {"opendatacommonsopendatabaselicense", "ODbL-1.0"},
    {"pddl", "PDDL-1.0"}, {"unlicence", "Unlicense"}, {"theunlicense", "Unlicense"},
};

/* Addresses, in lower case, without scheme, "www." and what is behind. */
static const struct {
    const char *address, *id;
} addresses[] = {
    {"creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"}, {"creativecommons.org/publicdomain/mark/1.0", LICENCE_PUBLIC_DOMAIN},
    {"opensource.org/licenses/mit", "MIT"}, {"opensource.org/license/mit", "MIT"},
    {"opensource.org/licenses/bsd-3-clause", "BSD-3-Clause"}, {"opensource.org/licenses/bsd-2-clause", "BSD-2-Clause"},
    {"opensource.org/licenses/isc", "ISC"}, {"apache.org/licenses/license-2.0", "Apache-2.0"},
    {"opensource.org/licenses/apache-2.0", "Apache-2.0"}, {"mozilla.org/mpl/2.0", "MPL-2.0"},
    {"mozilla.org/en-us/mpl/2.0", "MPL-2.0"}, {"unlicense.org", "Unlicense"},
    {"nationalarchives.gov.uk/doc/open-government-licence/version/1", "OGL-UK-1.0"},
    {"nationalarchives.gov.uk/doc/open-government-licence/version/2", "OGL-UK-2.0"},
    {"nationalarchives.gov.uk/doc/open-government-licence/version/3", "OGL-UK-3.0"},
    {"opendatacommons.org/licenses/by/1-0", "ODC-By-1.0"}, {"opendatacommons.org/licenses/by/1.0", "ODC-By-1.0"},
    {"opendatacommons.org/licenses/odbl/1-0", "ODbL-1.0"}, {"opendatacommons.org/licenses/odbl/1.0", "ODbL-1.0"},
    {"opendatacommons.org/licenses/pddl/1-0", "PDDL-1.0"}, {"opendatacommons.org/licenses/pddl/1.0", "PDDL-1.0"},
};

/* ---- Creative Commons -------------------------------------------------------------------------------------------- */

static const char *const versions[] = {"1.0", "2.0", "2.5", "3.0", "4.0"};

/* Behind the kind of licence: "", or with `listed` a version and maybe the country that it was ported to. */
static gboolean is_version(const char *rest, gboolean listed)
{
    if (!listed)
        return *rest == '\0';
    for (gsize i = 0; *rest == '-' && i < G_N_ELEMENTS(versions); i++) {
        if (!g_str_has_prefix(rest + 1, versions[i]))
            continue;
        const char *behind = rest + 4;
        gsize port = *behind == '-' ? strspn(behind + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
        return *behind == '\0' || (port >= 2 && port <= 3 && behind[1 + port] == '\0');
    }
    return FALSE;
}

/* One of Creative Commons' six licences, by its identifier. */
static gboolean is_creative_commons(const char *id)
{
    static const char *const kinds[] = {"CC-BY-NC-SA", "CC-BY-NC-ND", "CC-BY-NC", "CC-BY-ND", "CC-BY-SA", "CC-BY"};
    gboolean listed = !g_str_has_prefix(id, UNLISTED);
    const char *name = listed ? id : id + strlen(UNLISTED);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(name, kinds[i]) && is_version(name + strlen(kinds[i]), listed))
            return TRUE;
    return FALSE;
}

typedef enum { PART_CC = 1, PART_BY = 2, PART_NC = 4, PART_ND = 8, PART_SA = 16, PART_IGO = 32, PART_VERSION = 64, PART_NAMED = 128 } Part;

/* What the names of these licences are put together from; of two that begin alike the longer comes first. */
static const struct {
    const char *letters;
    unsigned parts;
    const char *version;
} parts[] = {
    {"creativecommons", PART_CC, NULL}, {"cc", PART_CC, NULL}, {"attribution", PART_BY | PART_NAMED, NULL}, {"by", PART_BY, NULL},
    {"noncommercial", PART_NC, NULL}, {"nc", PART_NC, NULL}, {"noderivativeworks", PART_ND, NULL}, {"noderivatives", PART_ND, NULL},
    {"noderivs", PART_ND, NULL}, {"nd", PART_ND, NULL}, {"sharealike", PART_SA, NULL}, {"sa", PART_SA, NULL},
    {"igo", PART_IGO, NULL}, {"10", PART_VERSION, "1.0"}, {"20", PART_VERSION, "2.0"}, {"25", PART_VERSION, "2.5"},
    {"30", PART_VERSION, "3.0"}, {"40", PART_VERSION, "4.0"}, {"3", PART_VERSION, "3.0"}, {"4", PART_VERSION, "4.0"},
    {"international", 0, NULL}, {"unported", 0, NULL}, {"generic", 0, NULL}, {"public", 0, NULL}, {"license", 0, NULL},
    {"licence", 0, NULL}, {"version", 0, NULL}, {"v", 0, NULL},
};

/* Moves over one part of a name. */
static gboolean take_part(const char **at, unsigned *found, const char **version)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (!g_str_has_prefix(*at, parts[i].letters))
            continue;
        if (*found & parts[i].parts)
            return FALSE;
        *found |= parts[i].parts;
        *version = parts[i].version ? parts[i].version : *version;
        *at += strlen(parts[i].letters);
        return TRUE;
    }
    return FALSE;
}

static char *identifier_of_parts(unsigned found, const char *version)
{
    return g_strconcat(version ? "" : UNLISTED, "CC-BY", found & PART_NC ? "-NC" : "", found & PART_SA ? "-SA" : "", found & PART_ND ? "-ND" : "",
                       version ? "-" : "", version ? version : "", found & PART_IGO && version ? "-IGO" : "", NULL);
}

static char *creative_commons_by_letters(const char *letters)
{
    unsigned found = 0;
    const char *version = NULL;
    for (const char *at = letters; *at;)
        if (!take_part(&at, &found, &version))
            return NULL;
    gboolean sound = found & PART_BY && (found & PART_CC || (found & PART_NAMED && version)) && (found & (PART_SA | PART_ND)) != (PART_SA | PART_ND);
    return sound ? identifier_of_parts(found, version) : NULL;
}

/* "by-nc", "4.0" of ".../licenses/by-nc/4.0/..." to its identifier. */
static char *creative_commons_by_path(const char *path)
{
    static const char *const kinds[] = {"by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "by-nd-nc"};
    gsize kind = strspn(path, "abcdefghijklmnopqrstuvwxyz-BYNCSAD");
    if (path[kind] != '/')
        return NULL;
    const char *version = path + kind + 1;
    if (!g_ascii_isdigit(version[0]) || version[1] != '.' || !g_ascii_isdigit(version[2]))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strlen(kinds[i]) == kind && g_ascii_strncasecmp(kinds[i], path, kind) == 0) {
            g_autofree char *upper = g_ascii_strup(i == 6 ? "by-nc-nd" : kinds[i], -1); /* version 1.0 has them the other way round */
            gboolean igo = g_ascii_strncasecmp(version + 3, "/igo", 4) == 0 && !g_ascii_isalnum(version[7]);
            return g_strdup_printf("CC-%s-%.3s%s", upper, version, igo ? "-IGO" : "");
        }
    return NULL;
}

char *licence_in_text(const char *text)
{
    static const char domain[] = "creativecommons.org/", paths[] = "licenses/", zero[] = "publicdomain/zero/1.0";
    for (const char *at = text; at && (at = strstr(at, domain));) {
        at += strlen(domain);
        if (g_str_has_prefix(at, zero))
            return g_strdup("CC0-1.0");
        char *licence = g_str_has_prefix(at, paths) ? creative_commons_by_path(at + strlen(paths)) : NULL;
        if (licence)
            return licence;
    }
    return NULL;
}

/* ---- Any name ----------------------------------------------------------------------------------------------------- */

static const Licence *find(const char *id)
{
    for (gsize i = 0; i < G_N_ELEMENTS(licences); i++)
        if (g_ascii_strcasecmp(licences[i].id, id) == 0)
            return &licences[i];
    return NULL;
}

static char *by_identifier(const char *words)
{
    const Licence *known = find(words);
    if (known)
        return g_strdup(known->id);
    if (g_str_has_prefix(words, UNLISTED))
        return is_creative_commons(words) ? g_strdup(words) : NULL;
    g_autofree char *upper = g_ascii_strup(words, -1);
    return is_creative_commons(upper) ? g_steal_pointer(&upper) : NULL;
}

static char *by_letters(const char *words)
{
    g_autoptr(GString) letters = g_string_new(NULL);
    for (const char *at = words; *at; at++) {
        if (g_ascii_isalnum(*at))
            g_string_append_c(letters, g_ascii_tolower(*at));
        else if ((guchar)*at >= 0x80)
            return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].letters, letters->str) == 0)
            return g_strdup(names[i].id);
    return creative_commons_by_letters(letters->str);
}

/* "https://www.X" to "x"; NULL: no address. */
static char *bare_address(const char *words)
{
    const char *scheme = strstr(words, "://");
    if (!scheme || strpbrk(words, " \t\n"))
        return NULL;
    char *address = g_ascii_strdown(scheme + 3, -1);
    if (g_str_has_prefix(address, "www."))
        memmove(address, address + 4, strlen(address + 4) + 1);
    return address;
}

static char *by_address(const char *address)
{
    static const char spdx[] = "spdx.org/licenses/";
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++)
        if (g_str_has_prefix(address, addresses[i].address) && !g_ascii_isalnum(address[strlen(addresses[i].address)]))
            return g_strdup(addresses[i].id);
    if (!g_str_has_prefix(address, spdx))
        return g_str_has_prefix(address, "creativecommons.org/") ? licence_in_text(address) : NULL;
    g_autofree char *id = g_strdup(address + strlen(spdx));
    for (gsize i = 0; i < 2; i++) {
        static const char *const ends[] = {"/", ".html"};
        if (g_str_has_suffix(id, ends[i]))
            id[strlen(id) - strlen(ends[i])] = '\0';
    }
    return by_identifier(id);
}

char *licence_identifier(const char *words)
{
    if (!words || strlen(words) > NAME_LIMIT)
        return NULL;
    g_autofree char *trimmed = g_strstrip(g_strdup(words));
    g_autofree char *address = bare_address(trimmed);
    if (address)
        return by_address(address);
    char *id = by_identifier(trimmed);
    return id ? id : by_letters(trimmed);
}

gboolean licence_forbids_changes(const char *licence)
{
    g_autofree char *id = licence_identifier(licence);
    return id && !find(id) && (g_str_has_suffix(id, "-ND") || strstr(id, "-ND-"));
}

char *licence_page(const char *licence)
{
    g_autofree char *id = licence_identifier(licence);
    return id && !g_str_has_prefix(id, UNLISTED) ? g_strdup_printf("https://spdx.org/licenses/%s.html", id) : NULL;
}

char *licence_hub_name(const char *licence)
{
    static const char *const creative[] = {
        "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0",
        "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0",
    };
    g_autofree char *id = licence_identifier(licence);
    const Licence *known = id ? find(id) : NULL;
    if (known)
        return g_strdup(known->hub);
    for (gsize i = 0; id && i < G_N_ELEMENTS(creative); i++)
        if (strcmp(creative[i], id) == 0)
            return g_ascii_strdown(id, -1);
    return id && g_str_has_prefix(id, UNLISTED) ? g_strdup("cc") : NULL; /* of which version, nobody says */
}
