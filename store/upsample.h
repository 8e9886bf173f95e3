/* SPDX-License-Identifier: Apache-2.0
 * store/upsample.h - how often a paper goes into training, by what kind of publication it is.
 *
 * The score of a document is the sum of the scores of the publication types that it has and, if it is in one of the listed
 * journals, of that; where this sum is above 0, scores for its age and its citations a year are added. It goes into
 * training repeat * (1 + score) times: the whole part, and once more with a probability equal to the fraction, drawn from
 * the seed and from the document's source and id alone, so that no other document changes the draw (arXiv 2311.16079,
 * table 10; the recipe's section `upsample` has the scores). Scores are whole billionths: sums are exact.
 *
 * Ages are days before the reference date over 365, of a date whose missing month or day counts as the first. Citations a
 * year are citations over years begun (days / 365, rounded down, + 1); they are compared with the quartiles over the
 * corpus, numbers by linear interpolation between ranks: up to the lower one is the bottom, up to the upper one the middle.
 * What is unknown adds nothing.
 *
 * Sequence: u = upsampler_new(recipe, e); for each document of the corpus upsampler_observe; upsampler_finish(u); from
 * then on upsampler_score, by any number of threads; upsampler_free(u).
 */
#ifndef STORE_UPSAMPLE_H
#define STORE_UPSAMPLE_H

#include "base/json.h"
#include "store/metadata.h"
#include "store/recipe.h"

#define UPSAMPLE_ONE G_GUINT64_CONSTANT(1000000000)

typedef struct Upsampler Upsampler;

/* Reads the list of journals, if the recipe names one. */
Upsampler *upsampler_new(const Recipe *recipe, GError **error);
void upsampler_observe(Upsampler *upsampler, const Metadata *metadata);
void upsampler_finish(Upsampler *upsampler);
/* The quartiles that scores go by; FALSE: there are none. A mix that goes on with an earlier one sets them, in the place of
 * showing the corpus. */
gboolean upsampler_quartiles(const Upsampler *upsampler, double *lower, double *upper);
void upsampler_set_quartiles(Upsampler *upsampler, gboolean known, double lower, double upper);
void upsampler_free(Upsampler *upsampler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Upsampler, upsampler_free)
void upsampler_describe(const Upsampler *upsampler, GString *text); /* appends all that scores depend on but documents */

/* How often the document is asked for, in billionths of a pass, and how often it was drawn. `lines` (may be NULL) gets an
 * object {"score", "from", "summary"} for each part of the sum, and one that sums up. */
typedef struct UpsampleScore {
    guint64 asked;
    unsigned passes;
} UpsampleScore;

UpsampleScore upsampler_score(const Upsampler *upsampler, const RecipeSource *source, const char *id, const Metadata *metadata, json_t *lines);

/* The number of passes that a note of the stage "mix" holds; 0: it is none of upsampling. */
unsigned upsample_note_passes(const json_t *note, guint64 *asked);

#endif
