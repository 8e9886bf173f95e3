/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/selector.h - the selectors of recipes and source files: XPath 1.0, or CSS behind "css:".
 *
 * selector_to_xpath gives the XPath that a selector stands for, compiled once by libxml2 to see that it can be used.
 * selectors_check does so for all selectors of a source, and compiles the expressions beside them. Errors are GALEN_ERROR_INPUT, name the setting and the selector,
 * and point at the bad character; they name file and line too where the source comes from a source file.
 */
#ifndef SCRAPERS_EXTRACT_SELECTOR_H
#define SCRAPERS_EXTRACT_SELECTOR_H

#include "store/recipe.h"

char *selector_to_xpath(const char *selector, GError **error); /* g_free */
gboolean selectors_check(const RecipeSource *source, GError **error);

/* Calls `visit` for each selector of the source with its setting ("content", "title", "lists.links" ...) until one call
 * returns FALSE. */
typedef gboolean (*SelectorVisit)(const char *setting, const char *selector, gpointer user);
gboolean selectors_each(const RecipeSource *source, SelectorVisit visit, gpointer user);

/* What is brittle in a selector that works, as a line for people; NULL: nothing. g_free. */
char *selector_lint(const char *selector);

#endif
