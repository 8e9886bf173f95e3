/* SPDX-License-Identifier: Apache-2.0
 * cleaning/language.h - which language a text is written in, from samples spread over it.
 *
 * A text of up to 5,000 bytes is read whole; of a longer one ten pieces of 500 bytes at equal distances, cut at word
 * boundaries, so that an English abstract before a German article does not decide alone. Pure function of the text.
 */
#ifndef CLEANING_LANGUAGE_H
#define CLEANING_LANGUAGE_H

#include "cleaning/cld2.h"

Cld2Guess language_detect(const char *text, gsize length);

#endif
