/* SPDX-License-Identifier: Apache-2.0
 * Two manifests beside each other; see store/build_diff.h. */
#include <string.h>

#include "store/build_diff.h"
#include "store/build_diff_parts.h"

/* ---- JSON against JSON ------------------------------------------------------------------------------------------- */

static void compare(const json_t *before, const json_t *after, const char *path, json_t *list);

static const char *name_of(const json_t *element)
{
    const char *tag = json_get_string(element, "tag");
    return tag ? tag : json_get_string(element, "name");
}

static const json_t *find_named(const json_t *array, const char *name)
{
    gsize index;
    json_t *element;
    json_array_foreach((json_t *)array, index, element)
        if (g_strcmp0(name_of(element), name) == 0)
            return element;
    return NULL;
}

static gboolean is_named(const json_t *array)
{
    gsize index;
    json_t *element;
    json_array_foreach((json_t *)array, index, element)
        if (!name_of(element) || find_named(array, name_of(element)) != element)
            return FALSE;
    return TRUE;
}

static void compare_objects(const json_t *before, const json_t *after, const char *path, json_t *list)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)before, key, value) {
        g_autofree char *below = *path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);
        compare(value, json_object_get(after, key), below, list);
    }
    json_object_foreach((json_t *)after, key, value) {
        g_autofree char *below = *path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);
        if (!json_object_get(before, key))
            compare(NULL, value, below, list);
    }
}

static void compare_named(const json_t *before, const json_t *after, const char *path, json_t *list)
{
    gsize index;
    json_t *element;
    json_array_foreach((json_t *)before, index, element) {
        g_autofree char *below = g_strdup_printf("%s[%s]", path, name_of(element));
        compare(element, find_named(after, name_of(element)), below, list);
    }
    json_array_foreach((json_t *)after, index, element) {
        g_autofree char *below = g_strdup_printf("%s[%s]", path, name_of(element));
        if (!find_named(before, name_of(element)))
            compare(NULL, element, below, list);
    }
}

static void compare_arrays(const json_t *before, const json_t *after, const char *path, json_t *list)
{
    for (gsize i = 0; i < MAX(json_array_size(before), json_array_size(after)); i++) {
        g_autofree char *below = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", path, i);
        compare(json_array_get(before, i), json_array_get(after, i), below, list);
    }
}

static void compare(const json_t *before, const json_t *after, const char *path, json_t *list)
{
    if (json_is_object(before) && json_is_object(after)) {
        compare_objects(before, after, path, list);
    } else if (json_is_array(before) && json_is_array(after)) {
        gboolean named = is_named(before) && is_named(after);
        (named ? compare_named : compare_arrays)(before, after, path, list);
    } else if (!(before && after && json_equal((json_t *)before, (json_t *)after))) {
        json_t *difference = json_object();
        json_object_set_new(difference, "path", json_text(path));
        json_object_set_new(difference, "from", before ? json_incref((json_t *)before) : json_null());
        json_object_set_new(difference, "to", after ? json_incref((json_t *)after) : json_null());
        json_array_append_new(list, difference);
    }
}

json_t *json_differences(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    compare(before, after, "", list);
    return list;
}

/* ---- Heads ------------------------------------------------------------------------------------------------------ */

const json_t *manifest_source(const json_t *manifest, const char *tag)
{
    return find_named(json_object_get(manifest, "sources"), tag);
}

const json_t *manifest_settings(const json_t *manifest)
{
    return json_object_get(json_object_get(manifest, "recipe"), "settings");
}

static json_t *root_of(const json_t *manifest)
{
    json_t *root = json_object_get(manifest, "root");
    return root ? json_incref(root) : json_null();
}

static json_t *without_settings(const json_t *manifest)
{
    json_t *copy = json_copy((json_t *)manifest);
    json_object_del(copy, "root");
    json_object_del(copy, "recipe");
    return copy;
}

void diff_set_heads(json_t *diff, const json_t *before, const json_t *after, const json_t *settings_before, const json_t *settings_after)
{
    json_t *roots = json_array(), *paths = json_array(), *difference;
    gsize index;
    json_array_append_new(roots, root_of(before));
    json_array_append_new(roots, root_of(after));
    json_object_set_new(diff, "roots", roots);
    json_object_set_new(diff, "settings", settings_before && settings_after ? json_differences(settings_before, settings_after) : json_array());
    if (before && after) {
        g_autoptr(json_t) ours = without_settings(before);
        g_autoptr(json_t) theirs = without_settings(after);
        g_autoptr(json_t) differences = json_differences(ours, theirs);
        json_array_foreach(differences, index, difference)
            json_array_append(paths, json_object_get(difference, "path"));
    }
    json_object_set_new(diff, "manifest", paths);
}

/* ---- Manifests alone -------------------------------------------------------------------------------------------- */

static json_int_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static json_int_t tokens_of(const json_t *source)
{
    json_int_t tokens = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)source, key, value)
        if (g_str_has_prefix(key, "tokens_"))
            tokens += json_integer_value(value);
    return tokens;
}

/* Sets the pair under `key`; TRUE: its numbers differ. */
static gboolean set_pair(json_t *object, const char *key, json_int_t before, json_int_t after)
{
    json_object_set_new(object, key, json_pack("[I, I]", before, after));
    return before != after;
}

static void compare_rules(const char *tag, const char *counter, const json_t *before, const json_t *after, json_t *verdicts)
{
    g_autoptr(json_t) differences = json_differences(json_object_get(before, counter), json_object_get(after, counter));
    gsize index;
    json_t *difference;
    json_array_foreach(differences, index, difference) {
        json_t *verdict = json_object();
        json_object_set_new(verdict, "source", json_text(tag));
        json_object_set(verdict, "rule", json_object_get(difference, "path"));
        set_pair(verdict, "documents", integer_of(difference, "from"), integer_of(difference, "to"));
        json_array_append_new(verdicts, verdict);
    }
}

static void compare_source(const char *tag, const json_t *before, const json_t *after, json_t *diff)
{
    json_t *source = json_object(), *verdicts = json_object_get(diff, "verdicts");
    json_object_set_new(source, "tag", json_text(tag));
    gboolean differs = set_pair(source, "documents", integer_of(before, "entered"), integer_of(after, "entered"));
    differs |= set_pair(source, "kept", integer_of(before, "kept"), integer_of(after, "kept"));
    differs |= set_pair(source, "tokens", tokens_of(before), tokens_of(after));
    g_autoptr(json_t) none = json_object();
    compare_rules(tag, "dropped_by", before ? before : none, after ? after : none, verdicts);
    compare_rules(tag, "merged_by", before ? before : none, after ? after : none, verdicts);
    if (differs)
        json_array_append(json_object_get(diff, "sources"), source);
    json_decref(source);
}

json_t *build_diff_manifests(const json_t *before, const json_t *after)
{
    json_t *diff = json_object(), *source;
    gsize index;
    gboolean same = json_equal(json_object_get(before, "root"), json_object_get(after, "root"));
    json_object_set_new(diff, "same", json_boolean(same));
    diff_set_heads(diff, before, after, manifest_settings(before), manifest_settings(after));
    json_object_set_new(diff, "sources", json_array());
    json_object_set_new(diff, "verdicts", json_array());
    json_array_foreach(json_object_get(before, "sources"), index, source) {
        const char *tag = json_get_string(source, "tag");
        compare_source(tag, source, manifest_source(after, tag), diff);
    }
    json_array_foreach(json_object_get(after, "sources"), index, source)
        if (!manifest_source(before, json_get_string(source, "tag")))
            compare_source(json_get_string(source, "tag"), NULL, source, diff);
    return diff;
}
