/* SPDX-License-Identifier: Apache-2.0
 * cleaning/language.h - which language a text is written in.
 *
 * language_detect asks CLD2. A text of up to 5,000 bytes is read whole; of a longer one ten pieces of 500 bytes at equal
 * distances, cut at word boundaries, so that an English abstract before a German article does not decide alone.
 * language_measure answers for English from its function words where these leave no doubt (cleaning/english.h; share 1),
 * and asks CLD2 otherwise. Pure functions of the text.
 */
#ifndef CLEANING_LANGUAGE_H
#define CLEANING_LANGUAGE_H

#include "cleaning/cld2.h"
#include "cleaning/measure.h"

Cld2Guess language_detect(const char *text, gsize length);
Cld2Guess language_measure(Measure *measure);

#endif
