/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/json_record.h - one JSON object to the few strings that a document needs, at the speed of simdjson.
 *
 * The face of a C++ library for C: json_record.cc is the one file that includes simdjson. Nesting is capped at 64 levels;
 * input must be UTF-8. Text fields lose U+0000, which a C string cannot hold.
 */
#ifndef SCRAPERS_FORMATS_JSON_RECORD_H
#define SCRAPERS_FORMATS_JSON_RECORD_H

#include <glib.h>

G_BEGIN_DECLS

/* One wanted field of the object. `value` is NULL if the field is absent or null. */
typedef enum {
    JSON_FIELD_TEXT,     /* must be a string; anything else is a failure that names the field */
    JSON_FIELD_ID,       /* a string, or an integer in decimal */
    JSON_FIELD_OPTIONAL, /* a string; anything else counts as absent */
    JSON_FIELD_OBJECT,   /* an object, as JSON text; anything else counts as absent */
} JsonFieldKind;

typedef struct JsonField {
    const char *name;
    JsonFieldKind kind;
    char *value; /* g_free */
    gsize length;
} JsonField;

typedef enum { JSON_RECORD_OK, JSON_RECORD_MALFORMED, JSON_RECORD_INVALID_UTF8 } JsonRecordResult;

#define JSON_DETAIL_SIZE 256

/* On failure `detail` says why, and fields read before it may be set. */
JsonRecordResult json_record_parse(const char *bytes, gsize length, JsonField *fields, gsize count,
                                   char detail[JSON_DETAIL_SIZE]);

G_END_DECLS

#endif
