/* SPDX-License-Identifier: Apache-2.0
 * cleaning/drops.h - the one table of drops: for which documents there is no place in the corpus.
 *
 * A drop measures the clean text and compares the value with a setting. The first one that finds against a document
 * decides its verdict. Each can be switched off by a setting that no value passes (docs/recipe.md).
 */
#ifndef CLEANING_DROPS_H
#define CLEANING_DROPS_H

#include "cleaning/clean.h"
#include "cleaning/measure.h"

typedef enum { DROP_AT_LEAST, DROP_AT_MOST } DropSense; /* what the value must be to stay */

typedef struct CleanDrop {
    const char *rule;    /* in the verdict, and in counts; stable for years */
    const char *unit;    /* what the value counts, for the verdict's detail; NULL: the rule says it */
    const char *summary; /* one line for people */
    DropSense sense;
    gsize whole, real;   /* offset of the limit in RecipeClean, a whole number or a real one; DROP_NO_SETTING */
    double (*measure)(Measure *measure, double limit);
    /* Instead of these two, for what is no number against a setting. Fills in value and threshold; FALSE: drop. */
    gboolean (*judge)(const CleanContext *context, Measure *measure, CleanReport *report, CleanJudgement *judgement);
} CleanDrop;

#define DROP_NO_SETTING G_MAXSIZE

extern const CleanDrop clean_drops[CLEAN_DROP_COUNT];

/* One drop over one text. */
CleanJudgement drop_judge(const CleanDrop *drop, const CleanContext *context, Measure *measure, CleanReport *report);

/* Fills in a verdict of the stage "clean" and answers FALSE. */
gboolean drop_document(CleanReport *report, const char *rule, double value, double threshold);

#endif
