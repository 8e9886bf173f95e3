/* SPDX-License-Identifier: Apache-2.0
 * Canonical settings of a recipe; see store/recipe_settings.h. */
#include "store/recipe_settings.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static void set_whole(json_t *object, const char *key, guint64 value)
{
    if (value <= (guint64)G_MAXINT64) {
        json_object_set_new(object, key, json_integer((json_int_t)value));
        return;
    }
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value); /* past what JSON integers of jansson hold */
    json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, json_real(value));
}

static void set_flag(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

static void set_text(json_t *object, const char *key, const char *value)
{
    json_object_set_new(object, key, json_text(value));
}

static void set_strings(json_t *object, const char *key, const RecipeStrings *strings)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < strings->count; i++)
        json_array_append_new(array, json_text(strings->items[i]));
    json_object_set_new(object, key, array);
}

static json_t *lists_settings(const RecipeCrawl *crawl)
{
    json_t *lists = json_array();
    for (unsigned i = 0; i < crawl->lists_count; i++) {
        json_t *object = json_object();
        set_text(object, "match", crawl->lists[i].match);
        set_text(object, "kind", crawl->lists[i].kind);
        set_strings(object, "links", &crawl->lists[i].links);
        set_text(object, "link", crawl->lists[i].link);
        set_strings(object, "next", &crawl->lists[i].next);
        set_text(object, "next_link", crawl->lists[i].next_link);
        json_array_append_new(lists, object);
    }
    return lists;
}

static json_t *crawl_settings(const RecipeCrawl *crawl)
{
    json_t *object = json_object();
    set_strings(object, "start", &crawl->start);
    set_strings(object, "follow", &crawl->follow);
    set_strings(object, "skip", &crawl->skip);
    set_strings(object, "pages", &crawl->pages);
    set_whole(object, "max_pages", crawl->max_pages);
    set_whole(object, "max_depth", crawl->max_depth);
    set_whole(object, "max_bytes", crawl->max_bytes);
    set_number(object, "delay", crawl->delay);
    set_number(object, "timeout", crawl->timeout);
    set_flag(object, "allow_private", crawl->allow_private);
    set_flag(object, "ignore_robots", crawl->ignore_robots);
    set_text(object, "contact", crawl->contact);
    set_text(object, "fetch", crawl->fetch);
    json_object_set_new(object, "lists", lists_settings(crawl));
    return object;
}

static json_t *chapters_settings(const RecipeChapters *chapters)
{
    json_t *object = json_object();
    set_strings(object, "links", &chapters->links);
    set_strings(object, "pages", &chapters->pages);
    set_strings(object, "skip", &chapters->skip);
    set_flag(object, "headings", chapters->headings);
    return object;
}

static json_t *extract_settings(const RecipeExtract *extract)
{
    json_t *object = json_object();
    set_strings(object, "content", &extract->content);
    set_strings(object, "remove", &extract->remove);
    set_text(object, "title", extract->title);
    set_text(object, "date", extract->date);
    set_strings(object, "start_at", &extract->start_at);
    set_strings(object, "stop_at", &extract->stop_at);
    set_flag(object, "tables", extract->tables);
    if (extract->chapters.links.count)
        json_object_set_new(object, "chapters", chapters_settings(&extract->chapters));
    return object;
}

json_t *recipe_source_settings(const RecipeSource *source)
{
    json_t *object = json_object();
    set_text(object, "tag", source->tag);
    set_text(object, "name", source->name ? source->name : source->tag);
    set_text(object, "format", source->format);
    set_text(object, "group", recipe_group_name(source->group));
    json_object_set_new(object, "crawl", source->crawl ? crawl_settings(source->crawl) : json_null());
    json_object_set_new(object, "extract", extract_settings(&source->extract));
    set_text(object, "licence", source->licence);
    set_flag(object, "redistributable", source->redistributable);
    if (source->sample < 1) {
        json_t *sample = json_object();
        set_number(sample, "share", source->sample);
        set_whole(sample, "seed", source->sample_seed);
        json_object_set_new(object, "sample", sample);
    }
    set_whole(object, "repeat", source->repeat);
    set_number(object, "valid", source->valid);
    set_number(object, "test", source->test);
    if (!isnan(source->weight))
        set_number(object, "weight", source->weight);
    if (source->max_tokens)
        set_whole(object, "max_tokens", source->max_tokens);
    if (source->max_share < 1)
        set_number(object, "max_share", source->max_share);
    set_strings(object, "abstracts", &source->abstracts);
    set_flag(object, "abstract_labels_inline", source->labels_in_line);
    set_text(object, "text_field", source->text_field);
    set_text(object, "id_field", source->id_field);
    set_flag(object, "upsample", source->upsample);
    if (source->compat)
        set_text(object, "compat", source->compat);
    if (source->file_text)
        set_text(object, "source_file", source->file_text);
    return object;
}

