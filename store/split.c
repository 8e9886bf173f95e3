/* SPDX-License-Identifier: Apache-2.0
 * The draw of a document's split; see store/split.h. */
#include "store/split.h"

#include <string.h>

#include "base/hash.h"

const char *const split_names[SPLIT_COUNT] = {"train", "valid", "test"};

/* A tag has no newline, so no two pairs read alike. */
guint64 document_draw_key(const char *source, const char *id)
{
    char name[256]; /* in place: the mix asks for each document */
    gsize before = strlen(source), behind = strlen(id), length = before + 1 + behind;
    g_autofree char *longer = length <= sizeof name ? NULL : g_malloc(length);
    char *joined = longer ? longer : name;
    memcpy(joined, source, before);
    joined[before] = '\n';
    memcpy(joined + before + 1, id, behind);
    return hash64(joined, length, 0);
}

Split split_of(const Recipe *recipe, const RecipeSource *source, const char *id)
{
    if (source->valid <= 0 && source->test <= 0)
        return SPLIT_TRAIN;
    double draw = random_unit_at(recipe->seed, "valid", document_draw_key(source->tag, id));
    return draw < source->valid ? SPLIT_VALID : draw >= 1 - source->test ? SPLIT_TEST : SPLIT_TRAIN;
}

gboolean split_find(const char *name, Split *split)
{
    for (unsigned i = 0; i < SPLIT_COUNT; i++) {
        if (strcmp(name, split_names[i]) == 0) {
            *split = (Split)i;
            return TRUE;
        }
    }
    return FALSE;
}
