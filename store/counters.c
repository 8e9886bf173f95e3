/* SPDX-License-Identifier: Apache-2.0
 * Counts by name; see store/counters.h. */
#include "store/counters.h"

#include <stdlib.h>
#include <string.h>

#include "store/licence.h"

#define LICENCE_NAME_LIMIT 200 /* bytes */
#define LICENCES_LIMIT 1000

GHashTable *counters_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void counters_add(GHashTable *counters, const char *name, guint64 count)
{
    guint64 *sum = g_hash_table_lookup(counters, name);
    if (!sum) {
        sum = g_new0(guint64, 1);
        g_hash_table_insert(counters, g_strdup(name), sum);
    }
    *sum += count;
}

void counters_add_licence(GHashTable *counters, const char *licence)
{
    char *known = licence_identifier(licence);
    g_autofree char *name = known ? known : g_utf8_make_valid(licence ? licence : "", -1);
    if (strlen(name) > LICENCE_NAME_LIMIT)
        *g_utf8_find_prev_char(name, name + LICENCE_NAME_LIMIT + 1) = '\0';
    gboolean room = g_hash_table_size(counters) < LICENCES_LIMIT || g_hash_table_contains(counters, name);
    counters_add(counters, room ? name : "(further licences)", 1);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

json_t *counters_json(GHashTable *counters)
{
    guint count;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(counters, &count);
    json_t *object = json_object();
    if (count > 1)
        qsort(names, count, sizeof *names, compare_names);
    for (guint i = 0; i < count; i++) {
        const guint64 *value = g_hash_table_lookup(counters, names[i]);
        json_object_set_new(object, names[i], json_integer((json_int_t)*value));
    }
    return object;
}
