/* SPDX-License-Identifier: Apache-2.0
 * Selectors: from CSS, through libxml2's compiler, and what is brittle in them; see selector.h. */
#include "scrapers/extract/selector.h"

#include <libxml/xpath.h>
#include <string.h>

#include "base/error.h"
#include "scrapers/extract/css.h"

#define CSS_PREFIX "css:"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlXPathCompExpr, xmlXPathFreeCompExpr)

typedef struct XPathFault {
    char *reason;
    int position; /* in bytes; -1: unknown */
} XPathFault;

static void take_fault(void *user, xmlErrorPtr fault)
{
    XPathFault *first = user;
    if (first->reason)
        return;
    first->reason = g_strchomp(g_strdup(fault->message ? fault->message : "it is no XPath"));
    first->position = fault->str1 ? fault->int1 : -1;
}

static gboolean check_xpath(const char *xpath, GError **error)
{
    XPathFault fault = {NULL, -1};
    if (!g_utf8_validate(xpath, -1, NULL)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "an XPath is UTF-8");
        return FALSE;
    }
    g_autoptr(xmlXPathContext) context = xmlXPathNewContext(NULL);
    context->error = take_fault;
    context->userData = &fault;
    g_autoptr(xmlXPathCompExpr) compiled = xmlXPathCtxtCompile(context, BAD_CAST xpath);
    g_autofree char *reason = fault.reason ? fault.reason : g_strdup("it is no XPath");
    if (compiled)
        return TRUE;
    int position = CLAMP(fault.position, 0, (int)strlen(xpath));
    int column = (int)g_utf8_strlen(xpath, position);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s, at character %d of the XPath\n  %s\n  %*s^", reason, column + 1, xpath, column, "");
    return FALSE;
}

char *selector_to_xpath(const char *selector, GError **error)
{
    if (!g_str_has_prefix(selector, CSS_PREFIX))
        return check_xpath(selector, error) ? g_strdup(selector) : NULL;
    const char *css = selector + strlen(CSS_PREFIX);
    return css_to_xpath(css + strspn(css, " "), error);
}

static gboolean visit_strings(const char *setting, const RecipeStrings *strings, SelectorVisit visit, gpointer user)
{
    for (unsigned i = 0; i < strings->count; i++)
        if (!visit(setting, strings->items[i], user))
            return FALSE;
    return TRUE;
}

gboolean selectors_each(const RecipeSource *source, SelectorVisit visit, gpointer user)
{
    const RecipeExtract *extract = &source->extract;
    if (!visit_strings("content", &extract->content, visit, user) || !visit_strings("remove", &extract->remove, visit, user) ||
        (extract->title && !visit("title", extract->title, user)) || (extract->date && !visit("date", extract->date, user)) ||
        !visit_strings("chapters.links", &extract->chapters.links, visit, user))
        return FALSE;
    for (unsigned i = 0; source->crawl && i < source->crawl->lists_count; i++) {
        const RecipeList *list = &source->crawl->lists[i];
        if (strcmp(list->kind, "html") == 0 && (!visit_strings("lists.links", &list->links, visit, user) ||
                                                !visit_strings("lists.next", &list->next, visit, user)))
            return FALSE;
    }
    return TRUE;
}

typedef struct SelectorCheck {
    const RecipeSource *source;
    GError **error;
} SelectorCheck;

static unsigned line_of(const char *text, const char *selector)
{
    unsigned line = 1;
    const char *found = strstr(text, selector);
    for (const char *at = text; found && at < found; at++)
        line += *at == '\n';
    return line;
}

/* The setting's place in front of an error, where it stands in a source file; the recipe's entry may override that. */
static void prefix_place(const RecipeSource *source, const char *setting, const char *what, const char *value, GError **error)
{
    gboolean in_file = source->file && strstr(source->file_text, value);
    g_autofree char *place = in_file ? g_strdup_printf("%s:%u: ", source->file, line_of(source->file_text, value)) : g_strdup("");
    g_prefix_error(error, "%ssource '%s': %s: the %s \"%s\" cannot be used: ", place, source->tag, setting, what, value);
}

static gboolean check_selector(const char *setting, const char *selector, gpointer user)
{
    SelectorCheck *check = user;
    g_autofree char *xpath = selector_to_xpath(selector, check->error);
    if (!xpath)
        prefix_place(check->source, setting, "selector", selector, check->error);
    return xpath != NULL;
}

static gboolean check_expressions(const RecipeSource *source, const char *setting, const RecipeStrings *expressions, GError **error)
{
    for (unsigned i = 0; i < expressions->count; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(GRegex) regex = g_regex_new(expressions->items[i], G_REGEX_RAW, 0, &cause);
        if (regex)
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s", cause->message);
        prefix_place(source, setting, "expression", expressions->items[i], error);
        return FALSE;
    }
    return TRUE;
}

gboolean selectors_check(const RecipeSource *source, GError **error)
{
    SelectorCheck check = {source, error};
    const RecipeChapters *chapters = &source->extract.chapters;
    return selectors_each(source, check_selector, &check) && check_expressions(source, "chapters.pages", &chapters->pages, error) &&
           check_expressions(source, "chapters.skip", &chapters->skip, error);
}

char *selector_lint(const char *selector)
{
    if (g_str_has_prefix(selector, CSS_PREFIX))
        return NULL;
    if (!g_utf8_validate(selector, -1, NULL))
        return NULL;
    g_autoptr(GRegex) exact = g_regex_new("@class\\s*=\\s*(['\"])\\s*([^'\"]*?)\\s*\\1", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    if (!g_regex_match(exact, selector, 0, &match))
        return NULL;
    g_autofree char *whole = g_match_info_fetch(match, 0), *classes = g_match_info_fetch(match, 2);
    g_auto(GStrv) words = g_strsplit_set(classes, " \t\r\n", -1);
    g_autoptr(GString) css = g_string_new(NULL);
    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(css, ".%s", *word);
    return g_strdup_printf("%s matches the whole attribute, so one more class or another order breaks it; use \"css:%s\"", whole, css->str);
}
