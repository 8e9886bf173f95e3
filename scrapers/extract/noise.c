/* SPDX-License-Identifier: Apache-2.0
 * Page furniture, told by tags, roles, visibility and names; see noise.h. */
#include "scrapers/extract/noise.h"

#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/label.h"

#define TOKEN_LIMIT 32
#define TOKENS_LIMIT 48
#define LINK_WORDS 60u /* an <a> around more is an open tag around the page */
#define WEAK_WORDS 100u
#define SLUG_WORDS 4u

typedef struct NoiseWord {
    const char *word;
    Noise noise;
} NoiseWord;

/* Words of class and id, sorted by bytes. */
static const NoiseWord noise_words[] = {
    {"ad", NOISE_STRONG},
    {"addthis", NOISE_STRONG},
    {"ads", NOISE_STRONG},
    {"adsense", NOISE_STRONG},
    {"advert", NOISE_STRONG},
    {"advertisement", NOISE_STRONG},
    {"advertising", NOISE_STRONG},
    {"agegate", NOISE_STRONG},
    {"attribution", NOISE_WEAK},
    {"author", NOISE_WEAK},
    {"authors", NOISE_WEAK},
    {"banner", NOISE_WEAK},
    {"bio", NOISE_WEAK},
    {"breadcrumb", NOISE_STRONG},
    {"breadcrumbs", NOISE_STRONG},
    {"byline", NOISE_WEAK},
    {"caption", NOISE_WEAK},
    {"captions", NOISE_WEAK},
    {"catlinks", NOISE_STRONG},
    {"comment", NOISE_STRONG},
    {"comments", NOISE_STRONG},
    {"consent", NOISE_WEAK},
    {"cookie", NOISE_STRONG},
    {"cookies", NOISE_STRONG},
    {"copyright", NOISE_WEAK},
    {"credit", NOISE_WEAK},
    {"credits", NOISE_WEAK},
    {"crumbs", NOISE_STRONG},
    {"dateline", NOISE_WEAK},
    {"disqus", NOISE_STRONG},
    {"download", NOISE_WEAK},
    {"editsection", NOISE_STRONG},
    {"facebook", NOISE_STRONG},
    {"feedback", NOISE_WEAK},
    {"follow", NOISE_WEAK},
    {"foot", NOISE_STRONG},
    {"footer", NOISE_STRONG},
    {"gdpr", NOISE_STRONG},
    {"header", NOISE_WEAK},
    {"legende", NOISE_WEAK},
    {"login", NOISE_STRONG},
    {"masthead", NOISE_STRONG},
    {"megamenu", NOISE_STRONG},
    {"menu", NOISE_STRONG},
    {"menus", NOISE_STRONG},
    {"meta", NOISE_WEAK},
    {"metadata", NOISE_WEAK},
    {"modal", NOISE_WEAK},
    {"more", NOISE_WEAK},
    {"mostread", NOISE_STRONG},
    {"nav", NOISE_STRONG},
    {"navbar", NOISE_STRONG},
    {"navbox", NOISE_STRONG},
    {"navigation", NOISE_STRONG},
    {"newsletter", NOISE_STRONG},
    {"noprint", NOISE_STRONG},
    {"onetrust", NOISE_STRONG},
    {"outbrain", NOISE_STRONG},
    {"pager", NOISE_STRONG},
    {"pagination", NOISE_STRONG},
    {"paywall", NOISE_WEAK},
    {"permalink", NOISE_STRONG},
    {"popular", NOISE_STRONG},
    {"popup", NOISE_STRONG},
    {"print", NOISE_WEAK},
    {"profile", NOISE_WEAK},
    {"promo", NOISE_STRONG},
    {"promos", NOISE_STRONG},
    {"promotion", NOISE_STRONG},
    {"rating", NOISE_WEAK},
    {"readmore", NOISE_STRONG},
    {"readnext", NOISE_STRONG},
    {"recirc", NOISE_STRONG},
    {"recirculation", NOISE_STRONG},
    {"recommended", NOISE_STRONG},
    {"related", NOISE_STRONG},
    {"replies", NOISE_STRONG},
    {"respond", NOISE_STRONG},
    {"rss", NOISE_STRONG},
    {"search", NOISE_WEAK},
    {"share", NOISE_STRONG},
    {"sharedaddy", NOISE_STRONG},
    {"sharethis", NOISE_STRONG},
    {"sharing", NOISE_STRONG},
    {"shopping", NOISE_STRONG},
    {"shoutbox", NOISE_STRONG},
    {"sidebar", NOISE_STRONG},
    {"signup", NOISE_STRONG},
    {"skip", NOISE_STRONG},
    {"skyscraper", NOISE_STRONG},
    {"social", NOISE_STRONG},
    {"sponsor", NOISE_STRONG},
    {"sponsored", NOISE_STRONG},
    {"sponsors", NOISE_STRONG},
    {"subscribe", NOISE_STRONG},
    {"subscription", NOISE_WEAK},
    {"syndication", NOISE_WEAK},
    {"taboola", NOISE_STRONG},
    {"tags", NOISE_STRONG},
    {"teaser", NOISE_WEAK},
    {"timestamp", NOISE_WEAK},
    {"toc", NOISE_STRONG},
    {"toolbar", NOISE_STRONG},
    {"tools", NOISE_WEAK},
    {"tooltip", NOISE_WEAK},
    {"topics", NOISE_WEAK},
    {"trending", NOISE_STRONG},
    {"tweet", NOISE_WEAK},
    {"twitter", NOISE_WEAK},
    {"visuallyhidden", NOISE_STRONG},
    {"whatsapp", NOISE_STRONG},
    {"widget", NOISE_WEAK},
    {"widgets", NOISE_WEAK},
};

