/* SPDX-License-Identifier: Apache-2.0
 * Loading a recipe: the file's settings over the defaults, then checks that cross lines; see store/recipe.h. */
#include "store/recipe.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "store/recipe_dedup.h"
#include "store/recipe_metadata.h"
#include "store/recipe_mix.h"
#include "store/recipe_schema.h"
#include "store/recipe_search.h"
#include "store/recipe_source.h"
#include "store/recipe_upsample.h"

#define RECIPE_LIMIT ((gsize)16 << 20)

/* The setting of the file, or the default where it says nothing. */
#define SETTING(section, member, fallback) ((section) && (section)->member ? *(section)->member : (fallback))

/* The tokens that the paper adds to the vocabulary. */
static const char *const default_special[] = {
    "[bib_ref]", "[/bib_ref]", "[fig_ref]", "[/fig_ref]", "[formula]", "[/formula]",
    "[fig]",     "[/fig]",     "[table]",   "[/table]",   "[bib]",     "[/bib]",
};

/* The source file that an entry uses; NULL without error: none. */
static const SourceFile *used_file(Recipe *recipe, const char *path, const FileSource *entry, GError **error)
{
    if (!entry->use)
        return NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *found = source_file_find(entry->use, folder, error);
    SourceFile *used = found ? source_file_load(found, error) : NULL;
    if (used)
        g_ptr_array_add(recipe->files, used);
    else
        g_prefix_error(error, "%s: ", path);
    return used;
}

/* The recipe's settings, those of the source file over them, those of the entry over all. */
static gboolean convert_clean(const Recipe *recipe, const char *path, const FileSource *entry, const SourceFile *used,
                              RecipeSource *source, GError **error)
{
    g_autofree char *where = g_strdup_printf("clean of source '%s'", source->tag);
    source->clean = recipe->clean;
    if (source->group == GROUP_REPLAY)
        recipe_clean_for_replay(&source->clean);
    recipe_clean_apply(&source->clean, used ? ((const FileSource *)used->loaded)->clean : NULL);
    recipe_clean_apply(&source->clean, entry->clean);
    return recipe_clean_check(&source->clean, path, where, error);
}

/* The recipe's shares for a source that has none of its own. The replay is held out from nothing unless it says so itself. */
static gboolean convert_splits(const char *path, const FileSplits *splits, const FileSource *entry, const SourceFile *used,
                               RecipeSource *source, GError **error)
{
    const FileSource *under = used ? used->loaded : NULL;
    if (splits && splits->valid && source->group != GROUP_REPLAY && !entry->valid && !(under && under->valid))
        source->valid = *splits->valid;
    if (splits && splits->test && source->group != GROUP_REPLAY && !entry->test && !(under && under->test))
        source->test = *splits->test;
    if (source->valid + source->test < 1)
        return TRUE;
    return recipe_fault(error, path, "source '%s': valid (%g) and test (%g) leave nothing to train on; their sum must be below 1",
                        source->tag, source->valid, source->test);
}

static gboolean check_splits(const char *path, const FileSplits *splits, GError **error)
{
    const double *shares[] = {splits ? splits->valid : NULL, splits ? splits->test : NULL};
    for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
        if (shares[i] && !(*shares[i] >= 0 && *shares[i] < 1))
            return recipe_fault(error, path, "splits: %s is a share from 0 to below 1, not %g", i ? "test" : "valid", *shares[i]);
    return TRUE;
}

