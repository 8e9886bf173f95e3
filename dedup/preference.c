/* SPDX-License-Identifier: Apache-2.0
 * The order of preference among duplicates; see dedup/preference.h. */
#include "dedup/preference.h"

#include <string.h>

#define KIND_SHIFT 62
#define OWN_BIT ((guint64)1 << 61)
#define OPEN_BIT ((guint64)1 << 60)

DocumentKind document_kind(const char *name)
{
    static const char *const names[] = {
        [KIND_TEXT] = "text", [KIND_PAGE] = "page", [KIND_ABSTRACT] = "abstract", [KIND_ARTICLE] = "article"};
    for (unsigned kind = 0; name && kind < G_N_ELEMENTS(names); kind++) {
        if (strcmp(names[kind], name) == 0)
            return (DocumentKind)kind;
    }
    return KIND_TEXT;
}

guint64 preference_rank(DocumentKind kind, gboolean replay, gboolean open, guint64 length)
{
    return (guint64)kind << KIND_SHIFT | (replay ? 0 : OWN_BIT) | (open ? OPEN_BIT : 0) | MIN(length, OPEN_BIT - 1);
}

DocumentKind preference_kind(guint64 rank)
{
    return (DocumentKind)(rank >> KIND_SHIFT);
}

gboolean preference_replay(guint64 rank)
{
    return (rank & OWN_BIT) == 0;
}

guint64 preference_length(guint64 rank)
{
    return rank & (OPEN_BIT - 1);
}

gboolean preference_open(guint64 rank)
{
    return (rank & OPEN_BIT) != 0;
}
