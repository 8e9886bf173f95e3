/* SPDX-License-Identifier: Apache-2.0
 * store/export/record.h - a document as the formats of texts write it: a number and named texts, the same for all of them.
 *
 * records_write goes through the selected documents in the order of the store and hands each to a function of the format. A
 * text that is not known is NULL; all others are UTF-8, with U+FFFD for what strangers wrote instead. They last until the
 * function returns. `text` is what was tokenised (title, blank line, body, without what was cut), `spdx` the address of the
 * licence's page, `metadata` all else that is known, as the text of a JSON object. The date is called "published": pandas would make
 * times of a "date".
 */
#ifndef STORE_EXPORT_RECORD_H
#define STORE_EXPORT_RECORD_H

#include "store/export/exporter.h"

typedef enum {
    RECORD_ID,
    RECORD_SOURCE,
    RECORD_SPLIT,
    RECORD_KIND,
    RECORD_TITLE,
    RECORD_TEXT,
    RECORD_URL,
    RECORD_LICENCE,
    RECORD_SPDX,
    RECORD_PUBLISHED,
    RECORD_LANGUAGE,
    RECORD_DOI,
    RECORD_PMID,
    RECORD_PMCID,
    RECORD_METADATA,
    RECORD_FIELDS,
} RecordField;

#define RECORD_NUMBER "docno" /* the name of the document's number, before all fields */
extern const char *const record_names[RECORD_FIELDS];

typedef struct Record {
    Docno docno;
    const char *values[RECORD_FIELDS];
    gsize lengths[RECORD_FIELDS];
} Record;

typedef gboolean (*RecordFunction)(const Record *record, gpointer data, GError **error);
gboolean records_write(Export *export, RecordFunction function, gpointer data, GError **error);

#endif
