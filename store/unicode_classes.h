/* SPDX-License-Identifier: Apache-2.0
 * store/unicode_classes.h - letters, numbers and white space, as the patterns of tokenizers ask for them.
 *
 * The classes are \p{L}, \p{N} and \s (White_Space) of the Unicode version of the ICU at hand; carriage return and line
 * feed stand apart from the rest of white space. A table of all code points is made once and read in O(1).
 */
#ifndef STORE_UNICODE_CLASSES_H
#define STORE_UNICODE_CLASSES_H

#include <glib.h>

typedef enum { CLASS_OTHER, CLASS_LETTER, CLASS_NUMBER, CLASS_SPACE, CLASS_NEWLINE } UnicodeClass;

#define UNICODE_CODE_POINTS 0x110000

typedef struct UnicodeClasses {
    guint8 of[UNICODE_CODE_POINTS]; /* UnicodeClass */
} UnicodeClasses;
UnicodeClasses *unicode_classes_new(void);
void unicode_classes_free(UnicodeClasses *classes);

/* The class of the character at `text`, valid UTF-8 of at least one byte; *taken is its length. */
static inline UnicodeClass unicode_class_at(const UnicodeClasses *classes, const char *text, gsize *taken)
{
    guint8 first = (guint8)text[0];
    if (first < 0x80) {
        *taken = 1;
        return (UnicodeClass)classes->of[first];
    }
    *taken = (gsize)g_utf8_skip[first];
    return (UnicodeClass)classes->of[g_utf8_get_char(text)];
}

#endif
