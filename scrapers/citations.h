/* SPDX-License-Identifier: Apache-2.0
 * scrapers/citations.h - the recipe's tables of citations, read into the works of a store. Used by metadata.c alone.
 */
#ifndef SCRAPERS_CITATIONS_H
#define SCRAPERS_CITATIONS_H

#include "base/json.h"
#include "scrapers/inputs.h"
#include "scrapers/works.h"
#include "store/stage.h"

/* Reads each table (Input) once. Returns what is said of them as "metadata.tables" (scrapers/metadata.h), an array; NULL on
 * error. Bad lines and damaged files are told in context->notices. `places` gets a name for each number of a table that a
 * WorkRow may have, "FILE" or "FILE#MEMBER". */
json_t *citations_read(StageContext *context, const GPtrArray *tables, Works *works, GPtrArray *places, GError **error);

#endif
