/* SPDX-License-Identifier: Apache-2.0
 * Loading a recipe: the file's settings over the defaults, then checks that cross lines; see store/recipe.h. */
#include "store/recipe.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "store/recipe_schema.h"

#define RECIPE_LIMIT ((gsize)16 << 20)
#define LARGEST_REPEAT 1000

/* The setting of the file, or the default where it says nothing. */
#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))

static const char *const group_names[] = {"guidelines", "abstracts", "papers", "replay"};

/* Held-out shares of the paper's table 2. */
static const double group_valid[] = {0.05, 0.03, 0.03, 0.0};

/* The tokens that the paper adds to the vocabulary. */
static const char *const default_special[] = {
    "[bib_ref]", "[/bib_ref]", "[fig_ref]", "[/fig_ref]", "[formula]", "[/formula]",
    "[fig]",     "[/fig]",     "[table]",   "[/table]",   "[bib]",     "[/bib]",
};

static const char *const default_languages[] = {"en"};

const char *recipe_group_name(RecipeGroup group)
{
    return group_names[group];
}

static gboolean recipe_fault(GError **error, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean recipe_fault(GError **error, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", path, message);
    return FALSE;
}

static RecipeCrawl *convert_crawl(const FileCrawl *file)
{
    if (!file)
        return NULL;
    RecipeCrawl *crawl = g_new0(RecipeCrawl, 1);
    *crawl = (RecipeCrawl){
        .start = file->start,
        .follow = file->follow,
        .skip = file->skip,
        .pages = file->pages,
        .max_pages = SETTING(file, max_pages, 10000),
        .max_depth = SETTING(file, max_depth, 16),
        .max_bytes = SETTING(file, max_bytes, (uint64_t)32 << 20),
        .delay = SETTING(file, delay, 1.0),
        .timeout = SETTING(file, timeout, 60.0),
        .allow_private = SETTING(file, allow_private, false),
        .ignore_robots = SETTING(file, ignore_robots, false),
        .contact = file->contact,
        .fetch = file->fetch ? file->fetch : (char *)"http",
        .lists = file->lists,
        .lists_count = file->lists_count,
    };
    return crawl;
}

static gboolean convert_group(const char *path, const FileSource *file, RecipeGroup *group, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(group_names); i++) {
        if (strcmp(file->group, group_names[i]) == 0) {
            *group = (RecipeGroup)i;
            return TRUE;
        }
    }
    return recipe_fault(error, path, "source '%s' has group '%s'; the groups are guidelines, abstracts, papers and replay", file->tag, file->group);
}

static void convert_source(const FileSource *file, RecipeGroup group, RecipeSource *source)
{
    *source = (RecipeSource){
        .tag = file->tag,
        .name = file->name,
        .format = file->format,
        .group = group,
        .paths = file->paths,
        .crawl = convert_crawl(file->crawl),
        .licence = file->licence,
        .redistributable = SETTING(file, redistributable, false),
        .repeat = SETTING(file, repeat, 1u),
        .valid = SETTING(file, valid, group_valid[group]),
        .text_field = file->text_field ? file->text_field : (char *)"text",
        .id_field = file->id_field ? file->id_field : (char *)"id",
    };
    if (file->extract)
        source->extract = (RecipeExtract){
            .content = file->extract->content,
            .remove = file->extract->remove,
            .title = file->extract->title,
            .date = file->extract->date,
            .start_at = file->extract->start_at,
            .stop_at = file->extract->stop_at,
            .tables = SETTING(file->extract, tables, false),
        };
}

static gboolean tag_is_good(const char *tag)
{
    return strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(tag) && strlen(tag) <= 40;
}

static gboolean check_lists(const char *path, const RecipeSource *source, GError **error)
{
    static const char *const kinds[] = {"html", "sitemap", "json", "mediawiki", "pdf", NULL};
    for (unsigned i = 0; i < source->crawl->lists_count; i++) {
        const RecipeList *list = &source->crawl->lists[i];
        if (!g_strv_contains(kinds, list->kind))
            return recipe_fault(error, path, "source '%s': a list has kind '%s'; the kinds are html, sitemap, json, mediawiki and pdf", source->tag, list->kind);
    }
    return TRUE;
}

