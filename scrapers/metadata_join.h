/* SPDX-License-Identifier: Apache-2.0
 * scrapers/metadata_join.h - what other documents and tables know of one document, and whether the recipe excludes it.
 *
 * The rules are those of scrapers/metadata.h; used by that stage alone. join_result_new reads the other documents of the
 * work from the store, in a transaction of its own: any thread may call it.
 */
#ifndef SCRAPERS_METADATA_JOIN_H
#define SCRAPERS_METADATA_JOIN_H

#include "base/json.h"
#include "scrapers/works.h"
#include "store/document.h"
#include "store/recipe.h"

typedef struct Joiner {
    Store *store;
    const Recipe *recipe;
    Works *works;
    GPtrArray *places; /* names of tables, by WorkRow.table */
    guint64 bad_input; /* tables with lines that could not be used, or damaged; until it has been counted */
} Joiner;

typedef struct JoinResult {
    json_t *note; /* NULL: nothing was joined */
    gboolean cited;
    char *rule, *detail; /* of the verdict; NULL: none */
} JoinResult;

JoinResult *join_result_new(const Joiner *joiner, Docno docno, const Document *document, GError **error);
void join_result_free(gpointer result);
gboolean join_note_is_cited(const json_t *note); /* a table counts its citations */

#endif