/* Two neighbouring words that say more than each alone. */
static const char *const noise_pairs[] = {
    "also read",      "also like",  "box news",     "latest news",    "most read",    "most viewed",  "next article",
    "next post",      "read also",  "read more",    "read next",      "screen reader", "see also",    "sign up",
    "sr only",        "tag list",   "top stories",  "up next",        "visually hidden", "you may",   "more stories",
    "more news",      "table contents", "prev next", "post tags",     "author bio",   "about author", "hat note",
};

static int compare_word(const void *key, const void *entry)
{
    return strcmp(key, ((const NoiseWord *)entry)->word);
}

static Noise noise_of_word(const char *word)
{
    const NoiseWord *found = bsearch(word, noise_words, G_N_ELEMENTS(noise_words), sizeof *noise_words, compare_word);
    return found ? found->noise : NOISE_NONE;
}

static Noise noise_of_pair(const char *first, const char *second)
{
    char pair[2 * TOKEN_LIMIT + 2];
    g_snprintf(pair, sizeof pair, "%s %s", first, second);
    for (gsize i = 0; i < G_N_ELEMENTS(noise_pairs); i++)
        if (strcmp(pair, noise_pairs[i]) == 0)
            return NOISE_STRONG;
    return NOISE_NONE;
}

/* The next word of "related-links", "RelatedLinks", "related_links2" in lower case. */
static const char *next_word(const char *at, char word[TOKEN_LIMIT])
{
    gsize length = 0;
    while (*at && !g_ascii_isalpha(*at))
        at++;
    const char *start = at;
    while (g_ascii_isalpha(*at) && !(at > start && g_ascii_isupper(*at) && g_ascii_islower(at[-1]))) {
        if (length < TOKEN_LIMIT - 1)
            word[length++] = g_ascii_tolower(*at);
        at++;
    }
    word[length] = '\0';
    return at;
}

/* The foot of an article holds its notes, thanks and references, or a row of buttons: its weight decides. */
static gboolean is_article_foot(const char *first, const char *second)
{
    return strcmp(first, "article") == 0 && strcmp(second, "footer") == 0;
}

static Noise noise_of_name(const char *name)
{
    char word[TOKEN_LIMIT], previous[TOKEN_LIMIT] = "";
    Noise noise = NOISE_NONE;
    for (guint i = 0; name && *name && i < TOKENS_LIMIT; i++) {
        name = next_word(name, word);
        if (!word[0])
            break;
        Noise found = noise_of_word(word);
        if (previous[0])
            found = is_article_foot(previous, word) ? NOISE_WEAK : MAX(found, noise_of_pair(previous, word));
        noise = MAX(noise, found);
        memcpy(previous, word, sizeof word);
    }
    return noise;
}

