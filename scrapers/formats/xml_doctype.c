/* SPDX-License-Identifier: Apache-2.0
 * The internal subset of a DOCTYPE (XML 1.0, 2.8 and 4.2); see xml_doctype.h. */
#include "scrapers/formats/xml_doctype.h"

#include <string.h>

#include "scrapers/formats/xml_reference.h"

#define ENTITIES_LIMIT 10000u

typedef struct Subset {
    XmlDoctype *doctype;
    const char *at, *end;
} Subset;

static void entity_free(gpointer data)
{
    XmlEntity *entity = data;
    g_free(entity->text);
    g_free(entity);
}

void xml_doctype_clear(XmlDoctype *doctype)
{
    if (doctype->entities)
        g_hash_table_unref(doctype->entities);
    doctype->entities = NULL;
}

const XmlEntity *xml_doctype_entity(const XmlDoctype *doctype, const char *name, gsize length)
{
    if (!doctype->entities)
        return NULL;
    g_autofree char *key = g_strndup(name, length);
    return g_hash_table_lookup(doctype->entities, key);
}

static gboolean sees(const Subset *subset, const char *text)
{
    gsize length = strlen(text);
    return (gsize)(subset->end - subset->at) >= length && memcmp(subset->at, text, length) == 0;
}

static void skip_blanks(Subset *subset)
{
    while (subset->at < subset->end && g_ascii_isspace(*subset->at))
        subset->at++;
}

/* Steps behind `mark`. FALSE when it does not come. */
static gboolean skip_behind(Subset *subset, const char *mark)
{
    const char *found = memmem(subset->at, (gsize)(subset->end - subset->at), mark, strlen(mark));
    if (found)
        subset->at = found + strlen(mark);
    return found != NULL;
}

/* The characters between two quotes at `at`. */
static gboolean read_literal(Subset *subset, const char **text, gsize *length)
{
    if (subset->at >= subset->end || (*subset->at != '"' && *subset->at != '\''))
        return FALSE;
    const char *close = memchr(subset->at + 1, *subset->at, (gsize)(subset->end - subset->at - 1));
    if (!close)
        return FALSE;
    *text = subset->at + 1;
    *length = (gsize)(close - subset->at - 1);
    subset->at = close + 1;
    return TRUE;
}

/* A replacement text has its character references resolved when it is declared, and no others (XML 1.0, 4.5). */
static XmlEntity *internal_entity(const char *text, gsize length)
{
    XmlEntity *entity = g_new0(XmlEntity, 1);
    entity->text = g_malloc(length + 1);
    for (gsize i = 0; i < length;) {
        gsize size = 0;
        gsize read = text[i] == '&' ? xml_reference_number(text + i, length - i, entity->text + entity->length, &size) : 0;
        if (read) {
            entity->length += size;
            i += read;
        } else {
            entity->text[entity->length++] = text[i++];
        }
    }
    entity->text[entity->length] = '\0';
    return entity;
}

static void declare(Subset *subset, const char *name, gsize length, XmlEntity *entity)
{
    XmlDoctype *doctype = subset->doctype;
    if (!doctype->entities)
        doctype->entities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entity_free);
    char *key = g_strndup(name, length);
    if (g_hash_table_size(doctype->entities) >= ENTITIES_LIMIT || g_hash_table_contains(doctype->entities, key)) {
        g_free(key);
        entity_free(entity);
        return;
    }
    g_hash_table_insert(doctype->entities, key, entity);
}

/* The end of a declaration, past quoted '>'. */
static gboolean skip_declaration(Subset *subset)
{
    const char *text;
    gsize length;
    while (subset->at < subset->end) {
        char byte = *subset->at;
        if (byte == '"' || byte == '\'') {
            if (!read_literal(subset, &text, &length))
                return FALSE;
            continue;
        }
        subset->at++;
        if (byte == '>')
            return TRUE;
    }
    return FALSE;
}

/* "<!ENTITY" is behind `at`. */
static gboolean read_entity(Subset *subset)
{
    const char *text;
    gsize length;
    skip_blanks(subset);
    if (sees(subset, "%"))
        return skip_declaration(subset);
    const char *name = subset->at;
    gsize name_length = xml_reference_name(name, (gsize)(subset->end - name));
    if (!name_length)
        return FALSE;
    subset->at += name_length;
    skip_blanks(subset);
    if (sees(subset, "SYSTEM") || sees(subset, "PUBLIC"))
        declare(subset, name, name_length, g_new0(XmlEntity, 1));
    else if (read_literal(subset, &text, &length))
        declare(subset, name, name_length, internal_entity(text, length));
    else
        return FALSE;
    return skip_declaration(subset);
}

static gboolean read_declaration(Subset *subset)
{
    if (sees(subset, "<!--"))
        return skip_behind(subset, "-->");
    if (sees(subset, "<?"))
        return skip_behind(subset, "?>");
    if (!sees(subset, "<!ENTITY"))
        return skip_declaration(subset);
    subset->at += strlen("<!ENTITY");
    return read_entity(subset);
}

/* Behind "[". */
static gboolean read_subset(Subset *subset)
{
    for (;;) {
        skip_blanks(subset);
        if (subset->at >= subset->end)
            return FALSE;
        if (*subset->at == ']') {
            subset->at++;
            return TRUE;
        }
        if (*subset->at == '%') { /* a parameter entity, which is not read */
            if (!skip_behind(subset, ";"))
                return FALSE;
        } else if (*subset->at != '<' || !read_declaration(subset)) {
            return FALSE;
        }
    }
}

const char *xml_doctype_read(XmlDoctype *doctype, const char *at, const char *end, const char **problem)
{
    Subset subset = {doctype, at + strlen("<!DOCTYPE"), end};
    const char *text;
    gsize length;
    while (subset.at < end && *subset.at != '>' && *subset.at != '[') {
        if (*subset.at != '"' && *subset.at != '\'')
            subset.at++;
        else if (!read_literal(&subset, &text, &length))
            break;
    }
    if (subset.at < end && *subset.at == '[') {
        subset.at++;
        if (!read_subset(&subset)) {
            *problem = "the declarations in the DOCTYPE are not well-formed";
            return NULL;
        }
        skip_blanks(&subset);
    }
    if (subset.at >= end || *subset.at != '>') {
        *problem = "the DOCTYPE does not end";
        return NULL;
    }
    return subset.at + 1;
}
