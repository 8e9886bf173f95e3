/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/citation_marks.h - clears up what is left around citations that have been replaced.
 *
 * A line holds each replacement between the bytes CITATION_BEGIN and CITATION_END, which occur nowhere else in it. Groups
 * ("[1, 2]", "(A 1999; B 2001)") lose their separators and their brackets; a replacement is set off by one blank from
 * the words around it; an empty one vanishes without a trace.
 */
#ifndef SCRAPERS_FORMATS_CITATION_MARKS_H
#define SCRAPERS_FORMATS_CITATION_MARKS_H

#include "base/buffer.h"

#define CITATION_BEGIN "\1"
#define CITATION_END "\2"

void citation_marks_resolve(Buffer *line);

#endif
