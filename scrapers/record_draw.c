/* SPDX-License-Identifier: Apache-2.0
 * The draw of a source's records; see scrapers/record_draw.h. */
#include "scrapers/record_draw.h"

#include <string.h>

#include "base/hash.h"

#define STREAM "sample"

gboolean record_is_drawn(const RecipeSource *source, const Format *format, const Record *record)
{
    if (source->sample >= 1 || record->rule)
        return TRUE;
    gsize length = record->url ? strlen(record->url) : record->length;
    const char *key = record->url ? record->url : record->bytes;
    if (!record->url && format->key && !(key = format->key(record, &length)))
        return TRUE;
    guint64 draw = random_at(source->sample_seed, STREAM, hash64(key, length, 0));
    return (double)(draw >> 11) * 0x1p-53 < source->sample;
}