static const guint8 tag_noise[GUMBO_TAG_LAST + 1] = {
    [GUMBO_TAG_HEAD] = NOISE_CERTAIN,     [GUMBO_TAG_SCRIPT] = NOISE_CERTAIN,   [GUMBO_TAG_NOSCRIPT] = NOISE_CERTAIN,
    [GUMBO_TAG_IFRAME] = NOISE_CERTAIN,   [GUMBO_TAG_SELECT] = NOISE_CERTAIN,   [GUMBO_TAG_BUTTON] = NOISE_CERTAIN,
    [GUMBO_TAG_TEXTAREA] = NOISE_CERTAIN, [GUMBO_TAG_INPUT] = NOISE_CERTAIN,    [GUMBO_TAG_CANVAS] = NOISE_CERTAIN,
    [GUMBO_TAG_AUDIO] = NOISE_CERTAIN,    [GUMBO_TAG_VIDEO] = NOISE_CERTAIN,    [GUMBO_TAG_TITLE] = NOISE_CERTAIN,
    [GUMBO_TAG_EMBED] = NOISE_CERTAIN,    [GUMBO_TAG_DATALIST] = NOISE_CERTAIN,
    [GUMBO_TAG_OPTION] = NOISE_CERTAIN,   [GUMBO_TAG_NOFRAMES] = NOISE_CERTAIN, [GUMBO_TAG_METER] = NOISE_CERTAIN,
    [GUMBO_TAG_PROGRESS] = NOISE_CERTAIN, [GUMBO_TAG_MAP] = NOISE_CERTAIN,      [GUMBO_TAG_RP] = NOISE_CERTAIN,
    [GUMBO_TAG_RT] = NOISE_CERTAIN,       [GUMBO_TAG_NAV] = NOISE_STRONG,       [GUMBO_TAG_FOOTER] = NOISE_STRONG,
    [GUMBO_TAG_ASIDE] = NOISE_STRONG,     [GUMBO_TAG_FORM] = NOISE_STRONG,      [GUMBO_TAG_HEADER] = NOISE_WEAK,
    [GUMBO_TAG_FIGCAPTION] = NOISE_WEAK,  [GUMBO_TAG_LABEL] = NOISE_WEAK,       [GUMBO_TAG_MENU] = NOISE_WEAK,
};

static Noise noise_of_role(const char *role)
{
    static const char *const roles[] = {"navigation", "banner", "contentinfo", "complementary", "search",
                                        "dialog",     "menu",   "menubar",     "toolbar",       "alertdialog"};
    for (gsize i = 0; role && i < G_N_ELEMENTS(roles); i++)
        if (strcmp(role, roles[i]) == 0)
            return NOISE_STRONG;
    return NOISE_NONE;
}

/* What a page unfolds at a click (tabs, accordions) is hidden and yet its content. */
static gboolean is_unfolding(const char *name)
{
    static const char *const words[] = {"tab", "panel", "pane", "accordion", "collapse", "expand", "toggle", "show"};
    for (gsize i = 0; name && i < G_N_ELEMENTS(words); i++)
        if (strstr(name, words[i]))
            return TRUE;
    return FALSE;
}

static gboolean style_hides(const char *style)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    for (; style && *style; style++)
        if (!g_ascii_isspace(*style))
            g_string_append_c(plain, g_ascii_tolower(*style));
    return strstr(plain->str, "display:none") || strstr(plain->str, "visibility:hidden");
}

static gboolean has_class(const xmlNode *element, const char *name)
{
    const char *found = page_attribute(element, "class");
    gsize length = strlen(name);
    for (const char *start = found; found && (found = strstr(found, name)) != NULL; found += length)
        if ((found == start || g_ascii_isspace(found[-1])) && (!found[length] || g_ascii_isspace(found[length])))
            return TRUE;
    return FALSE;
}

static Noise noise_of_visibility(const xmlNode *element)
{
    const char *aria = page_attribute(element, "aria-hidden");
    gboolean hidden = page_attribute(element, "hidden") || (aria && strcmp(aria, "true") == 0) ||
                      style_hides(page_attribute(element, "style")) || has_class(element, "is-hidden");
    if (!hidden || is_unfolding(page_attribute(element, "class")) || is_unfolding(page_attribute(element, "id")) ||
        is_unfolding(page_attribute(element, "role")))
        return NOISE_NONE;
    return NOISE_STRONG;
}

/* Names of these say what the page is about, not that they are furniture. */
static gboolean is_never_furniture(const xmlNode *element)
{
    GumboTag tag = tag_of(element);
    const char *property = page_attribute(element, "itemprop");
    return tag == GUMBO_TAG_HTML || tag == GUMBO_TAG_BODY || tag == GUMBO_TAG_ARTICLE || tag == GUMBO_TAG_MAIN ||
           (property && strstr(property, "articleBody"));
}

static gboolean is_running_text(GumboTag tag)
{
    return tag == GUMBO_TAG_P || tag == GUMBO_TAG_LI || tag == GUMBO_TAG_DT || tag == GUMBO_TAG_DD || heading_level(tag);
}

static gboolean is_labelled(xmlNode *element)
{
    g_autofree char *text = page_text(element, 64);
    return text_opens_with_label(text);
}

static gboolean has_word(xmlNode *element)
{
    g_autofree char *text = page_text(element, 256);
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (g_unichar_isalnum(g_utf8_get_char(at)))
            return TRUE;
    return FALSE;
}

