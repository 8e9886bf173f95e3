/* SPDX-License-Identifier: Apache-2.0
 * What is looked for in clean texts; see store/recipe_search.h. */
#include "store/recipe_search.h"

#include <string.h>

#include "store/recipe_source.h"

/* The setting of the file, or the default where it says nothing. */
#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))

#define NGRAM_LIMIT 64 /* dedup/ngram_table.h */

#define CONTAINED_LEAST 15 /* CONTAINMENT_WINDOW of dedup/containment_pairs.h */
#define PASSAGE_LEAST 8
#define PASSAGE_MOST 1000
#define OCCURRENCES_MOST 65536 /* PASSAGE_COPIES of dedup/passage_search.h */

static const char *const containment_actions[] = {"off", "report", "drop", NULL};
static const char *const passages_actions[] = {"off", "report", "remove", NULL};
static const char *const contamination_actions[] = {"drop", "mask", "report", NULL};

const char *recipe_containment_action_name(ContainmentAction action)
{
    return containment_actions[action];
}

const char *recipe_passages_action_name(PassagesAction action)
{
    return passages_actions[action];
}

const char *recipe_contamination_action_name(ContaminationAction action)
{
    return contamination_actions[action];
}

/* The number of `word` among `words`, in *choice; NULL leaves it alone. */
static gboolean choose(const char *word, const char *const *words, int *choice)
{
    for (int i = 0; word && words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *choice = i;
            return TRUE;
        }
    }
    return word == NULL;
}

static gboolean check_benchmark(const char *path, const RecipeContamination *contamination, unsigned number, GError **error)
{
    const RecipeBenchmark *benchmark = &contamination->benchmarks[number];
    if (!*benchmark->name || strlen(benchmark->name) > 40 || strspn(benchmark->name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(benchmark->name))
        return recipe_fault(error, path, "contamination: '%s' is no name of a benchmark; take up to 40 lower-case letters, digits, - and _",
                            benchmark->name);
    for (unsigned i = 0; i < number; i++)
        if (strcmp(contamination->benchmarks[i].name, benchmark->name) == 0)
            return recipe_fault(error, path, "contamination: two benchmarks have the name '%s'", benchmark->name);
    if (benchmark->paths.count == 0)
        return recipe_fault(error, path, "contamination: benchmark '%s' has no paths; name its files of JSON lines", benchmark->name);
    return TRUE;
}

static gboolean check_contamination(const char *path, const RecipeContamination *contamination, GError **error)
{
    if (contamination->ngram < 1 || contamination->ngram > NGRAM_LIMIT)
        return recipe_fault(error, path, "contamination: ngram is 1 to %d words, not %" G_GUINT64_FORMAT, NGRAM_LIMIT, contamination->ngram);
    if (contamination->long_ngram > NGRAM_LIMIT)
        return recipe_fault(error, path, "contamination: long_ngram is up to %d words, or 0 for none, not %" G_GUINT64_FORMAT, NGRAM_LIMIT,
                            contamination->long_ngram);
    if (!(contamination->overlap > 0 && contamination->overlap <= 1))
        return recipe_fault(error, path, "contamination: overlap is a share above 0 and up to 1, not %g", contamination->overlap);
    if (contamination->min_words < 1 || contamination->min_words > 1000)
        return recipe_fault(error, path, "contamination: min_words is 1 to 1000, not %" G_GUINT64_FORMAT, contamination->min_words);
    if (contamination->common < 1 || contamination->common > 1000000)
        return recipe_fault(error, path, "contamination: common is 1 to 1000000, not %" G_GUINT64_FORMAT, contamination->common);
    for (unsigned i = 0; i < contamination->benchmarks_count; i++)
        if (!check_benchmark(path, contamination, i, error))
            return FALSE;
    return TRUE;
}

static gboolean make_contamination(const char *path, const FileContamination *file, RecipeContamination *contamination, GError **error)
{
    int action = CONTAMINATION_DROP;
    if (file && !choose(file->action, contamination_actions, &action))
        return recipe_fault(error, path, "contamination: action is drop, mask or report, not '%s'", file->action);
    *contamination = (RecipeContamination){
        .action = (ContaminationAction)action,
        .ngram = SETTING(file, ngram, 8),
        .overlap = SETTING(file, overlap, 0.8),
        .long_ngram = SETTING(file, long_ngram, 13),
        .min_words = SETTING(file, min_words, 8),
        .common = SETTING(file, common, 10),
        .benchmarks = file ? file->benchmarks : NULL,
        .benchmarks_count = file ? file->benchmarks_count : 0,
    };
    return check_contamination(path, contamination, error);
}

static gboolean make_containment(const char *path, const FileContainment *file, RecipeContainment *containment, GError **error)
{
    int action = CONTAINMENT_REPORT;
    if (file && !choose(file->action, containment_actions, &action))
        return recipe_fault(error, path, "containment: action is report, drop or off, not '%s'", file->action);
    *containment = (RecipeContainment){
        .action = (ContainmentAction)action,
        .threshold = SETTING(file, threshold, 0.8),
        .min_words = SETTING(file, min_words, 50),
    };
    if (!(containment->threshold > 0 && containment->threshold <= 1))
        return recipe_fault(error, path, "containment: threshold is a share above 0 and up to 1, not %g", containment->threshold);
    if (containment->min_words < CONTAINED_LEAST)
        return recipe_fault(error, path, "containment: min_words is at least %d, not %" G_GUINT64_FORMAT, CONTAINED_LEAST, containment->min_words);
    return TRUE;
}

static gboolean make_passages(const char *path, const FilePassages *file, RecipePassages *passages, GError **error)
{
    int action = PASSAGES_REPORT;
    if (file && !choose(file->action, passages_actions, &action))
        return recipe_fault(error, path, "passages: action is report, remove or off, not '%s'", file->action);
    *passages = (RecipePassages){
        .action = (PassagesAction)action,
        .min_words = SETTING(file, min_words, 50),
        .occurrences = SETTING(file, occurrences, 2),
    };
    if (passages->min_words < PASSAGE_LEAST || passages->min_words > PASSAGE_MOST)
        return recipe_fault(error, path, "passages: min_words is %d to %d, not %" G_GUINT64_FORMAT, PASSAGE_LEAST, PASSAGE_MOST, passages->min_words);
    if (passages->occurrences < 2 || passages->occurrences > OCCURRENCES_MOST)
        return recipe_fault(error, path, "passages: occurrences is 2 to %d, not %" G_GUINT64_FORMAT, OCCURRENCES_MOST, passages->occurrences);
    return TRUE;
}

gboolean recipe_search_make(const char *path, const RecipeFile *file, Recipe *recipe, GError **error)
{
    return make_containment(path, file->containment, &recipe->containment, error) &&
           make_passages(path, file->passages, &recipe->passages, error) && make_contamination(path, file->contamination, &recipe->contamination, error);
}