static json_t *dedup_settings(const RecipeDedup *dedup)
{
    json_t *object = json_object();
    set_flag(object, "ids", dedup->ids);
    set_flag(object, "urls", dedup->urls);
    set_flag(object, "exact", dedup->exact);
    set_flag(object, "titles", dedup->titles);
    set_flag(object, "near", dedup->near);
    set_flag(object, "verify", dedup->verify);
    set_text(object, "unit", dedup->characters ? "characters" : "words");
    set_whole(object, "shingle", dedup->shingle);
    set_whole(object, "permutations", dedup->permutations);
    set_whole(object, "bands", dedup->bands);
    set_whole(object, "rows", dedup->rows);
    set_number(object, "threshold", dedup->threshold);
    set_whole(object, "min_title", dedup->min_title);
    return object;
}

static json_t *contamination_settings(const RecipeContamination *contamination)
{
    json_t *object = json_object(), *benchmarks = json_array();
    set_text(object, "action", recipe_contamination_action_name(contamination->action));
    set_whole(object, "ngram", contamination->ngram);
    set_number(object, "overlap", contamination->overlap);
    set_whole(object, "long_ngram", contamination->long_ngram);
    set_whole(object, "min_words", contamination->min_words);
    set_whole(object, "common", contamination->common);
    for (unsigned i = 0; i < contamination->benchmarks_count; i++) {
        json_t *benchmark = json_object();
        set_text(benchmark, "name", contamination->benchmarks[i].name);
        set_strings(benchmark, "fields", &contamination->benchmarks[i].fields);
        set_text(benchmark, "id_field", contamination->benchmarks[i].id_field);
        json_array_append_new(benchmarks, benchmark);
    }
    json_object_set_new(object, "benchmarks", benchmarks);
    return object;
}

/* Where tables of citations lie is left out; the manifest names them by their SHA-256. */
static json_t *metadata_settings(const RecipeMetadata *metadata)
{
    json_t *object = json_object(), *exclude = json_array();
    for (unsigned i = 0; i < metadata->exclude_count; i++) {
        json_t *entry = json_object();
        set_text(entry, "publication_type", metadata->exclude[i].publication_type);
        set_text(entry, "mesh", metadata->exclude[i].mesh);
        set_text(entry, "unless", metadata->exclude[i].unless);
        json_array_append_new(exclude, entry);
    }
    json_object_set_new(object, "exclude", exclude);
    return object;
}

static json_t *upsample_settings(const RecipeUpsample *upsample)
{
    json_t *object = json_object(), *types = json_array(), *ages = json_array();
    for (unsigned i = 0; i < upsample->publication_types_count; i++) {
        json_t *entry = json_object();
        set_text(entry, "type", upsample->publication_types[i].type);
        set_number(entry, "score", upsample->publication_types[i].score);
        json_array_append_new(types, entry);
    }
    for (unsigned i = 0; i < upsample->ages_count; i++) {
        json_t *entry = json_object();
        set_number(entry, "below", upsample->ages[i].below);
        set_number(entry, "score", upsample->ages[i].score);
        json_array_append_new(ages, entry);
    }
    set_text(object, "reference_date", upsample->reference_date);
    json_object_set_new(object, "publication_types", types);
    set_flag(object, "journals", upsample->journals != NULL);
    set_number(object, "journal_score", upsample->journal_score);
    json_object_set_new(object, "ages", ages);
    set_number(object, "top", upsample->top);
    set_number(object, "middle", upsample->middle);
    set_number(object, "bottom", upsample->bottom);
    json_object_set_new(object, "lower", isnan(upsample->lower) ? json_null() : json_real(upsample->lower));
    json_object_set_new(object, "upper", isnan(upsample->upper) ? json_null() : json_real(upsample->upper));
    return object;
}

