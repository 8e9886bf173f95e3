/* SPDX-License-Identifier: Apache-2.0
 * robots.txt by RFC 9309; see scrapers/fetch/robots.h. */
#include "scrapers/fetch/robots.h"

#include <math.h>
#include <string.h>

#include "scrapers/fetch/url.h"

typedef struct Rule {
    char *pattern; /* normalised, without the final "$"; '*' is the wildcard, a literal one is "%2A" */
    gsize length;  /* of the pattern with its "$": what "longest match" compares */
    gboolean anchored;
    gboolean allow;
} Rule;

typedef struct RuleSet {
    GArray *rules;
    double delay;
    gboolean present;
} RuleSet;

struct Robots {
    RuleSet own;     /* groups that name the product */
    RuleSet general; /* groups for "*" */
    GPtrArray *sitemaps;
};

typedef struct Parser {
    Robots *robots;
    const char *product;
    gboolean for_own, for_general; /* whom the open group is for */
    gboolean rules_seen;           /* the next user-agent line opens a new group */
} Parser;

static void rule_clear(gpointer rule)
{
    g_free(((Rule *)rule)->pattern);
}

static void rule_set_init(RuleSet *set)
{
    set->rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    g_array_set_clear_func(set->rules, rule_clear);
}

static void rule_set_add(RuleSet *set, const char *value, gsize length, gboolean allow)
{
    if (length == 0)
        return;
    gboolean anchored = value[length - 1] == '$';
    GString *pattern = g_string_new(*value == '/' || *value == '*' ? NULL : "/");
    url_append_escaped(pattern, value, length - anchored, "$");
    Rule rule = {.length = pattern->len + anchored, .anchored = anchored, .allow = allow};
    rule.pattern = g_string_free(pattern, FALSE);
    g_array_append_val(set->rules, rule);
}

/* A user-agent value names the product by its leading letters, "_" and "-": "Galen/1.0" is galen. */
static void parse_agent(Parser *parser, const char *value, gsize length)
{
    if (parser->rules_seen)
        parser->for_own = parser->for_general = parser->rules_seen = FALSE;
    gsize token = 0;
    while (token < length && (g_ascii_isalpha(value[token]) || value[token] == '_' || value[token] == '-'))
        token++;
    if (value[0] == '*' && (length == 1 || g_ascii_isspace(value[1]))) {
        parser->for_general = parser->robots->general.present = TRUE;
    } else if (token == strlen(parser->product) && !g_ascii_strncasecmp(value, parser->product, token)) {
        parser->for_own = parser->robots->own.present = TRUE;
    }
}

static void parse_rule(Parser *parser, const char *value, gsize length, gboolean allow)
{
    parser->rules_seen = TRUE;
    if (parser->for_own)
        rule_set_add(&parser->robots->own, value, length, allow);
    if (parser->for_general)
        rule_set_add(&parser->robots->general, value, length, allow);
}

static void parse_delay(Parser *parser, const char *value, gsize length)
{
    char number[32] = "", *end;
    memcpy(number, value, MIN(length, sizeof number - 1));
    double delay = g_ascii_strtod(number, &end);
    if (end == number || !isfinite(delay) || delay < 0)
        return;
    if (parser->for_own)
        parser->robots->own.delay = MAX(parser->robots->own.delay, delay);
    if (parser->for_general)
        parser->robots->general.delay = MAX(parser->robots->general.delay, delay);
}

static gboolean is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static void trim(const char **text, gsize *length)
{
    while (*length && is_blank(**text)) {
        (*text)++;
        (*length)--;
    }
    while (*length && is_blank((*text)[*length - 1]))
        (*length)--;
}

static gboolean key_is(const char *key, gsize length, const char *name)
{
    return length == strlen(name) && !g_ascii_strncasecmp(key, name, length);
}

static void parse_line(Parser *parser, const char *line, gsize length)
{
    const char *comment = memchr(line, '#', length);
    if (comment)
        length = (gsize)(comment - line);
    const char *colon = memchr(line, ':', length);
    if (!colon)
        return;
    const char *key = line, *value = colon + 1;
    gsize key_length = (gsize)(colon - line), value_length = length - key_length - 1;
    trim(&key, &key_length);
    trim(&value, &value_length);
    if (key_is(key, key_length, "user-agent"))
        parse_agent(parser, value_length ? value : " ", value_length);
    else if (key_is(key, key_length, "allow"))
        parse_rule(parser, value, value_length, TRUE);
    else if (key_is(key, key_length, "disallow"))
        parse_rule(parser, value, value_length, FALSE);
    else if (key_is(key, key_length, "crawl-delay"))
        parse_delay(parser, value, value_length);
    else if (key_is(key, key_length, "sitemap") && parser->robots->sitemaps->len < ROBOTS_SITEMAPS_MAX)
        g_ptr_array_add(parser->robots->sitemaps, g_strndup(value, value_length));
}

Robots *robots_parse(const char *text, gsize length, gboolean cut, const char *product)
{
    Robots *robots = g_new0(Robots, 1);
    rule_set_init(&robots->own);
    rule_set_init(&robots->general);
    robots->sitemaps = g_ptr_array_new_with_free_func(g_free);
    Parser parser = {.robots = robots, .product = product};
    gsize start = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    for (gsize i = start; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r') {
            parse_line(&parser, text + start, i - start);
            start = i + 1;
        }
    }
    if (start < length && !cut)
        parse_line(&parser, text + start, length - start);
    return robots;
}

/* Each piece between wildcards is taken at its first place, which leaves the most room for the rest. */
static gboolean rule_matches(const Rule *rule, const char *target, gsize length)
{
    const char *pattern = rule->pattern, *end = target + length;
    gsize piece = strcspn(pattern, "*");
    if (piece > length || memcmp(pattern, target, piece) != 0)
        return FALSE;
    target += piece;
    pattern += piece;
    while (*pattern == '*') {
        pattern += strspn(pattern, "*");
        piece = strcspn(pattern, "*");
        if (!pattern[piece] && rule->anchored)
            return (gsize)(end - target) >= piece && !memcmp(end - piece, pattern, piece);
        target = piece ? memmem(target, (gsize)(end - target), pattern, piece) : target;
        if (!target)
            return FALSE;
        target += piece;
        pattern += piece;
    }
    return !rule->anchored || target == end;
}

static const RuleSet *rules_that_apply(const Robots *robots)
{
    return robots->own.present ? &robots->own : &robots->general;
}

gboolean robots_allows(const Robots *robots, const char *target)
{
    if (!strcmp(target, "/robots.txt"))
        return TRUE;
    g_autoptr(GString) path = g_string_new(NULL);
    url_append_escaped(path, target, strlen(target), "*$");
    const RuleSet *set = rules_that_apply(robots);
    const Rule *best = NULL;
    for (guint i = 0; i < set->rules->len; i++) {
        const Rule *rule = &g_array_index(set->rules, Rule, i);
        gboolean better = !best || rule->length > best->length || (rule->length == best->length && rule->allow);
        if (better && rule_matches(rule, path->str, path->len))
            best = rule;
    }
    return !best || best->allow;
}

double robots_delay(const Robots *robots)
{
    return rules_that_apply(robots)->delay;
}

const GPtrArray *robots_sitemaps(const Robots *robots)
{
    return robots->sitemaps;
}

void robots_free(Robots *robots)
{
    g_ptr_array_unref(robots->sitemaps);
    g_array_unref(robots->own.rules);
    g_array_unref(robots->general.rules);
    g_free(robots);
}
