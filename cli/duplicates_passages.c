/* SPDX-License-Identifier: Apache-2.0
 * galen duplicates --passages: what stands more than once in the texts; see cli/duplicates.h. */
#include "cli/duplicates.h"

#include <stdio.h>

#include "cli/command.h"
#include "store/passage_list.h"

#define SHOWN_PLACES 10
#define SHOWN_BYTES 300 /* of a passage, for people */

static void print_place(const json_t *place)
{
    const char *what = json_is_true(json_object_get(place, "held")) ? "held" : json_is_true(json_object_get(place, "cut")) ? "cut" : "again";
    printf("  %-6s %lld %s/%s, bytes %lld to %lld\n", what, (long long)json_integer_value(json_object_get(place, "docno")),
           json_get_string(place, "source"), json_get_string(place, "id"), (long long)json_integer_value(json_object_get(place, "start")),
           (long long)json_integer_value(json_object_get(place, "end")));
}

/* On one line, and marked where it goes on. */
static void print_text(const char *text, gboolean whole)
{
    fputs("  \"", stdout);
    for (const char *at = text; *at; at++)
        putchar(*at == '\n' || *at == '\t' || *at == '\r' ? ' ' : *at);
    puts(whole ? "\"" : "...\"");
}

static void print_passage(const Passage *passage, const json_t *object)
{
    gsize index;
    json_t *place;
    const PassagePlace *first = &g_array_index(passage->places, PassagePlace, 0);
    printf("%" G_GUINT64_FORMAT " words in %" G_GUINT64_FORMAT " places\n", passage->words, passage->copies);
    print_text(json_get_string(object, "text"), first->end - first->start <= SHOWN_BYTES);
    json_array_foreach(json_object_get(object, "places"), index, place)
        print_place(place);
    if (passage->places->len > SHOWN_PLACES)
        printf("  and %u more; --json has all\n", passage->places->len - SHOWN_PLACES);
}

gboolean duplicates_print_passages(StoreTxn *txn, guint limit, gboolean json, GError **error)
{
    g_autoptr(PassageList) list = passage_list_load(txn, limit, error);
    if (!list)
        return FALSE;
    for (guint i = 0; i < list->passages->len; i++) {
        const Passage *passage = list->passages->pdata[i];
        g_autoptr(json_t) object = passage_json(txn, passage, json ? G_MAXUINT : SHOWN_PLACES, json ? G_MAXSIZE : SHOWN_BYTES, error);
        if (!object)
            return FALSE;
        g_autofree char *line = json ? json_write(object) : NULL;
        if (line)
            puts(line);
        else
            print_passage(passage, object);
    }
    if (json)
        return TRUE;
    g_autofree char *count = format_count(list->total);
    if (list->total == 0)
        puts("no passage stands more than once, or none was looked for");
    else if (list->passages->len < list->total)
        printf("%u of %s passages; --limit 0 lists all\n", list->passages->len, count);
    return TRUE;
}
