/* SPDX-License-Identifier: Apache-2.0
 * A byte for every code point; see store/unicode_classes.h. */
#include "store/unicode_classes.h"

#include <unicode/uchar.h>

static UnicodeClass class_of(UChar32 character)
{
    if (character == '\r' || character == '\n')
        return CLASS_NEWLINE;
    if (u_isUWhiteSpace(character))
        return CLASS_SPACE;
    uint32_t category = U_GET_GC_MASK(character);
    return category & U_GC_L_MASK ? CLASS_LETTER : category & U_GC_N_MASK ? CLASS_NUMBER : CLASS_OTHER;
}

UnicodeClasses *unicode_classes_new(void)
{
    UnicodeClasses *classes = g_new(UnicodeClasses, 1);
    for (UChar32 character = 0; character < UNICODE_CODE_POINTS; character++)
        classes->of[character] = (guint8)class_of(character);
    return classes;
}

void unicode_classes_free(UnicodeClasses *classes)
{
    g_free(classes);
}
