/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/python_text.h - the few methods of Python's str by which a published program formed its text.
 *
 * For s2orc_meditron.c alone, which must give that program's bytes. Case and white space are Unicode's, as Python 3 has
 * them (docs.python.org/3/library/stdtypes.html#string-methods), whatever the locale. Texts are valid UTF-8 without NUL;
 * results are newly allocated unless said otherwise.
 */
#ifndef SCRAPERS_FORMATS_PYTHON_TEXT_H
#define SCRAPERS_FORMATS_PYTHON_TEXT_H

#include "base/buffer.h"

void python_strip(char *text);         /* in place */
const char *python_skip_space(const char *text);
char *python_lower(const char *text);
char *python_upper(const char *text);
char *python_replace(const char *text, const char *from, const char *to);
/* The length of the first word and, in *rest, where the next word begins (or the end); `text` has no space before it. */
gsize python_first_word(const char *text, const char **rest);
char *python_words(const char *text);  /* all words with one blank between them: ' '.join(text.split()) */
/* The first `most` words with one blank between them and "..." behind; a copy as it stands if there are no more words. */
char *python_cut_words(const char *text, unsigned most);
gboolean python_is_digit(const char *text, gsize length); /* FALSE for no character */

/* Appends `text` with every `from` (not empty) replaced, in one pass; for long texts. */
void python_replace_into(Buffer *out, const char *text, gsize length, const char *from, const char *to);

#endif
