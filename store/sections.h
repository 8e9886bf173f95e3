/* SPDX-License-Identifier: Apache-2.0
 * store/sections.h - cuts a text at its headings, as a recipe's start_at and stop_at say.
 *
 * The text has the form of store/document.h. A heading matches a name when it begins with it, without regard to case, to
 * the space and punctuation before it, and to a number before it ("5.2 References") unless the name has one itself.
 */
#ifndef STORE_SECTIONS_H
#define STORE_SECTIONS_H

#include "base/buffer.h"

/* Removes what stands before the first heading that matches. FALSE and nothing removed when none does. */
gboolean sections_start(Buffer *text, char *const *names);
/* Removes each heading that matches, and all up to the next heading of its level or above, and the newlines at the end.
 * Returns how many such sections there were. */
guint64 sections_stop(Buffer *text, char *const *names);

#endif
