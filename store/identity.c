/* SPDX-License-Identifier: Apache-2.0
 * Identifiers of publications; see store/identity.h. */
#include "store/identity.h"

#include <string.h>

#include "base/json.h"

/* Longer than any real identifier; a longer one is rubbish. */
#define LONGEST 256

static void skip_prefix(const char **text, const char *prefix)
{
    if (g_ascii_strncasecmp(*text, prefix, strlen(prefix)) == 0)
        *text += strlen(prefix);
}

/* "NAME 123" for digits, with an optional version ".2" behind them where `versions`; else NULL. */
static char *normalise_number(const char *name, const char *text, gboolean versions)
{
    text += strspn(text, "0");
    gsize digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    if (versions && rest[0] == '.' && g_ascii_isdigit(rest[1]))
        rest += 1 + strspn(rest + 1, "0123456789");
    if (digits == 0 || digits > 18 || *rest != '\0')
        return NULL;
    return g_strdup_printf("%s %.*s", name, (int)digits, text);
}

static char *normalise_pmid(const char *text)
{
    skip_prefix(&text, "pmid:");
    while (*text == ' ')
        text++;
    return normalise_number("PMID", text, FALSE);
}

static char *normalise_pmcid(const char *text)
{
    skip_prefix(&text, "pmcid:");
    while (*text == ' ')
        text++;
    skip_prefix(&text, "pmc");
    return normalise_number("PMCID", text, TRUE);
}

static char *normalise_doi(const char *text)
{
    static const char *const prefixes[] = {"https://", "http://", "dx.", "www.", "doi.org/", "doi:"};
    for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++)
        skip_prefix(&text, prefixes[i]);
    while (*text == ' ')
        text++;
    const char *slash = strchr(text, '/');
    if (!g_str_has_prefix(text, "10.") || !slash || slash == text + 3 || slash[1] == '\0' || strpbrk(text, " \t\r\n"))
        return NULL;
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return g_strdup_printf("DOI %s", lower);
}

static const struct {
    const char *key;
    IdentifierScheme scheme;
    char *(*normalise)(const char *text);
} schemes[] = {
    {"pmid", SCHEME_PMID, normalise_pmid},
    {"pmcid", SCHEME_PMCID, normalise_pmcid},
    {"doi", SCHEME_DOI, normalise_doi},
};

char *identifier_normalise(IdentifierScheme scheme, const char *raw)
{
    if (strlen(raw) > LONGEST)
        return NULL;
    g_autofree char *trimmed = g_strstrip(g_strdup(raw));
    for (unsigned i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].scheme == scheme)
            return schemes[i].normalise(trimmed);
    }
    return NULL;
}

void identity_add(Identity *identity, IdentifierScheme scheme, const char *raw)
{
    g_autofree char *text = identifier_normalise(scheme, raw);
    if (!text || identity->count == IDENTITY_MAX)
        return;
    for (unsigned i = 0; i < identity->count; i++) {
        if (strcmp(identity->identifiers[i].text, text) == 0)
            return;
    }
    identity->identifiers[identity->count++] = (Identifier){scheme, g_steal_pointer(&text)};
}

static void add_from_meta(Identity *identity, const char *meta)
{
    g_autoptr(json_t) object = json_parse(meta, strlen(meta), "meta", NULL);
    for (unsigned i = 0; object && i < G_N_ELEMENTS(schemes); i++) {
        const json_t *value = json_object_get(object, schemes[i].key);
        if (json_is_string(value)) {
            identity_add(identity, schemes[i].scheme, json_string_value(value));
        } else if (json_is_integer(value)) {
            g_autofree char *number = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
            identity_add(identity, schemes[i].scheme, number);
        }
    }
}

void identity_read(Identity *identity, const Document *document)
{
    identity->count = 0;
    if (document->meta)
        add_from_meta(identity, document->meta);
    if (document->id && g_ascii_strncasecmp(document->id, "PMID:", 5) == 0)
        identity_add(identity, SCHEME_PMID, document->id);
    else if (document->id && g_ascii_strncasecmp(document->id, "PMC", 3) == 0)
        identity_add(identity, SCHEME_PMCID, document->id);
}

void identity_clear(Identity *identity)
{
    for (unsigned i = 0; i < identity->count; i++)
        g_clear_pointer(&identity->identifiers[i].text, g_free);
    identity->count = 0;
}

const char *identity_shared(const Identity *a, const Identity *b)
{
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < b->count; j++) {
            if (strcmp(a->identifiers[i].text, b->identifiers[j].text) == 0)
                return a->identifiers[i].text;
        }
    }
    return NULL;
}
