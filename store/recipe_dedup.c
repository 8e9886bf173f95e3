/* SPDX-License-Identifier: Apache-2.0
 * The settings of deduplication; see store/recipe_dedup.h. */
#include "store/recipe_dedup.h"

#include <math.h>
#include <string.h>

#include "store/recipe_source.h"

/* The setting of the file, or the default where it says nothing. */
#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))
#define STEPS 1000

typedef struct Preset {
    const char *name;
    const char *unit;
    guint64 shingle, permutations, bands, rows; /* bands 0: chosen for the threshold */
    double threshold;
} Preset;

/* Parameters of other programs, so that their results can be compared with ours. Their own normalisation of text and
 * their hash functions are not part of it. datatrove and NeMo-Curator compare no texts by default; their thresholds here are
 * (1 / bands)^(1 / rows), rounded, where the probability of a candidate rises most steeply. */
static const Preset presets[] = {
    {"galen", "words", 5, 112, 14, 8, 0.8},
    {"datatrove", "words", 5, 112, 14, 8, 0.72}, /* 0.10: MinhashConfig */
    {"nemo", "characters", 24, 260, 20, 13, 0.8}, /* NeMo-Curator 0.10: FuzzyDuplicatesConfig */
    {"text-dedup", "words", 5, 240, 0, 0, 0.7},   /* 0.4: configs/minhash.toml */
};

void lsh_choose_bands(double threshold, guint64 permutations, guint64 *bands, guint64 *rows)
{
    double same_rows[STEPS], missed[STEPS], best = INFINITY; /* at similarity (i + 1/2) / STEPS */
    for (unsigned i = 0; i < STEPS; i++)
        same_rows[i] = 1;
    for (guint64 r = 1; r <= permutations; r++) {
        for (unsigned i = 0; i < STEPS; i++) {
            same_rows[i] *= (i + 0.5) / STEPS;
            missed[i] = 1;
        }
        for (guint64 b = 1; b * r <= permutations; b++) {
            double error = 0;
            for (unsigned i = 0; i < STEPS; i++) {
                missed[i] *= 1 - same_rows[i];
                error += (i + 0.5) / STEPS < threshold ? 1 - missed[i] : missed[i];
            }
            if (error < best) {
                best = error;
                *bands = b;
                *rows = r;
            }
        }
    }
}

static const Preset *find_preset(const char *path, const char *name, GError **error)
{
    if (!name)
        return &presets[0];
    g_autoptr(GString) known = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(presets); i++) {
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
        g_string_append_printf(known, "%s%s", i ? ", " : "", presets[i].name);
    }
    recipe_fault(error, path, "dedup: there is no preset '%s'; the presets are %s", name, known->str);
    return NULL;
}

/* Bands and rows from whatever the file says of permutations, bands and rows. */
static gboolean divide(const char *path, const FileDedup *file, const Preset *preset, RecipeDedup *dedup, GError **error)
{
    gboolean says_bands = file && file->bands, says_rows = file && file->rows;
    gboolean says_permutations = file && file->permutations;
    dedup->permutations = SETTING(file, permutations, preset->permutations);
    dedup->bands = SETTING(file, bands, says_rows || says_permutations ? 0 : preset->bands);
    dedup->rows = SETTING(file, rows, says_bands || says_permutations ? 0 : preset->rows);
    if (says_bands && says_rows && !says_permutations)
        dedup->permutations = MAX(dedup->bands, 1) * MAX(dedup->rows, 1);
    guint64 permutations = dedup->permutations;
    if (permutations < 1 || permutations > DEDUP_MAX_PERMUTATIONS)
        return recipe_fault(error, path, "dedup: permutations is 1 to %d, not %" G_GUINT64_FORMAT, DEDUP_MAX_PERMUTATIONS, permutations);
    if ((says_bands && dedup->bands < 1) || (says_rows && dedup->rows < 1))
        return recipe_fault(error, path, "dedup: there is at least one band, of at least one row");
    if (!dedup->bands && !dedup->rows)
        lsh_choose_bands(dedup->threshold, permutations, &dedup->bands, &dedup->rows);
    else if (!dedup->rows)
        dedup->rows = permutations % dedup->bands == 0 ? permutations / dedup->bands : 0;
    else if (!dedup->bands)
        dedup->bands = permutations / dedup->rows;
    if (!dedup->rows || dedup->bands > permutations || dedup->bands * dedup->rows > permutations || !dedup->bands)
        return recipe_fault(error, path,
                            "dedup: %" G_GUINT64_FORMAT " permutations do not divide into %" G_GUINT64_FORMAT
                            " bands; choose bands x rows = permutations, as 14 x 8 = 112, or leave bands out to have them chosen",
                            permutations, dedup->bands);
    return TRUE;
}

gboolean recipe_dedup_make(const char *path, const FileDedup *file, RecipeDedup *dedup, GError **error)
{
    const Preset *preset = find_preset(path, file ? file->preset : NULL, error);
    if (!preset)
        return FALSE;
    const char *unit = file && file->unit ? file->unit : preset->unit;
    *dedup = (RecipeDedup){
        .ids = SETTING(file, ids, true),
        .urls = SETTING(file, urls, true),
        .exact = SETTING(file, exact, true),
        .titles = SETTING(file, titles, true),
        .near = SETTING(file, near, true),
        .verify = SETTING(file, verify, true),
        .characters = strcmp(unit, "characters") == 0,
        .shingle = SETTING(file, shingle, preset->shingle),
        .threshold = SETTING(file, threshold, preset->threshold),
        .min_title = SETTING(file, min_title, 30),
    };
    if (!dedup->characters && strcmp(unit, "words") != 0)
        return recipe_fault(error, path, "dedup: unit is 'words' or 'characters', not '%s'", unit);
    if (dedup->shingle < 1 || dedup->shingle > DEDUP_MAX_SHINGLE)
        return recipe_fault(error, path, "dedup: shingle is 1 to %d words or characters, not %" G_GUINT64_FORMAT, DEDUP_MAX_SHINGLE,
                            dedup->shingle);
    if (!(dedup->threshold > 0 && dedup->threshold <= 1))
        return recipe_fault(error, path, "dedup: threshold is a similarity above 0 and up to 1, not %g", dedup->threshold);
    return divide(path, file, preset, dedup, error);
}
