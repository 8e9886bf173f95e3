/* SPDX-License-Identifier: Apache-2.0
 * The table of scores and its defaults; see store/recipe_upsample.h. */
#include "store/recipe_upsample.h"

#include <math.h>
#include <string.h>

#include "base/day.h"
#include "store/recipe_source.h"

#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))
#define NONE "none" /* the type that stands alone in an empty table */
#define LARGEST_SCORE 100.0

/* Case reports and what has none of these types count 0. */
static const RecipeTypeScore default_types[] = {
    {(char *)"Guideline", 1},
    {(char *)"Practice Guideline", 1},
    {(char *)"Patient Education Handout", 1},
    {(char *)"Meta-Analysis", 1},
    {(char *)"Systematic Review", 0.8},
    {(char *)"Clinical Trial, Phase IV", 0.8},
    {(char *)"Clinical Trial, Phase III", 0.6},
    {(char *)"Randomized Controlled Trial", 0.5},
    {(char *)"Review", 0.5},
    {(char *)"Observational Study", 0.5},
    {(char *)"Comparative Study", 0.5},
    {(char *)"Clinical Study", 0.4},
    {(char *)"Clinical Trial, Phase II", 0.4},
    {(char *)"Clinical Trial, Phase I", 0.2},
    {(char *)"Editorial", 0.1},
    {(char *)"Letter", 0.1},
    {(char *)"Comment", 0.1},
};

static const RecipeAgeScore default_ages[] = {{5.5, 1}, {10, 0.2}};

static gboolean check_score(const char *path, const char *what, double score, GError **error)
{
    if (score >= 0 && score <= LARGEST_SCORE)
        return TRUE;
    return recipe_fault(error, path, "upsample: the score of %s is 0 to %g, not %g", what, LARGEST_SCORE, score);
}

static gboolean choose_types(const char *path, const FileUpsample *file, RecipeUpsample *upsample, GError **error)
{
    upsample->publication_types = default_types;
    upsample->publication_types_count = G_N_ELEMENTS(default_types);
    if (!file || file->publication_types_count == 0)
        return TRUE;
    upsample->publication_types = file->publication_types;
    upsample->publication_types_count = file->publication_types_count;
    if (file->publication_types_count == 1 && strcmp(file->publication_types[0].type, NONE) == 0)
        upsample->publication_types_count = 0;
    for (unsigned i = 0; i < upsample->publication_types_count; i++) {
        const RecipeTypeScore *entry = &file->publication_types[i];
        if (!check_score(path, entry->type, entry->score, error))
            return FALSE;
        for (unsigned j = 0; j < i; j++)
            if (g_ascii_strcasecmp(file->publication_types[j].type, entry->type) == 0)
                return recipe_fault(error, path, "upsample: publication type '%s' has two scores", entry->type);
    }
    return TRUE;
}

static gboolean choose_ages(const char *path, const FileUpsample *file, RecipeUpsample *upsample, GError **error)
{
    upsample->ages = default_ages;
    upsample->ages_count = G_N_ELEMENTS(default_ages);
    if (!file || file->ages_count == 0)
        return TRUE;
    upsample->ages = file->ages;
    upsample->ages_count = file->ages_count;
    for (unsigned i = 0; i < file->ages_count; i++) {
        if (!check_score(path, "an age", file->ages[i].score, error))
            return FALSE;
        if (!(file->ages[i].below > 0 && isfinite(file->ages[i].below)) || (i && file->ages[i].below <= file->ages[i - 1].below))
            return recipe_fault(error, path, "upsample: ages are years above 0 and rise from entry to entry; entry %u is below %g", i + 1,
                                file->ages[i].below);
    }
    return TRUE;
}

static gboolean choose_citations(const char *path, const FileCitations *file, RecipeUpsample *upsample, GError **error)
{
    upsample->top = SETTING(file, top, 1);
    upsample->middle = SETTING(file, middle, 0.5);
    upsample->bottom = SETTING(file, bottom, 0);
    upsample->lower = SETTING(file, lower, NAN);
    upsample->upper = SETTING(file, upper, NAN);
    if (!check_score(path, "citations", upsample->top, error) || !check_score(path, "citations", upsample->middle, error) ||
        !check_score(path, "citations", upsample->bottom, error))
        return FALSE;
    if (isnan(upsample->lower) != isnan(upsample->upper) || upsample->lower > upsample->upper || upsample->lower < 0)
        return recipe_fault(error, path, "upsample: citations has lower and upper, numbers a year with lower <= upper, or neither of them");
    return TRUE;
}

static gboolean check_date(const char *path, const char *date, GError **error)
{
    return (strlen(date) == 10 && day_from_date(date)) || recipe_fault(error, path, "upsample: reference_date is a day as 2023-07-15, not '%s'", date);
}

/* The most that a document can come to. */
static double largest_score(const RecipeUpsample *upsample)
{
    double sum = upsample->journal_score, age = 0;
    for (unsigned i = 0; i < upsample->publication_types_count; i++)
        sum += upsample->publication_types[i].score;
    for (unsigned i = 0; i < upsample->ages_count; i++)
        age = MAX(age, upsample->ages[i].score);
    return sum + age + MAX(upsample->top, MAX(upsample->middle, upsample->bottom));
}

static gboolean check_passes(const char *path, const Recipe *recipe, GError **error)
{
    double most = 1 + largest_score(&recipe->upsample);
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        const RecipeSource *source = &recipe->sources[i];
        if (source->upsample && most * source->repeat > UPSAMPLE_MAX_PASSES)
            return recipe_fault(error, path, "source '%s': repeat %u times the scores of upsample could come to %.0f passes; at most %d can be counted",
                                source->tag, source->repeat, most * source->repeat, UPSAMPLE_MAX_PASSES);
    }
    return TRUE;
}

gboolean recipe_upsample_make(const char *path, const FileUpsample *file, Recipe *recipe, GError **error)
{
    RecipeUpsample *upsample = &recipe->upsample;
    const FileJournals *journals = file ? file->journals : NULL;
    *upsample = (RecipeUpsample){
        .reference_date = file && file->reference_date ? file->reference_date : "2023-07-15",
        .journals = journals ? journals->list : NULL,
        .journal_score = SETTING(journals, score, 1),
    };
    return check_date(path, upsample->reference_date, error) && check_score(path, "journals", upsample->journal_score, error) &&
           choose_types(path, file, upsample, error) && choose_ages(path, file, upsample, error) &&
           choose_citations(path, file ? file->citations : NULL, upsample, error) && check_passes(path, recipe, error);
}
