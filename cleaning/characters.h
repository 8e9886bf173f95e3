/* SPDX-License-Identifier: Apache-2.0
 * cleaning/characters.h - which characters of a text the character rules may have work with: one scan for all of them.
 *
 * characters_survey reads a text once and says which classes occur in it; a rule whose class does not occur is not run.
 * A rule finds its characters with characters_next. Plain ASCII is skipped sixteen bytes at a time, and so are, one by
 * one, the ranges of common characters that no rule touches. Any bytes are allowed.
 */
#ifndef CLEANING_CHARACTERS_H
#define CLEANING_CHARACTERS_H

#include <glib.h>

typedef enum {
    CHARACTER_INVALID = 1 << 0,     /* bytes that are no UTF-8 */
    CHARACTER_MISREAD = 1 << 1,     /* may be the lead byte of mojibake: U+00C2 to U+00F4 and no ASCII behind it */
    CHARACTER_CONTROL = 1 << 2,     /* controls, line separators, and what no reader can see */
    CHARACTER_SPACE = 1 << 3,       /* blanks that are not U+0020 */
    CHARACTER_SOFT_HYPHEN = 1 << 4, /* U+00AD */
    CHARACTER_LIGATURE = 1 << 5,    /* U+FB00 to U+FB06 */
    CHARACTER_GLYPH = 1 << 6,       /* of the private use areas */
    CHARACTER_MARK = 1 << 7,        /* may change under NFC */
} CharacterClass;

/* An OR of CharacterClass. */
guint characters_survey(const char *text, gsize length);

/* A character as it lies in the text. */
typedef struct Character {
    gsize start;
    gsize end;
    gint32 code; /* below 0: invalid */
} Character;

/* The first character at or behind `at` that belongs to one of the classes; FALSE: there is none. */
gboolean characters_next(const char *text, gsize at, gsize length, guint classes, Character *character);
/* The code point that ends at `at`, 0 at the start. */
gint32 characters_before(const char *text, gsize at);

#endif
