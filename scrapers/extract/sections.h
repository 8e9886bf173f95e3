/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/sections.h - cuts a text at its headings, as a recipe's start_at and stop_at say.
 *
 * The text has the form of store/document.h. A heading matches a name when it begins with it, without regard to case, to
 * the space and punctuation before it, and to a number before it ("5.2 References") unless the name has one itself.
 */
#ifndef SCRAPERS_EXTRACT_SECTIONS_H
#define SCRAPERS_EXTRACT_SECTIONS_H

#include "base/buffer.h"

/* Removes what stands before the first heading that matches. FALSE and nothing removed when none does. */
gboolean sections_start(Buffer *text, char *const *names);
/* Removes each heading that matches, and all up to the next heading of its level or above. */
void sections_stop(Buffer *text, char *const *names);

#endif
