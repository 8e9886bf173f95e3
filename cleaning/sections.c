/* SPDX-License-Identifier: Apache-2.0
 * The rule "sections": what stands before the first heading of the source's start_at goes, and so does each section of its
 * stop_at (store/sections.h). A text without any of these headings stays as it is. */
#include "store/sections.h"

#include "cleaning/rules.h"

/* The list as sections.h wants it; g_free. */
static char **names_of(const RecipeStrings *list)
{
    char **names = g_new0(char *, list->count + 1);
    for (unsigned i = 0; i < list->count; i++)
        names[i] = list->items[i];
    return names;
}

guint64 rule_sections(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    g_autofree char **start_at = names_of(&context->settings->start_at), **stop_at = names_of(&context->settings->stop_at);
    buffer_reset(out);
    buffer_append(out, text, length);
    gsize before = out->length;
    gboolean started = sections_start(out, start_at) && out->length < before;
    return started + sections_stop(out, stop_at);
}
