/* SPDX-License-Identifier: Apache-2.0
 * scrapers/extract/css.h - a subset of CSS selectors (W3C Selectors Level 3) as XPath 1.0.
 *
 * tag  *  .class  #id  [a]  [a=v]  [a^=v]  [a*=v]  :not(X), X one of the above; several of these joined are one element;
 * a blank between elements is a descendant, > a child, a comma an alternative. Names are escaped by \ before a character,
 * values may stand in ' or ". Tags and names of attributes are taken in lower case, as the parser gives them. A class is
 * matched as a word, whatever other classes the element has. All else (pseudo-classes, +, ~) is an error.
 *
 * Errors are GALEN_ERROR_INPUT and quote the selector with a caret under the bad character.
 */
#ifndef SCRAPERS_EXTRACT_CSS_H
#define SCRAPERS_EXTRACT_CSS_H

#include <glib.h>

#define CSS_LIMIT 4096 /* bytes of a selector */

char *css_to_xpath(const char *selector, GError **error); /* g_free */

#endif