static gboolean check_source(const char *path, const RecipeSource *source, GError **error)
{
    if (!tag_is_good(source->tag))
        return recipe_fault(error, path, "source tag '%s': use up to 40 lower-case letters, digits, '-' and '_'", source->tag);
    if (!source->paths.count == !source->crawl)
        return recipe_fault(error, path, "source '%s' needs either paths (files) or crawl (a site), and has %s", source->tag,
                            source->crawl ? "both" : "neither");
    if (source->crawl && source->crawl->start.count == 0)
        return recipe_fault(error, path, "source '%s': crawl needs at least one URL under start", source->tag);
    if (source->crawl && strcmp(source->format, "html") != 0)
        return recipe_fault(error, path, "source '%s' is crawled, so its format must be html, not '%s'", source->tag, source->format);
    if (source->crawl && !(source->crawl->delay >= 0 && source->crawl->timeout > 0))
        return recipe_fault(error, path, "source '%s': delay must be 0 or more and timeout above 0", source->tag);
    if (source->crawl && strcmp(source->crawl->fetch, "http") != 0 && strcmp(source->crawl->fetch, "browser") != 0)
        return recipe_fault(error, path, "source '%s': fetch is http or browser, not '%s'", source->tag, source->crawl->fetch);
    if (source->crawl && !check_lists(path, source, error))
        return FALSE;
    if (!(source->valid >= 0 && source->valid < 1))
        return recipe_fault(error, path, "source '%s': valid is a share from 0 to below 1, not %g", source->tag, source->valid);
    if (source->repeat < 1 || source->repeat > LARGEST_REPEAT)
        return recipe_fault(error, path, "source '%s': repeat is 1 to %d, not %u", source->tag, LARGEST_REPEAT, source->repeat);
    return TRUE;
}

static gboolean convert_sources(Recipe *recipe, const char *path, const RecipeFile *file, GError **error)
{
    recipe->sources = g_new0(RecipeSource, file->sources_count);
    for (unsigned i = 0; i < file->sources_count; i++) {
        RecipeGroup group = GROUP_GUIDELINES;
        if (!convert_group(path, &file->sources[i], &group, error))
            return FALSE;
        convert_source(&file->sources[i], group, &recipe->sources[i]);
        recipe->sources_count = i + 1;
        if (!check_source(path, &recipe->sources[i], error))
            return FALSE;
        unsigned first = i;
        recipe_find_source(recipe, recipe->sources[i].tag, &first);
        if (first != i)
            return recipe_fault(error, path, "two sources have the tag '%s'", recipe->sources[i].tag);
    }
    return TRUE;
}

/* A list of the file; absent, the default; holding one certain word alone, none. (libcyaml cannot tell an empty list
 * from an absent one.) */
static RecipeStrings choose_list(const RecipeStrings *file, const char *word_for_none, const char *const *fallback, unsigned fallback_count)
{
    if (!file || file->count == 0)
        return (RecipeStrings){(char **)fallback, fallback_count};
    if (file->count == 1 && strcmp(file->items[0], word_for_none) == 0)
        return (RecipeStrings){0};
    return *file;
}

static void convert_rules(Recipe *recipe, const RecipeFile *file)
{
    const FileClean *clean = file->clean;
    const FileDedup *dedup = file->dedup;
    recipe->clean = (RecipeClean){
        .urls = SETTING(clean, urls, true),
        .references = SETTING(clean, references, true),
        .lists = SETTING(clean, lists, true),
        .headings = SETTING(clean, headings, true),
        .blank_lines = SETTING(clean, blank_lines, true),
        .lines_without_letters = SETTING(clean, lines_without_letters, true),
        .min_characters = SETTING(clean, min_characters, 200),
        .min_words = SETTING(clean, min_words, 20),
        .max_characters = SETTING(clean, max_characters, 20000000),
        .languages = choose_list(clean ? &clean->languages : NULL, "any", default_languages, G_N_ELEMENTS(default_languages)),
        .language_confidence = SETTING(clean, language_confidence, 0.5),
    };
    recipe->dedup = (RecipeDedup){
        .ids = SETTING(dedup, ids, true),
        .exact = SETTING(dedup, exact, true),
        .titles = SETTING(dedup, titles, true),
        .near = SETTING(dedup, near, true),
        .shingle = SETTING(dedup, shingle, 5),
        .permutations = SETTING(dedup, permutations, 112),
        .bands = SETTING(dedup, bands, 14),
        .threshold = SETTING(dedup, threshold, 0.8),
        .min_title = SETTING(dedup, min_title, 30),
    };
}

