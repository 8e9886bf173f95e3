/* SPDX-License-Identifier: Apache-2.0
 * Lists of kinds json and mediawiki: links by paths through a JSON answer; see list_kinds.h.
 *
 * A path is names between dots, with "[]" for every element of an array (or member of an object) and "[3]" for one:
 * "results[].url", "[].id", "data.guidelines[0].slug". */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "scrapers/fetch/list_kinds.h"
#include "scrapers/fetch/list_template.h"
#include "scrapers/fetch/url.h"

#define VALUES_MAX 1000000 /* each costs up to a hundred bytes once parsed */
#define PATH_STEPS 32      /* bounds the recursion */
#define PARAMETERS_MAX 16
#define INDEX_DIGITS 9

typedef struct Collector {
    GPtrArray *texts; /* owned strings */
    guint limit;
    gboolean numbers; /* a number was among them */
} Collector;

/* The length of the step that `path` begins with: "[]", "[12]", ".name" or "name"; 0 if it is none. */
static gsize step_length(const char *path)
{
    if (*path == '[') {
        gsize digits = strspn(path + 1, "0123456789");
        return path[1 + digits] == ']' && digits <= INDEX_DIGITS ? digits + 2 : 0;
    }
    gsize dot = *path == '.';
    gsize name = strcspn(path + dot, ".[]");
    return name ? dot + name : 0;
}

gboolean list_json_path_is_good(const char *path)
{
    unsigned steps = 0;
    gboolean good = *path && *path != '.';
    while (good && *path) {
        gsize length = step_length(path);
        path += length;
        good = length && ++steps <= PATH_STEPS;
    }
    return good;
}

static void take(const json_t *value, Collector *collector)
{
    if (collector->texts->len >= collector->limit)
        return;
    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value)) {
        if (json_string_length(value))
            g_ptr_array_add(collector->texts, g_strdup(json_string_value(value)));
    } else if (json_is_integer(value)) {
        collector->numbers = TRUE;
        g_ptr_array_add(collector->texts, g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)));
    }
}

static void walk(const json_t *value, const char *path, Collector *collector)
{
    gsize length = step_length(path), index;
    const char *rest = path + length, *key;
    const json_t *member;
    if (!value || !*path) {
        take(value, collector);
    } else if (*path != '[') {
        gsize dot = *path == '.';
        g_autofree char *name = g_strndup(path + dot, length - dot);
        walk(json_object_get(value, name), rest, collector);
    } else if (length > 2) {
        walk(json_array_get(value, (gsize)g_ascii_strtoull(path + 1, NULL, 10)), rest, collector);
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, member)
            walk(member, rest, collector);
    } else {
        json_array_foreach(value, index, member)
            walk(member, rest, collector);
    }
}

static Collector collect(const json_t *document, const char *const *paths, gsize count, guint limit)
{
    Collector collector = {.texts = g_ptr_array_new_with_free_func(g_free), .limit = limit};
    for (gsize i = 0; i < count; i++)
        walk(document, paths[i], &collector);
    return collector;
}

/* A few bytes of JSON can ask for a hundred of memory each, so its values are counted first. */
static gboolean has_many_values(const char *text, gsize length)
{
    gsize marks = 0;
    gboolean quoted = FALSE;
    for (gsize i = 0; i < length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
            marks++;
    }
    return marks > VALUES_MAX;
}

static json_t *parse(const HttpExchange *answer, char **failure)
{
    const char *text = answer->body.data ? answer->body.data : "";
    gsize length = answer->body.length;
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        length -= 3;
    }
    if (has_many_values(text, length)) {
        *failure = g_strdup_printf("the answer holds more than %d values", VALUES_MAX);
        return NULL;
    }
    json_error_t cause;
    json_t *document = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &cause);
    if (!document) {
        g_autofree char *reason = g_utf8_make_valid(cause.text, -1);
        *failure = g_strdup_printf("the answer is no JSON: line %d, column %d: %s", cause.line, cause.column, reason);
    }
    return document;
}

static void add_values(const CompiledList *list, const HttpExchange *answer, const GPtrArray *texts, gboolean titles,
                       const char *template, GPtrArray *urls)
{
    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *made = template ? list_template_fill(template, texts->pdata[i], titles) : NULL;
        listed_urls_add(urls, answer->url, made ? made : texts->pdata[i]);
    }
}