/* A link in a heading is the heading's own text, though it be called class="toc-backref", or else the sign for a link to
 * the heading itself. */
static Noise noise_of_heading_link(xmlNode *link)
{
    return has_word(link) ? NOISE_NONE : NOISE_STRONG;
}

/* Letters and digits in lower case, words apart by one hyphen. */
static char *slug_of(const char *text, guint *words)
{
    GString *slug = g_string_new(NULL);
    gboolean inside = FALSE;
    *words = 0;
    for (; *text; text++) {
        gboolean letter = g_ascii_isalnum(*text);
        if (letter && !inside && (*words)++)
            g_string_append_c(slug, '-');
        if (letter)
            g_string_append_c(slug, g_ascii_tolower(*text));
        inside = letter;
    }
    return g_string_free(slug, FALSE);
}

/* <div id="sharing-with-one-colleague"><h2>Sharing with one colleague</h2>: the id is made of the heading, and says no more
 * of the section than the heading does. Ids of few words may be names all the same ("related-posts"). */
static gboolean is_slug(xmlNode *element)
{
    const char *id = page_attribute(element, "id");
    const xmlNode *first = element->children;
    while (first && first->type != XML_ELEMENT_NODE)
        first = first->next;
    if (!id || !first || !heading_level(tag_of(first)))
        return FALSE;
    guint words, heading_words;
    g_autofree char *own = slug_of(id, &words);
    g_autofree char *heading = page_text((xmlNode *)first, 1024);
    g_autofree char *theirs = slug_of(heading, &heading_words);
    return words >= SLUG_WORDS && words <= heading_words && g_str_has_prefix(theirs, own);
}

static Noise noise_of_element(xmlNode *element)
{
    Noise noise = tag_noise[tag_of(element)];
    if (noise == NOISE_CERTAIN || is_never_furniture(element))
        return noise;
    if (tag_of(element) == GUMBO_TAG_A && heading_level(tag_of(element->parent)))
        return MAX(noise_of_heading_link(element), noise_of_visibility(element));
    noise = MAX(noise, noise_of_role(page_attribute(element, "role")));
    noise = MAX(noise, noise_of_visibility(element));
    Noise named = noise_of_name(page_attribute(element, "class"));
    if (!is_running_text(tag_of(element)) && !is_slug(element)) /* there an id is a place to link to */
        named = MAX(named, noise_of_name(page_attribute(element, "id")));
    if (named == NOISE_WEAK && heading_level(tag_of(element)))
        named = NOISE_NONE; /* <h4 class="header"> */
    noise = MAX(noise, named);
    return noise == NOISE_WEAK && is_labelled(element) ? NOISE_NONE : noise;
}

gboolean noise_is_link(const xmlNode *element)
{
    return tag_of(element) == GUMBO_TAG_A && facts_of(element)->words <= LINK_WORDS;
}

static void count_words(xmlNode *element, Noise least)
{
    NodeFacts *facts = facts_of(element);
    facts->words = facts->link_words = 0;
    for (xmlNode *child = element->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE) {
            facts->words += text_words((const char *)child->content);
        } else if (facts_of(child)->noise < least) {
            count_words(child, least);
            facts->words += facts_of(child)->words;
            facts->link_words += facts_of(child)->link_words;
        }
    }
    if (noise_is_link(element))
        facts->link_words = facts->words;
}

void noise_count_words(Page *page, Noise least)
{
    count_words(page->html, least);
}

/* An element that holds most of the page's running text is its content, whatever its name, and one that holds a good
 * deal of it is no mere header or caption. */
static gboolean outweighs(const Page *page, const NodeFacts *facts, Noise noise)
{
    guint plain = facts->words - facts->link_words;
    if (noise == NOISE_WEAK && plain >= WEAK_WORDS && facts->link_words * 5 < facts->words)
        return TRUE;
    guint all = facts_of(page->body)->words - facts_of(page->body)->link_words;
    return (guint64)plain * 2 > all;
}

void noise_mark(Page *page)
{
    for (xmlNode *node = page->html; node; node = page_next(node, page->html, TRUE))
        if (node->type == XML_ELEMENT_NODE)
            facts_of(node)->noise = tag_noise[tag_of(node)] == NOISE_CERTAIN ? NOISE_CERTAIN : NOISE_NONE;
    noise_count_words(page, NOISE_CERTAIN);
    for (xmlNode *node = page->body; node; node = page_next(node, page->body, TRUE)) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        NodeFacts *facts = facts_of(node);
        Noise noise = noise_of_element(node);
        facts->noise = noise < NOISE_CERTAIN && outweighs(page, facts, noise) ? NOISE_NONE : noise;
    }
}