static void convert_output(Recipe *recipe, const RecipeFile *file)
{
    recipe->mix.replay_share = SETTING(file->mix, replay_share, 0.01);
    recipe->tokenizer.model = file->tokenizer ? file->tokenizer->model : NULL;
    recipe->tokenizer.special = choose_list(file->tokenizer ? &file->tokenizer->special : NULL, "none", default_special,
                                            G_N_ELEMENTS(default_special));
    recipe->pack = (RecipePack){
        .shard_tokens = SETTING(file->pack, shard_tokens, 16777216),
        .bos = SETTING(file->pack, bos, false),
        .eos = SETTING(file->pack, eos, true),
    };
}

static gboolean check_settings(const Recipe *recipe, const char *path, GError **error)
{
    const RecipeDedup *dedup = &recipe->dedup;
    if (dedup->shingle < 1 || dedup->shingle > 64)
        return recipe_fault(error, path, "dedup: shingle is 1 to 64 words, not %" G_GUINT64_FORMAT, dedup->shingle);
    if (dedup->permutations < 1 || dedup->permutations > 4096 || dedup->bands < 1 || dedup->permutations % dedup->bands != 0)
        return recipe_fault(error, path, "dedup: %" G_GUINT64_FORMAT " permutations do not divide into %" G_GUINT64_FORMAT
                            " bands; choose bands x rows = permutations, as 14 x 8 = 112", dedup->permutations, dedup->bands);
    if (!(dedup->threshold > 0 && dedup->threshold <= 1))
        return recipe_fault(error, path, "dedup: threshold is a similarity above 0 and up to 1, not %g", dedup->threshold);
    if (!(recipe->mix.replay_share >= 0 && recipe->mix.replay_share < 1))
        return recipe_fault(error, path, "mix: replay_share is a share from 0 to below 1, not %g", recipe->mix.replay_share);
    if (!(recipe->clean.language_confidence >= 0 && recipe->clean.language_confidence <= 1))
        return recipe_fault(error, path, "clean: language_confidence is 0 to 1, not %g", recipe->clean.language_confidence);
    if (recipe->pack.shard_tokens < 1024 || recipe->pack.shard_tokens > (uint64_t)1 << 30)
        return recipe_fault(error, path, "pack: shard_tokens is 1024 to 1073741824, not %" G_GUINT64_FORMAT, recipe->pack.shard_tokens);
    if (!recipe->tokenizer.model)
        return recipe_fault(error, path, "tokenizer: no model; give a SentencePiece file, as 'tokenizer: {model: tokenizer.model}'");
    return TRUE;
}

/* Inputs are named relative to it, so that "in/" must mean what "in" does. */
static char *without_final_slashes(const char *folder)
{
    gsize length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    return g_strndup(folder, length);
}

Recipe *recipe_load(const char *path, const char *inputs, GError **error)
{
    g_autoptr(Recipe) recipe = g_new0(Recipe, 1);
    if (!file_read(path, RECIPE_LIMIT, &recipe->text, NULL, error) || !yaml_read(path, &recipe_file_schema, &recipe->loaded, error))
        return NULL;
    const RecipeFile *file = recipe->loaded;
    recipe->base_directory = inputs ? without_final_slashes(inputs) : g_path_get_dirname(path);
    recipe->name = file->name;
    recipe->seed = SETTING(file, seed, 0);
    if (!convert_sources(recipe, path, file, error))
        return NULL;
    convert_rules(recipe, file);
    convert_output(recipe, file);
    if (!check_settings(recipe, path, error))
        return NULL;
    return g_steal_pointer(&recipe);
}

void recipe_free(Recipe *recipe)
{
    if (!recipe)
        return;
    for (unsigned i = 0; i < recipe->sources_count; i++)
        g_free(recipe->sources[i].crawl);
    g_free(recipe->sources);
    if (recipe->loaded)
        yaml_release(&recipe_file_schema, recipe->loaded);
    g_free(recipe->base_directory);
    g_free(recipe->text);
    g_free(recipe);
}

const RecipeSource *recipe_find_source(const Recipe *recipe, const char *tag, unsigned *index)
{
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        if (strcmp(recipe->sources[i].tag, tag) == 0) {
            if (index)
                *index = i;
            return &recipe->sources[i];
        }
    }
    return NULL;
}

char *recipe_resolve(const Recipe *recipe, const char *path)
{
    return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(recipe->base_directory, path, NULL);
}