static gboolean add_next(const CompiledList *list, const HttpExchange *answer, const json_t *document,
                         ListedUrls *found, char **failure)
{
    const RecipeList *recipe = list->recipe;
    if (recipe->next.count == 0) {
        g_autofree char *next = recipe->next_link && found->links->len
                                    ? list_template_count(recipe->next_link, answer->url)
                                    : NULL;
        if (next)
            listed_urls_add(found->next, answer->url, next);
        return TRUE;
    }
    Collector values = collect(document, (const char *const *)recipe->next.items, recipe->next.count, 1);
    g_autoptr(GPtrArray) texts = values.texts;
    if (values.numbers && !recipe->next_link) {
        *failure = g_strdup_printf("next page is the number %s; `next_link` must say how its URL is made",
                                   (const char *)texts->pdata[0]);
        return FALSE;
    }
    add_values(list, answer, texts, FALSE, recipe->next_link, found->next);
    return TRUE;
}

gboolean list_json_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    const RecipeList *recipe = list->recipe;
    g_autoptr(json_t) document = parse(answer, failure);
    if (!document)
        return FALSE;
    Collector values = collect(document, (const char *const *)recipe->links.items, recipe->links.count, LISTED_MAX);
    g_autoptr(GPtrArray) texts = values.texts;
    add_values(list, answer, texts, FALSE, recipe->link, found->links);
    return add_next(list, answer, document, found, failure);
}

/* The URL with each member of `parameters` set in its query. g_free. */
static char *with_parameters(const char *url, const json_t *parameters)
{
    const char *question = strchr(url, '?');
    GString *out = g_string_new_len(url, question ? question - url : (gssize)strlen(url));
    g_auto(GStrv) old = g_strsplit(question ? question + 1 : "", "&", -1);
    char separator = '?';
    const char *key;
    const json_t *value;
    for (char **pair = old; *pair; pair++) {
        g_autofree char *name = g_strndup(*pair, strcspn(*pair, "="));
        if (!**pair || json_object_get(parameters, name))
            continue;
        g_string_append_printf(out, "%c%s", separator, *pair);
        separator = '&';
    }
    json_object_foreach((json_t *)parameters, key, value) {
        g_autofree char *number = json_is_integer(value)
                                      ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
                                      : NULL;
        const char *text = number ? number : json_string_value(value);
        if (!text)
            continue;
        g_autofree char *name_part = list_template_fill("{}", key, FALSE);
        g_autofree char *value_part = list_template_fill("{}", text, FALSE);
        g_string_append_printf(out, "%c%s=%s", separator, name_part, value_part);
        separator = '&';
    }
    return g_string_free(out, FALSE);
}

/* The API's paging (https://www.mediawiki.org/wiki/API:Continue): the members of "continue" go into the next request. */
static void continue_query(const HttpExchange *answer, const json_t *document, ListedUrls *found)
{
    const json_t *more = json_object_get(document, "continue");
    if (!json_is_object(more) || json_object_size(more) == 0 || json_object_size(more) > PARAMETERS_MAX)
        return;
    g_autofree char *next = with_parameters(answer->url, more);
    listed_urls_add(found->next, answer->url, next);
}

gboolean list_mediawiki_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    static const char *const titles[] = {"query[][].title"};
    const RecipeList *recipe = list->recipe;
    gboolean own = recipe->links.count > 0;
    g_autoptr(json_t) document = parse(answer, failure);
    if (!document)
        return FALSE;
    const char *fault = json_get_string(json_object_get(document, "error"), "info");
    if (fault) {
        *failure = g_strdup_printf("the wiki answers: %.200s", fault);
        return FALSE;
    }
    Collector values = collect(document, own ? (const char *const *)recipe->links.items : titles,
                               own ? recipe->links.count : G_N_ELEMENTS(titles), LISTED_MAX);
    g_autoptr(GPtrArray) texts = values.texts;
    add_values(list, answer, texts, TRUE, recipe->link ? recipe->link : "index.php?title={}", found->links);
    continue_query(answer, document, found);
    return TRUE;
}

gboolean list_json_is(const HttpExchange *answer)
{
    g_autofree char *type = http_exchange_header(answer, "Content-Type");
    return type && strstr(type, "json") != NULL;
}

gboolean list_mediawiki_is(const HttpExchange *answer)
{
    return list_json_is(answer) && strstr(url_target(answer->url), "api.php") != NULL;
}
