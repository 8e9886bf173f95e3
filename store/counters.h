/* SPDX-License-Identifier: Apache-2.0
 * store/counters.h - counts by name: of rules, of licences.
 *
 * A table of guint64 by string, freed by g_hash_table_unref. What it is turned into has its names in order, so that it does
 * not depend on the table's. Licences that are known count under their identifiers (store/licence.h). Names of others are cut at 200 bytes, as some publishers write whole paragraphs, and made
 * valid UTF-8; documents under further licences than 1,000 are counted together.
 */
#ifndef STORE_COUNTERS_H
#define STORE_COUNTERS_H

#include "base/json.h"

GHashTable *counters_new(void);
void counters_add(GHashTable *counters, const char *name, guint64 count);
void counters_add_licence(GHashTable *counters, const char *licence); /* one document's; NULL: none stated, counted under "" */
json_t *counters_json(GHashTable *counters);

#endif
