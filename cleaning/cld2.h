/* SPDX-License-Identifier: Apache-2.0
 * cleaning/cld2.h - the C face of CLD2, Google's Compact Language Detector 2, which has none.
 *
 * CLD2 calls a guess unreliable when less than about four fifths of the text agree; in labelled texts these guesses are
 * right (bench/language), so the share alone is told, and the caller's threshold decides.
 * cld2_detect takes valid UTF-8 plain text and is a pure function of it: no hints, no state; threads may call it at once.
 */
#ifndef CLEANING_CLD2_H
#define CLEANING_CLD2_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct Cld2Guess {
    char language[8]; /* ISO 639-1, or 639-2 where that has no code; empty: unknown */
    double share;     /* of the text, 0 to 1 */
} Cld2Guess;

Cld2Guess cld2_detect(const char *text, gsize length);
const char *cld2_version(void); /* of code and tables; static */

G_END_DECLS

#endif
