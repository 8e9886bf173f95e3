/* SPDX-License-Identifier: Apache-2.0
 * The record of a document in TABLE_SIGNATURES; see dedup/sketch.h. */
#include "dedup/sketch.h"

#include "base/error.h"

static void append_hash(Buffer *buffer, Hash128 hash)
{
    buffer_append_u64(buffer, hash.high);
    buffer_append_u64(buffer, hash.low);
}

static Hash128 view_hash(BufferView *view)
{
    Hash128 hash = {0};
    buffer_view_u64(view, &hash.high);
    buffer_view_u64(view, &hash.low);
    return hash;
}

void sketch_encode(const Sketch *sketch, const guint32 *signature, Buffer *buffer)
{
    buffer_append_u64(buffer, sketch->length);
    append_hash(buffer, sketch->exact);
    append_hash(buffer, sketch->words);
    append_hash(buffer, sketch->title);
    append_hash(buffer, sketch->url);
    buffer_append_u32(buffer, sketch->title_length);
    buffer_append_u32(buffer, (guint32)sketch->kind);
    buffer_append_u32(buffer, (guint32)sketch->openness);
    buffer_append_u32(buffer, sketch->identifier_count);
    for (unsigned i = 0; i < sketch->identifier_count; i++) {
        buffer_append_u32(buffer, (guint32)sketch->identifiers[i].scheme);
        append_hash(buffer, sketch->identifiers[i].hash);
    }
    buffer_append_u32(buffer, (guint32)sketch->source_length);
    buffer_append(buffer, sketch->source, sketch->source_length);
    for (gsize i = 0; i < sketch->permutations; i++)
        buffer_append_u32(buffer, signature[i]);
}

gboolean sketch_parse(const StoreValue *value, Sketch *sketch, GError **error)
{
    BufferView view = {.data = value->data, .length = value->length};
    guint32 kind = 0, openness = 0, identifiers = 0, scheme = 0, source_length = 0;
    *sketch = (Sketch){0};
    buffer_view_u64(&view, &sketch->length);
    sketch->exact = view_hash(&view);
    sketch->words = view_hash(&view);
    sketch->title = view_hash(&view);
    sketch->url = view_hash(&view);
    buffer_view_u32(&view, &sketch->title_length);
    buffer_view_u32(&view, &kind);
    buffer_view_u32(&view, &openness);
    buffer_view_u32(&view, &identifiers);
    for (unsigned i = 0; i < MIN(identifiers, IDENTITY_MAX); i++) {
        buffer_view_u32(&view, &scheme);
        sketch->identifiers[i] = (SketchIdentifier){(IdentifierScheme)scheme, view_hash(&view)};
    }
    buffer_view_u32(&view, &source_length);
    buffer_view_bytes(&view, source_length, &sketch->source);
    gsize rest = value->length - view.position;
    if (view.failed || kind > KIND_ARTICLE || openness > LICENCE_OPEN || identifiers > IDENTITY_MAX || rest % sizeof(guint32) != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "a record of %" G_GSIZE_FORMAT " bytes in the table of signatures is no sketch of a document; "
                    "run the build again, or galen audit to see what else is damaged",
                    value->length);
        return FALSE;
    }
    sketch->kind = (DocumentKind)kind;
    sketch->openness = (LicenceOpenness)openness;
    sketch->identifier_count = identifiers;
    sketch->source_length = source_length;
    sketch->signature = (const char *)value->data + view.position;
    sketch->permutations = rest / sizeof(guint32);
    return TRUE;
}

gboolean sketch_shares_identifier(const Sketch *a, const Sketch *b)
{
    for (unsigned i = 0; i < a->identifier_count; i++) {
        for (unsigned j = 0; j < b->identifier_count; j++) {
            if (hash128_equal(a->identifiers[i].hash, b->identifiers[j].hash))
                return TRUE;
        }
    }
    return FALSE;
}

gboolean sketch_identifiers_differ(const Sketch *a, const Sketch *b)
{
    gboolean comparable = FALSE;
    for (unsigned i = 0; i < a->identifier_count; i++) {
        for (unsigned j = 0; j < b->identifier_count; j++)
            comparable |= a->identifiers[i].scheme == b->identifiers[j].scheme;
    }
    return comparable && !sketch_shares_identifier(a, b);
}

gboolean hash128_is_zero(Hash128 hash)
{
    return (hash.high | hash.low) == 0;
}
