/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/math_text.h - a formula of a page on one line.
 *
 * Presentation MathML (W3C MathML 3) in the form that formats/mathml.c gives to the formulas of articles: "a/b", "x^2", "x_i",
 * "sqrt(x)", "root(8, 3)", with brackets around whatever has more than one symbol, so that 8^(1/3) never reads 8^1/3.
 */
#ifndef SCRAPERS_EXTRACT_MATH_TEXT_H
#define SCRAPERS_EXTRACT_MATH_TEXT_H

#include <libxml/tree.h>

#include "base/buffer.h"

#define MATH_TEXT_LIMIT ((gsize)1 << 20) /* bytes */

/* Appends the formula below `math`, of a very long one what fits into MATH_TEXT_LIMIT. */
void math_text_append(xmlNode *math, Buffer *out);

#endif
