/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/label.h - the labels of what an article counts: "Figure 2", "Fig. S1", "Tabla 3", "图1".
 *
 * A caption that opens with one belongs to the article, where that of a news picture does not, and a heading that does
 * is a caption: it opens no section.
 */
#ifndef SCRAPERS_EXTRACT_LABEL_H
#define SCRAPERS_EXTRACT_LABEL_H

#include <glib.h>

gboolean text_opens_with_label(const char *text); /* UTF-8, without white space in front */

#endif