static json_t *mix_settings(const RecipeMix *mix)
{
    json_t *object = json_object();
    set_number(object, "replay_share", mix->replay_share);
    set_number(object, "temperature", mix->temperature);
    set_whole(object, "tokens", mix->tokens);
    set_whole(object, "max_passes", mix->max_passes);
    return object;
}

static json_t *pack_settings(const RecipePack *pack)
{
    json_t *object = json_object();
    if (pack->mode == PACK_BEST_FIT) { /* else as before there were modes */
        set_text(object, "mode", recipe_pack_mode_name(pack->mode));
        set_whole(object, "window", pack->window);
    }
    set_whole(object, "shard_tokens", pack->shard_tokens);
    set_flag(object, "bos", pack->bos);
    set_flag(object, "eos", pack->eos);
    return object;
}

static json_t *containment_settings(const RecipeContainment *containment)
{
    json_t *object = json_object();
    set_text(object, "action", recipe_containment_action_name(containment->action));
    set_number(object, "threshold", containment->threshold);
    set_whole(object, "min_words", containment->min_words);
    return object;
}

static json_t *passages_settings(const RecipePassages *passages)
{
    json_t *object = json_object();
    set_text(object, "action", recipe_passages_action_name(passages->action));
    set_whole(object, "min_words", passages->min_words);
    set_whole(object, "occurrences", passages->occurrences);
    return object;
}

char *recipe_settings_text(const Recipe *recipe)
{
    g_autoptr(json_t) object = json_object();
    json_t *sources = json_array(), *tokenizer = json_object();
    for (unsigned i = 0; i < recipe->sources_count; i++) {
        json_t *source = recipe_source_settings(&recipe->sources[i]);
        json_object_set_new(source, "clean", recipe_clean_json(&recipe->sources[i].clean));
        json_array_append_new(sources, source);
    }
    set_strings(tokenizer, "special", &recipe->tokenizer.special);
    set_text(object, "name", recipe->name);
    set_whole(object, "seed", recipe->seed);
    if (recipe->redistributable) /* what is not asked for changes no manifest */
        set_flag(object, "redistributable", true);
    json_object_set_new(object, "sources", sources);
    json_object_set_new(object, "clean", recipe_clean_json(&recipe->clean));
    json_object_set_new(object, "dedup", dedup_settings(&recipe->dedup));
    json_object_set_new(object, "containment", containment_settings(&recipe->containment));
    json_object_set_new(object, "passages", passages_settings(&recipe->passages));
    if (recipe->contamination.benchmarks_count) /* what is not asked for changes no manifest */
        json_object_set_new(object, "contamination", contamination_settings(&recipe->contamination));
    json_object_set_new(object, "metadata", metadata_settings(&recipe->metadata));
    json_object_set_new(object, "upsample", upsample_settings(&recipe->upsample));
    json_object_set_new(object, "mix", mix_settings(&recipe->mix));
    json_object_set_new(object, "tokenizer", tokenizer);
    json_object_set_new(object, "pack", pack_settings(&recipe->pack));
    return json_write(object);
}

static gboolean put_text(StoreTxn *txn, gpointer user, GError **error)
{
    return store_put_meta(txn, "recipe.settings", user, error);
}

gboolean recipe_settings_put(Store *store, const Recipe *recipe, GError **error)
{
    g_autofree char *text = recipe_settings_text(recipe);
    return store_write(store, put_text, text, error);
}

json_t *recipe_settings_get(StoreTxn *txn, GError **error)
{
    g_autofree char *text = store_get_meta(txn, "recipe.settings", error);
    return text ? json_parse(text, strlen(text), "the store's record \"recipe.settings\"", error) : NULL;
}
