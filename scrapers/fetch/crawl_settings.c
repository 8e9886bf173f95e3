/* SPDX-License-Identifier: Apache-2.0
 * The settings of a crawl as one hash; see scrapers/fetch/crawl_settings.h. */
#include "scrapers/fetch/crawl_settings.h"

#include <string.h>

#include "base/json.h"

static void add_strings(json_t *object, const char *key, const RecipeStrings *strings)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < strings->count; i++)
        json_array_append_new(array, json_text(strings->items[i]));
    json_object_set_new(object, key, array);
}

static json_t *list_settings(const RecipeList *list)
{
    json_t *object = json_object();
    json_object_set_new(object, "match", json_text(list->match));
    json_object_set_new(object, "kind", json_text(list->kind));
    json_object_set_new(object, "link", json_text(list->link));
    json_object_set_new(object, "next_link", json_text(list->next_link));
    add_strings(object, "links", &list->links);
    add_strings(object, "next", &list->next);
    return object;
}

static json_t *chapters_settings(const RecipeChapters *chapters)
{
    json_t *object = json_object();
    add_strings(object, "links", &chapters->links);
    add_strings(object, "pages", &chapters->pages);
    add_strings(object, "skip", &chapters->skip);
    return object;
}

void crawl_settings_fingerprint(const RecipeCrawl *crawl, char hex[SHA256_HEX_SIZE])
{
    g_autoptr(json_t) object = json_object();
    json_t *lists = json_array();
    for (unsigned i = 0; i < crawl->lists_count; i++)
        json_array_append_new(lists, list_settings(&crawl->lists[i]));
    add_strings(object, "start", &crawl->start);
    add_strings(object, "follow", &crawl->follow);
    add_strings(object, "skip", &crawl->skip);
    add_strings(object, "pages", &crawl->pages);
    json_object_set_new(object, "lists", lists);
    if (crawl->chapters.links.count)
        json_object_set_new(object, "chapters", chapters_settings(&crawl->chapters));
    json_object_set_new(object, "fetch", json_text(crawl->fetch ? crawl->fetch : "http"));
    json_object_set_new(object, "max_pages", json_integer((json_int_t)crawl->max_pages));
    json_object_set_new(object, "max_depth", json_integer((json_int_t)crawl->max_depth));
    json_object_set_new(object, "max_bytes", json_integer((json_int_t)crawl->max_bytes));
    json_object_set_new(object, "allow_private", json_boolean(crawl->allow_private));
    json_object_set_new(object, "ignore_robots", json_boolean(crawl->ignore_robots));
    g_autofree char *text = json_write(object);
    Sha256 digest = sha256(text, strlen(text));
    sha256_hex(&digest, hex);
}
