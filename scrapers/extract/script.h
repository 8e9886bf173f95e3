/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/script.h - superscripts and subscripts in plain text.
 *
 * A superscript is an exponent ("10^3", "m^2", "x^n"), part of a word ("1st", "M(me)") or sign ("TM"), or the mark of a note or
 * reference, which is no part of the sentence. `before` is the text in front of it in the same block.
 */
#ifndef SCRAPERS_EXTRACT_SCRIPT_H
#define SCRAPERS_EXTRACT_SCRIPT_H

#include "scrapers/extract/tree.h"

typedef enum {
    SCRIPT_PLAIN,   /* goes on without a sign */
    SCRIPT_RAISED,  /* "^" before it */
    SCRIPT_LOWERED, /* "_" before it */
    SCRIPT_MARK,    /* is dropped */
} ScriptKind;

ScriptKind script_kind(xmlNode *element, const char *before, gsize before_length);

#endif
