/* SPDX-License-Identifier: Apache-2.0
 * A hash table over the list of names, made once; see xml_names.h. */
#include "scrapers/formats/xml_names.h"

#include <string.h>

#define SLOTS 2048u /* a power of two, several times the number of names */

typedef struct NameEntry {
    const char *name;
    gsize length;
} NameEntry;

#define XML_NAME_ENTRY(identifier, name) {name, sizeof name - 1},
static const NameEntry entries[XML_NAME_COUNT] = {{"", 0}, {"", 0}, XML_NAME_LIST(XML_NAME_ENTRY)};

typedef struct NameTable {
    guint16 slots[SLOTS];
} NameTable;

static guint32 name_hash(const char *name, gsize length)
{
    guint32 hash = (guint32)length;
    for (gsize i = 0; i < length; i++)
        hash = (hash ^ (guchar)name[i]) * 0x01000193u;
    return hash ^ hash >> 15;
}

static gpointer table_new(gpointer unused)
{
    (void)unused;
    NameTable *table = g_new0(NameTable, 1);
    for (guint16 name = XML_TEXT + 1; name < XML_NAME_COUNT; name++) {
        guint32 slot = name_hash(entries[name].name, entries[name].length) % SLOTS;
        while (table->slots[slot])
            slot = (slot + 1) % SLOTS;
        table->slots[slot] = name;
    }
    return table;
}

XmlName xml_name_find(const char *name, gsize length)
{
    static GOnce once = G_ONCE_INIT;
    const NameTable *table = g_once(&once, table_new, NULL);
    for (guint32 slot = name_hash(name, length) % SLOTS; table->slots[slot]; slot = (slot + 1) % SLOTS) {
        const NameEntry *entry = &entries[table->slots[slot]];
        if (entry->length == length && memcmp(entry->name, name, length) == 0)
            return table->slots[slot];
    }
    return XML_UNKNOWN;
}

const char *xml_name_string(XmlName name)
{
    return name < XML_NAME_COUNT ? entries[name].name : "";
}
