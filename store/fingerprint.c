/* SPDX-License-Identifier: Apache-2.0
 * Settings as lines; see store/fingerprint.h. */
#include "store/fingerprint.h"

#include <string.h>

#include "base/hash.h"

#define SOURCE "source "

static void end_line(GString *text, gsize from)
{
    for (gsize i = from; i < text->len; i++)
        if (text->str[i] == '\n')
            text->str[i] = ' ';
    g_string_append_c(text, '\n');
}

void fingerprint_add(GString *text, const char *format, ...)
{
    gsize from = text->len;
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    end_line(text, from);
}

void fingerprint_add_source(GString *text, const char *tag, const char *format, ...)
{
    gsize from = text->len;
    va_list arguments;
    g_string_append_printf(text, SOURCE "%s ", tag);
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    end_line(text, from);
}

void fingerprint_add_source_digest(GString *text, const char *tag, const char *what, const char *settings)
{
    char hex[SHA256_HEX_SIZE];
    Sha256 digest = sha256(settings, strlen(settings));
    sha256_hex(&digest, hex);
    fingerprint_add_source(text, tag, "%s %s", what, hex);
}

void fingerprint_add_before(GString *text, const char *predecessor)
{
    if (!predecessor)
        return;
    g_string_append(text, predecessor);
    if (text->len && text->str[text->len - 1] != '\n')
        g_string_append_c(text, '\n');
}

/* ---- Comparison ---------------------------------------------------------------------------------------------- */

/* The tag of a source's line, or NULL; g_free. */
static char *line_tag(const char *line)
{
    if (!g_str_has_prefix(line, SOURCE))
        return NULL;
    const char *tag = line + strlen(SOURCE);
    return g_strndup(tag, strcspn(tag, " "));
}

static GHashTable *tags_of(char **lines)
{
    GHashTable *tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (; *lines; lines++) {
        char *tag = line_tag(*lines);
        if (tag)
            g_hash_table_add(tags, tag);
    }
    return tags;
}

static GHashTable *set_of(char **lines)
{
    GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
    for (; *lines; lines++)
        g_hash_table_add(set, *lines);
    return set;
}

static gboolean has_all(GHashTable *set, char **lines)
{
    for (; *lines; lines++)
        if (!g_hash_table_contains(set, *lines))
            return FALSE;
    return TRUE;
}

/* Whether each line that is new belongs to a source that had no line at all. */
static gboolean adds_sources(char **now, GHashTable *before, GHashTable *tags)
{
    for (; *now; now++) {
        if (g_hash_table_contains(before, *now))
            continue;
        g_autofree char *tag = line_tag(*now);
        if (!tag || g_hash_table_contains(tags, tag))
            return FALSE;
    }
    return TRUE;
}

FingerprintMatch fingerprint_compare(const char *before, const char *now)
{
    if (strcmp(before, now) == 0)
        return FINGERPRINT_SAME;
    g_auto(GStrv) before_lines = g_strsplit(before, "\n", -1), now_lines = g_strsplit(now, "\n", -1);
    g_autoptr(GHashTable) before_set = set_of(before_lines), now_set = set_of(now_lines), tags = tags_of(before_lines);
    if (!has_all(now_set, before_lines))
        return FINGERPRINT_DIFFERENT;
    if (has_all(before_set, now_lines))
        return FINGERPRINT_SAME;
    return adds_sources(now_lines, before_set, tags) ? FINGERPRINT_EXTENDS : FINGERPRINT_DIFFERENT;
}
