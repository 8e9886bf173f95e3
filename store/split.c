/* SPDX-License-Identifier: Apache-2.0
 * The draw of a document's split; see store/split.h. */
#include "store/split.h"

#include <string.h>

#include "base/hash.h"

const char *const split_names[SPLIT_COUNT] = {"train", "valid", "test"};

/* A tag has no newline, so no two pairs read alike. */
guint64 document_draw_key(const char *source, const char *id)
{
    g_autofree char *joined = g_strdup_printf("%s\n%s", source, id);
    return hash64(joined, strlen(joined), 0);
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
