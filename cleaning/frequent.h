/* SPDX-License-Identifier: Apache-2.0
 * cleaning/frequent.h - the frequent ones among very many hashes, in memory that is fixed beforehand (Misra and Gries,
 * Finding Repeated Elements, 1982).
 *
 * A Frequent of `places` holds every hash that was added more than total / (places + 1) times, and others besides. Of a
 * hash that it holds, the true count lies between frequent_count and frequent_count plus `missed`. What it holds depends
 * on the order of the additions; what it guarantees does not.
 */
#ifndef CLEANING_FREQUENT_H
#define CLEANING_FREQUENT_H

#include <glib.h>

typedef struct Frequent {
    gsize places;
    gsize used;
    guint64 total;  /* additions */
    guint64 missed; /* the most that any count is too low */
    gsize mask;     /* of the table, which is at most half full */
    guint64 *hashes; /* 0: empty */
    guint32 *counts;
} Frequent;

Frequent *frequent_new(gsize places);
void frequent_free(Frequent *frequent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Frequent, frequent_free)
void frequent_add(Frequent *frequent, guint64 hash);
guint32 frequent_count(const Frequent *frequent, guint64 hash); /* 0: it is not held */

/* As text, and back: NULL when the text is not one that frequent_write wrote. */
char *frequent_write(const Frequent *frequent);
Frequent *frequent_read(const char *text);

#endif
