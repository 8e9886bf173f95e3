/* SPDX-License-Identifier: Apache-2.0
 * CSS selectors to XPath, in one pass from left to right; see css.h. */
#include "scrapers/extract/css.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"

typedef struct Css {
    const char *text;
    const char *at;
    GString *out;
    GError **error;
} Css;

static gboolean css_fault(Css *css, const char *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean css_fault(Css *css, const char *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    int column = (int)g_utf8_strlen(css->text, at - css->text);
    g_set_error(css->error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s, at character %d of the CSS selector\n  %s\n  %*s^", message, column + 1,
                css->text, column, "");
    return FALSE;
}

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip_spaces(Css *css)
{
    while (is_space(*css->at))
        css->at++;
}

static gboolean is_name_start(char c)
{
    return g_ascii_isalpha(c) || c == '_' || c == '-' || c == '\\' || (guchar)c >= 0x80;
}

/* A name, escapes resolved; NULL after an error. */
static char *take_name(Css *css, const char *what)
{
    g_autoptr(GString) name = g_string_new(NULL);
    if (!is_name_start(*css->at)) {
        css_fault(css, css->at, "%s must stand here", what);
        return NULL;
    }
    while (is_name_start(*css->at) || g_ascii_isdigit(*css->at)) {
        if (*css->at == '\\' && !*++css->at) {
            css_fault(css, css->at, "a character must follow the backslash");
            return NULL;
        }
        g_string_append_c(name, *css->at++);
    }
    return g_string_free(g_steal_pointer(&name), FALSE);
}

static char *take_value(Css *css)
{
    char quote = *css->at;
    if (quote != '\'' && quote != '"')
        return take_name(css, "a value");
    const char *start = ++css->at, *end = strchr(start, quote);
    if (!end) {
        css_fault(css, start - 1, "the quoted value does not end");
        return NULL;
    }
    css->at = end + 1;
    return g_strndup(start, (gsize)(end - start));
}

/* A string of XPath, which knows no escapes: one that holds both kinds of quotes is put together. */
static void append_literal(GString *out, const char *value)
{
    if (!strchr(value, '\'')) {
        g_string_append_printf(out, "'%s'", value);
        return;
    }
    if (!strchr(value, '"')) {
        g_string_append_printf(out, "\"%s\"", value);
        return;
    }
    g_auto(GStrv) parts = g_strsplit(value, "'", -1);
    g_string_append(out, "concat(");
    for (char **part = parts; *part; part++)
        g_string_append_printf(out, "%s'%s'", part == parts ? "" : ",\"'\",", *part);
    g_string_append_c(out, ')');
}

static gboolean take_class(Css *css)
{
    css->at++;
    g_autofree char *name = take_name(css, "the name of a class");
    if (!name)
        return FALSE;
    g_autofree char *word = g_strdup_printf(" %s ", name);
    g_string_append(css->out, "contains(concat(' ',normalize-space(@class),' '),");
    append_literal(css->out, word);
    g_string_append_c(css->out, ')');
    return TRUE;
}

static gboolean take_id(Css *css)
{
    css->at++;
    g_autofree char *name = take_name(css, "an id");
    if (!name)
        return FALSE;
    g_string_append(css->out, "@id=");
    append_literal(css->out, name);
    return TRUE;
}

static gboolean close_attribute(Css *css)
{
    skip_spaces(css);
    if (*css->at != ']')
        return css_fault(css, css->at, "']' must stand here");
    css->at++;
    return TRUE;
}

/* Behind [name and the operator. */
static gboolean take_comparison(Css *css, const char *name, char operation)
{
    skip_spaces(css);
    g_autofree char *value = take_value(css);
    if (!value)
        return FALSE;
    if (operation != '=' && !*value) {
        g_string_append(css->out, "false()"); /* every string holds the empty one; the standard says: no match */
    } else if (operation == '=') {
        g_string_append_printf(css->out, "@%s=", name);
        append_literal(css->out, value);
    } else {
        g_string_append_printf(css->out, "%s(@%s,", operation == '^' ? "starts-with" : "contains", name);
        append_literal(css->out, value);
        g_string_append_c(css->out, ')');
    }
    return close_attribute(css);
}

static gboolean name_fits_xpath(const char *name)
{
    if (!*name || g_ascii_isdigit(*name) || *name == '-')
        return FALSE;
    for (; *name; name++)
        if (!g_ascii_isalnum(*name) && *name != '_' && *name != '-')
            return FALSE;
    return TRUE;
}

/* A name that goes into the XPath as it is: of an element or an attribute. */
static char *take_plain_name(Css *css, const char *what)
{
    const char *start = css->at;
    g_autofree char *name = take_name(css, what);
    if (!name)
        return NULL;
    if (!name_fits_xpath(name)) {
        css_fault(css, start, "'%s' is not %s of HTML", name, what);
        return NULL;
    }
    return g_ascii_strdown(name, -1);
}

static gboolean take_attribute(Css *css)
{
    css->at++;
    skip_spaces(css);
    g_autofree char *name = take_plain_name(css, "the name of an attribute");
    if (!name)
        return FALSE;
    skip_spaces(css);
    if (*css->at == ']') {
        g_string_append_printf(css->out, "@%s", name);
        return close_attribute(css);
    }
    char operation = *css->at;
    if (operation == '^' || operation == '*')
        css->at++;
    if (*css->at != '=')
        return css_fault(css, css->at, "one of = ^= *= or ] must stand here");
    css->at++;
    return take_comparison(css, name, operation);
}

static gboolean take_not(Css *css);

/* One condition on an element, as XPath's predicate needs it. *found FALSE: none stands here. */
static gboolean take_condition(Css *css, gboolean inside_not, gboolean *found)
{
    *found = TRUE;
    switch (*css->at) {
    case '.':
        return take_class(css);
    case '#':
        return take_id(css);
    case '[':
        return take_attribute(css);
    case ':':
        if (!inside_not && g_str_has_prefix(css->at, ":not("))
            return take_not(css);
        return css_fault(css, css->at, inside_not ? ":not() takes one tag, class, id or attribute" : "of the pseudo-classes only :not() is known");
    default:
        *found = FALSE;
        return TRUE;
    }
}

static gboolean take_not(Css *css)
{
    gboolean found;
    css->at += strlen(":not(");
    skip_spaces(css);
    g_string_append(css->out, "not(");
    if (!take_condition(css, TRUE, &found))
        return FALSE;
    if (!found) {
        g_autofree char *tag = take_plain_name(css, "the name of an element");
        if (!tag)
            return FALSE;
        g_string_append_printf(css->out, "self::%s", tag);
    }
    skip_spaces(css);
    if (*css->at != ')')
        return css_fault(css, css->at, "')' must stand here: :not() takes one tag, class, id or attribute");
    css->at++;
    g_string_append_c(css->out, ')');
    return TRUE;
}

/* One element with its conditions. */
static gboolean take_element(Css *css)
{
    const char *start = css->at;
    gboolean found = FALSE;
    if (is_name_start(*css->at)) {
        g_autofree char *tag = take_plain_name(css, "the name of an element");
        if (!tag)
            return FALSE;
        g_string_append(css->out, tag);
    } else {
        css->at += *css->at == '*';
        g_string_append_c(css->out, '*');
    }
    do {
        gsize before = css->out->len;
        g_string_append_c(css->out, '[');
        if (!take_condition(css, FALSE, &found))
            return FALSE;
        if (found)
            g_string_append_c(css->out, ']');
        else
            g_string_truncate(css->out, before);
    } while (found);
    return css->at > start || css_fault(css, css->at, *css->at ? "an element cannot begin like this" : "an element must stand here");
}

/* Elements up to a comma or the end. */
static gboolean take_path(Css *css)
{
    const char *step = "//";
    for (;;) {
        skip_spaces(css);
        g_string_append(css->out, step);
        if (!take_element(css))
            return FALSE;
        gboolean blank = is_space(*css->at);
        skip_spaces(css);
        if (*css->at == '\0' || *css->at == ',')
            return TRUE;
        if (*css->at == '>') {
            css->at++;
            step = "/";
        } else if (blank && *css->at != '+' && *css->at != '~') {
            step = "//";
        } else {
            return css_fault(css, css->at, "this is not known; between elements stands a blank, '>' or ','");
        }
    }
}

/* XPath's literals hold the characters of XML and no others. */
static gboolean check_characters(Css *css)
{
    for (const char *at = css->text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if ((c < ' ' && !is_space((char)c)) || c == '\f' || c == 0xfffe || c == 0xffff)
            return css_fault(css, at, "the character U+%04X cannot stand in a selector", c);
    }
    return TRUE;
}

char *css_to_xpath(const char *selector, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Css css = {selector, selector, out, error};
    if (strlen(selector) > CSS_LIMIT || !g_utf8_validate(selector, -1, NULL)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "a CSS selector is UTF-8 of at most %d bytes", CSS_LIMIT);
        return NULL;
    }
    if (!check_characters(&css))
        return NULL;
    for (;;) {
        if (!take_path(&css))
            return NULL;
        if (!*css.at)
            return g_string_free(g_steal_pointer(&out), FALSE);
        css.at++;
        g_string_append_c(out, '|');
    }
}
