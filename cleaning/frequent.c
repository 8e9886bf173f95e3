/* SPDX-License-Identifier: Apache-2.0
 * The summary of Misra and Gries; see cleaning/frequent.h. */
#include "cleaning/frequent.h"

#include <stdio.h>

#define MOST_PLACES ((gsize)1 << 24)

Frequent *frequent_new(gsize places)
{
    Frequent *frequent = g_new0(Frequent, 1);
    gsize size = 16;
    while (size < 2 * places)
        size *= 2;
    frequent->places = places;
    frequent->mask = size - 1;
    frequent->hashes = g_new0(guint64, size);
    frequent->counts = g_new0(guint32, size);
    return frequent;
}

void frequent_free(Frequent *frequent)
{
    if (!frequent)
        return;
    g_free(frequent->hashes);
    g_free(frequent->counts);
    g_free(frequent);
}

static gsize find(const Frequent *frequent, guint64 hash)
{
    gsize at = hash & frequent->mask;
    while (frequent->hashes[at] && frequent->hashes[at] != hash)
        at = (at + 1) & frequent->mask;
    return at;
}

static void insert(Frequent *frequent, guint64 hash, guint32 count)
{
    gsize at = find(frequent, hash);
    frequent->hashes[at] = hash;
    frequent->counts[at] = count;
    frequent->used++;
}

/* One off each count; what comes to nothing makes room. Each such pass takes as many additions as it undoes. */
static void decrement(Frequent *frequent)
{
    gsize size = frequent->mask + 1;
    g_autofree guint64 *hashes = frequent->hashes;
    g_autofree guint32 *counts = frequent->counts;
    frequent->hashes = g_new0(guint64, size);
    frequent->counts = g_new0(guint32, size);
    frequent->used = 0;
    frequent->missed++;
    for (gsize i = 0; i < size; i++)
        if (hashes[i] && counts[i] > 1)
            insert(frequent, hashes[i], counts[i] - 1);
}

void frequent_add(Frequent *frequent, guint64 hash)
{
    hash += !hash;
    gsize at = find(frequent, hash);
    frequent->total++;
    if (frequent->hashes[at])
        frequent->counts[at]++;
    else if (frequent->used < frequent->places)
        insert(frequent, hash, 1);
    else
        decrement(frequent);
}

guint32 frequent_count(const Frequent *frequent, guint64 hash)
{
    return frequent->counts[find(frequent, hash + !hash)];
}

char *frequent_write(const Frequent *frequent)
{
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%" G_GSIZE_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, frequent->places, frequent->total, frequent->missed);
    for (gsize i = 0; i <= frequent->mask; i++)
        if (frequent->hashes[i])
            g_string_append_printf(text, " %016" G_GINT64_MODIFIER "x:%x", frequent->hashes[i], frequent->counts[i]);
    return g_string_free(text, FALSE);
}

Frequent *frequent_read(const char *text)
{
    gsize places;
    guint64 total, missed, hash;
    unsigned count;
    int used;
    if (sscanf(text, "%" G_GSIZE_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "%n", &places, &total, &missed, &used) != 3 || places > MOST_PLACES)
        return NULL;
    g_autoptr(Frequent) frequent = frequent_new(places);
    for (text += used; *text; text += used) {
        if (sscanf(text, " %" G_GINT64_MODIFIER "x:%x%n", &hash, &count, &used) != 2 || !hash || frequent->used == places || frequent_count(frequent, hash))
            return NULL;
        insert(frequent, hash, count);
    }
    frequent->total = total;
    frequent->missed = missed;
    return g_steal_pointer(&frequent);
}
