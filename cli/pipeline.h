/* SPDX-License-Identifier: Apache-2.0
 * cli/pipeline.h - the build: all stages, in their order, over one store.
 */
#ifndef CLI_PIPELINE_H
#define CLI_PIPELINE_H

#include "store/recipe.h"
#include "store/stage.h"

/* Names in TABLE_META: where the recipe lay, and --inputs if it was given, when the store was last built; whole paths. */
#define RECIPE_PATH_META "recipe.path"
#define RECIPE_INPUTS_META "recipe.inputs"

typedef struct StageTiming {
    const char *stage; /* static */
    double seconds;
    double processor; /* seconds of all threads; of parsers in the sandbox, which are other processes, none */
} StageTiming;

/* What the curator should mend. */
typedef struct BadInputs {
    guint64 records; /* damaged files and malformed records */
    guint64 tables;  /* of citations, with damage or lines that could not be used */
} BadInputs;

/* Runs the stages up to and including `until` (NULL: all, and the manifest). Stages that are up to date are skipped. `timings` (may be NULL) is an array
 * of StageTiming that gets one for each stage, the manifest last. */
gboolean pipeline_build(StageContext *context, const Recipe *recipe, const char *until, BadInputs *bad_inputs, GArray *timings, GError **error);
/* What a rank other than 0 does meanwhile (base/comm.h): its part of the stages that ranks share. context->store is NULL. */
gboolean pipeline_follow(StageContext *context, const char *directory, const Recipe *recipe, const char *until, GError **error);
/* For whoever has changed documents, and fetches and reads nothing: `change` is called once when all that the stages need is
 * there; they run from "updates" on as far as they had run in this store, and what is still to be forgotten is (store/forget.h). */
gboolean pipeline_settle(StageContext *context, const Recipe *recipe, gboolean (*change)(gpointer user, GError **error), gpointer user,
                         GError **error);
gboolean pipeline_has_stage(const char *name);

#endif
