/* SPDX-License-Identifier: Apache-2.0
 * The settings of cleaning; see store/recipe_clean.h. */
#include "store/recipe_clean.h"

#include <math.h>
#include <string.h>

#include "store/recipe_schema.h"
#include "store/recipe_source.h"

static char *default_languages[] = {(char *)"en"};

#define NOTHING(...)
#define SET(name, fallback, ...) .name = fallback,
#define SET_REPLAY(name, fallback, replay) clean->name = replay;

RecipeClean recipe_clean_default(void)
{
    return (RecipeClean){
        RECIPE_CLEAN_FLAGS(SET, SET) RECIPE_CLEAN_WHOLES(SET, SET) RECIPE_CLEAN_REALS(SET, SET)
        RECIPE_CLEAN_WORDS(SET, SET)
        .languages = {default_languages, G_N_ELEMENTS(default_languages)},
    };
}

void recipe_clean_for_replay(RecipeClean *clean)
{
    RECIPE_CLEAN_FLAGS(NOTHING, SET_REPLAY)
    RECIPE_CLEAN_WHOLES(NOTHING, SET_REPLAY)
    RECIPE_CLEAN_REALS(NOTHING, SET_REPLAY)
    RECIPE_CLEAN_WORDS(NOTHING, SET_REPLAY)
#define SET_EMPTY(name, ...) clean->name = (RecipeStrings){0};
    RECIPE_CLEAN_LISTS(NOTHING, SET_EMPTY)
#undef SET_EMPTY
}

static void apply_list(RecipeStrings *list, const RecipeStrings *file, const char *word_for_none)
{
    if (file->count == 1 && strcmp(file->items[0], word_for_none) == 0)
        *list = (RecipeStrings){0};
    else if (file->count)
        *list = *file;
}

void recipe_clean_apply(RecipeClean *clean, const FileClean *file)
{
    if (!file)
        return;
#define SCALAR(name, ...)                                                                                              \
    if (file->name)                                                                                                    \
        clean->name = *file->name;
#define WORD(name, ...)                                                                                                \
    if (file->name)                                                                                                    \
        clean->name = file->name;
#define LIST(name, word_for_none, ...) apply_list(&clean->name, &file->name, word_for_none);
    RECIPE_CLEAN_FLAGS(SCALAR, SCALAR)
    RECIPE_CLEAN_WHOLES(SCALAR, SCALAR)
    RECIPE_CLEAN_REALS(SCALAR, SCALAR)
    RECIPE_CLEAN_WORDS(WORD, WORD)
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef SCALAR
#undef WORD
#undef LIST
}

gboolean recipe_clean_check(const RecipeClean *clean, const char *path, const char *where, GError **error)
{
    static const char *const personal[] = {PERSONAL_MASK, PERSONAL_DROP, PERSONAL_KEEP, NULL};
#define REAL(name, ...)                                                                                                \
    if (!(clean->name >= 0) || isinf(clean->name))                                                                     \
        return recipe_fault(error, path, "%s: " #name " is a number of 0 or more, not %g", where, clean->name);
    RECIPE_CLEAN_REALS(REAL, REAL)
#undef REAL
    if (clean->language_confidence > 1)
        return recipe_fault(error, path, "%s: language_confidence is 0 to 1, not %g", where, clean->language_confidence);
    if (clean->boilerplate_share > 1 || (clean->boilerplate_share > 0 && clean->boilerplate_share < 0.01))
        return recipe_fault(error, path, "%s: boilerplate_share is 0 (off) or a share of documents from 0.01 to 1, not %g", where,
                            clean->boilerplate_share);
    if (!g_strv_contains(personal, clean->personal))
        return recipe_fault(error, path, "%s: personal is mask, drop or keep, not '%s'", where, clean->personal);
    return TRUE;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static json_t *whole_json(guint64 value)
{
    if (value <= (guint64)G_MAXINT64)
        return json_integer((json_int_t)value);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value); /* past what JSON integers of jansson hold */
    return json_string(text);
}

static json_t *list_json(const RecipeStrings *list)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < list->count; i++)
        json_array_append_new(array, json_text(list->items[i]));
    return array;
}

json_t *recipe_clean_json(const RecipeClean *clean)
{
    json_t *object = json_object();
#define FLAG(name, ...) json_object_set_new(object, #name, json_boolean(clean->name));
#define WHOLE(name, ...) json_object_set_new(object, #name, whole_json(clean->name));
#define REAL(name, ...) json_object_set_new(object, #name, json_real(clean->name));
#define WORD(name, ...) json_object_set_new(object, #name, json_text(clean->name));
#define LIST(name, ...) json_object_set_new(object, #name, list_json(&clean->name));
    RECIPE_CLEAN_FLAGS(FLAG, FLAG)
    RECIPE_CLEAN_WHOLES(WHOLE, WHOLE)
    RECIPE_CLEAN_REALS(REAL, REAL)
    RECIPE_CLEAN_WORDS(WORD, WORD)
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef FLAG
#undef WHOLE
#undef REAL
#undef WORD
#undef LIST
    return object;
}

static guint64 read_whole(const json_t *value, guint64 fallback)
{
    if (json_is_string(value))
        return g_ascii_strtoull(json_string_value(value), NULL, 10);
    return json_is_integer(value) ? (guint64)json_integer_value(value) : fallback;
}

static RecipeStrings read_list(const json_t *array, RecipeStrings fallback)
{
    RecipeStrings list = {0};
    const RecipeStrings *from = json_is_array(array) ? NULL : &fallback;
    list.count = from ? from->count : (unsigned)json_array_size(array);
    list.items = g_new0(char *, list.count);
    for (unsigned i = 0; i < list.count; i++)
        list.items[i] = from ? from->items[i] : (char *)json_string_value(json_array_get(array, i));
    return list;
}

void recipe_clean_from_json(const json_t *object, RecipeClean *clean)
{
    RecipeClean fallback = recipe_clean_default();
    const json_t *value;
#define FLAG(name, ...)                                                                                                \
    value = json_object_get(object, #name);                                                                            \
    clean->name = json_is_boolean(value) ? json_is_true(value) : fallback.name;
#define WHOLE(name, ...) clean->name = read_whole(json_object_get(object, #name), fallback.name);
#define REAL(name, ...)                                                                                                \
    value = json_object_get(object, #name);                                                                            \
    clean->name = json_is_number(value) ? json_number_value(value) : fallback.name;
#define WORD(name, ...)                                                                                                \
    value = json_object_get(object, #name);                                                                            \
    clean->name = json_is_string(value) ? json_string_value(value) : fallback.name;
#define LIST(name, ...) clean->name = read_list(json_object_get(object, #name), fallback.name);
    RECIPE_CLEAN_FLAGS(FLAG, FLAG)
    RECIPE_CLEAN_WHOLES(WHOLE, WHOLE)
    RECIPE_CLEAN_REALS(REAL, REAL)
    RECIPE_CLEAN_WORDS(WORD, WORD)
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef FLAG
#undef WHOLE
#undef REAL
#undef WORD
#undef LIST
}

void recipe_clean_release(RecipeClean *clean)
{
#define LIST(name, ...)                                                                                                \
    g_free(clean->name.items);                                                                                         \
    clean->name = (RecipeStrings){0};
    RECIPE_CLEAN_LISTS(LIST, LIST)
#undef LIST
}