static gboolean convert_sources(Recipe *recipe, const char *path, const RecipeFile *file, GError **error)
{
    recipe->sources = g_new0(RecipeSource, file->sources_count);
    recipe->files = g_ptr_array_new_with_free_func((GDestroyNotify)source_file_free);
    for (unsigned i = 0; i < file->sources_count; i++) {
        const FileSource *entry = &file->sources[i];
        const SourceFile *used = used_file(recipe, path, entry, error);
        if (entry->use && !used)
            return FALSE;
        gboolean good = recipe_source_make(path, i + 1, entry, used ? used->loaded : NULL, &recipe->sources[i], error);
        recipe->sources_count = i + 1;
        if (!good)
            return FALSE;
        if (!convert_clean(recipe, path, entry, used, &recipe->sources[i], error) ||
            !convert_splits(path, file->splits, entry, used, &recipe->sources[i], error))
            return FALSE;
        recipe->sources[i].file = used ? used->path : NULL;
        recipe->sources[i].file_text = used ? used->text : NULL;
        recipe->sources[i].expected = used ? used->expected.documents : 0;
        const FileSample *sample = entry->sample ? entry->sample : used ? ((const FileSource *)used->loaded)->sample : NULL;
        if (!sample || !sample->seed)
            recipe->sources[i].sample_seed = recipe->seed;
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

static const char *const pack_modes[] = {"concatenate", "best-fit"};

const char *recipe_pack_mode_name(PackMode mode)
{
    return pack_modes[mode];
}

static gboolean convert_pack_mode(Recipe *recipe, const RecipeFile *file, const char *path, GError **error)
{
    RecipePack *pack = &recipe->pack;
    const char *name = file->pack && file->pack->mode ? file->pack->mode : pack_modes[PACK_CONCATENATE];
    pack->mode = strcmp(name, pack_modes[PACK_BEST_FIT]) == 0 ? PACK_BEST_FIT : PACK_CONCATENATE;
    if (strcmp(name, pack_modes[pack->mode]) != 0)
        return recipe_fault(error, path, "pack: mode is concatenate or best-fit, not '%s'", name);
    if (pack->mode == PACK_CONCATENATE && file->pack && file->pack->window)
        return recipe_fault(error, path, "pack: a window goes with 'mode: best-fit'; concatenated tokens have none");
    if (pack->mode == PACK_BEST_FIT && (pack->window < 2 || pack->window > 1048576))
        return recipe_fault(error, path, "pack: window is 2 to 1048576 tokens, not %" G_GUINT64_FORMAT, pack->window);
    if (pack->mode == PACK_BEST_FIT && pack->window > pack->shard_tokens)
        return recipe_fault(error, path, "pack: a window of %" G_GUINT64_FORMAT " tokens does not fit into shards of %" G_GUINT64_FORMAT
                            "; raise shard_tokens", pack->window, pack->shard_tokens);
    if (pack->mode == PACK_BEST_FIT)
        pack->shard_tokens -= pack->shard_tokens % pack->window;
    return TRUE;
}

static void convert_output(Recipe *recipe, const RecipeFile *file)
{
    recipe->tokenizer.model = file->tokenizer ? file->tokenizer->model : NULL;
    recipe->tokenizer.special = choose_list(file->tokenizer ? &file->tokenizer->special : NULL, "none", default_special,
                                            G_N_ELEMENTS(default_special));
    recipe->pack = (RecipePack){
        .window = SETTING(file->pack, window, 2048),
        .shard_tokens = SETTING(file->pack, shard_tokens, 16777216),
        .bos = SETTING(file->pack, bos, false),
        .eos = SETTING(file->pack, eos, true),
    };
}

static gboolean check_settings(const Recipe *recipe, const char *path, GError **error)
{
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
    if (!file_read(path, RECIPE_LIMIT, &recipe->text, NULL, error) || !yaml_read_short(path, &recipe_file_schema, recipe_shorthands, &recipe->loaded, error))
        return NULL;
    const RecipeFile *file = recipe->loaded;
    recipe->base_directory = inputs ? without_final_slashes(inputs) : g_path_get_dirname(path);
    recipe->name = file->name;
    recipe->seed = SETTING(file, seed, 0);
    recipe->redistributable = SETTING(file, redistributable, false);
    recipe->clean = recipe_clean_default();
    recipe_clean_apply(&recipe->clean, file->clean);
    if (!recipe_clean_check(&recipe->clean, path, "clean", error) || !check_splits(path, file->splits, error) || !convert_sources(recipe, path, file, error) ||
        !recipe_metadata_make(path, file->metadata, &recipe->metadata, error) ||
        !recipe_dedup_make(path, file->dedup, &recipe->dedup, error) ||
        !recipe_upsample_make(path, file->upsample, recipe, error) || !recipe_mix_make(path, file->mix, recipe, error))
        return NULL;
    convert_output(recipe, file);
    if (!recipe_search_make(path, file, recipe, error) || !check_settings(recipe, path, error) || !convert_pack_mode(recipe, file, path, error))
        return NULL;
    return g_steal_pointer(&recipe);
}

void recipe_free(Recipe *recipe)
{
    if (!recipe)
        return;
    for (unsigned i = 0; i < recipe->sources_count; i++)
        recipe_source_clear(&recipe->sources[i]);
    g_free(recipe->sources);
    g_clear_pointer(&recipe->files, g_ptr_array_unref);
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
