/* SPDX-License-Identifier: Apache-2.0
 * Exclusions and their defaults; see store/recipe_metadata.h. */
#include "store/recipe_metadata.h"

#include <string.h>

#include "store/recipe_source.h"

#define NONE "none" /* alone in the list: nothing is left out */

/* The paper leaves out all that has "Animals"; most studies of people and animals have "Humans" too. */
static const RecipeExclusion default_exclude[] = {
    {.publication_type = (char *)"Retracted Publication"},
    {.publication_type = (char *)"Retraction of Publication"},
    {.publication_type = (char *)"Preprint"},
    {.publication_type = (char *)"Observational Study, Veterinary"},
    {.mesh = (char *)"Animals", .unless = (char *)"Humans"},
};

gboolean recipe_metadata_make(const char *path, const FileMetadata *file, RecipeMetadata *metadata, GError **error)
{
    *metadata = (RecipeMetadata){.exclude = default_exclude, .exclude_count = G_N_ELEMENTS(default_exclude)};
    if (!file)
        return TRUE;
    metadata->citations = file->citations;
    if (file->exclude_count == 0)
        return TRUE;
    const RecipeExclusion *first = file->exclude;
    gboolean none = file->exclude_count == 1 && first->publication_type && strcmp(first->publication_type, NONE) == 0 && !first->mesh;
    metadata->exclude = file->exclude;
    metadata->exclude_count = none ? 0 : file->exclude_count;
    for (unsigned i = 0; i < metadata->exclude_count; i++) {
        const RecipeExclusion *entry = &file->exclude[i];
        if (!entry->publication_type == !entry->mesh)
            return recipe_fault(error, path, "metadata: entry %u of exclude has %s of publication_type and mesh; it needs one", i + 1,
                                entry->mesh ? "both" : "neither");
    }
    return TRUE;
}
