/* SPDX-License-Identifier: Apache-2.0
 * The exports of a folder, summed up; see store/export/describe.h. */
#include "store/export/describe.h"

#include <string.h>

#include "store/export/proof.h"

void description_free(Description *description)
{
    if (!description)
        return;
    json_decref(description->proofs);
    json_decref(description->licences);
    json_decref(description->sources);
    g_free(description);
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void add_licences(json_t *licences, const json_t *proof)
{
    const char *name;
    json_t *count;
    json_object_foreach(json_object_get(proof, "licences"), name, count)
        if (json_integer_value(count) > number(licences, name))
            json_object_set(licences, name, count);
}

static gsize find_source(const json_t *sources, const char *tag)
{
    gsize index;
    json_t *source;
    json_array_foreach(sources, index, source)
        if (g_strcmp0(json_get_string(source, "tag"), tag) == 0)
            break;
    return index;
}

static void add_sources(json_t *sources, const json_t *proof)
{
    gsize index;
    json_t *source;
    json_array_foreach(json_object_get(proof, "sources"), index, source) {
        gsize place = find_source(sources, json_get_string(source, "tag"));
        if (place == json_array_size(sources))
            json_array_append(sources, source);
        else if (number(source, "documents") > number(json_array_get(sources, place), "documents"))
            json_array_set(sources, place, source);
    }
}

/* The same tokens may lie there in several formats. */
static guint64 tokens_of(const json_t *proofs)
{
    guint64 most[SPLIT_COUNT] = {0}, sum = 0;
    Split split;
    gsize index;
    json_t *proof;
    json_array_foreach(proofs, index, proof) {
        const char *name = json_get_string(proof, "split");
        if (name && split_find(name, &split))
            most[split] = MAX(most[split], (guint64)number(proof, "tokens"));
    }
    for (unsigned i = 0; i < SPLIT_COUNT; i++)
        sum += most[i];
    return sum;
}

Description *describe(const Export *export, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(export->options->path);
    const char *root = json_get_string(export->manifest, "root");
    json_t *proofs = proofs_read(folder, root, error);
    if (!proofs)
        return NULL;
    Description *description = g_new0(Description, 1);
    const char *name = json_get_string(json_object_get(export->manifest, "recipe"), "name");
    *description = (Description){
        .name = name && *name ? name : "corpus", .root = root, .proofs = proofs, .licences = json_object(), .sources = json_array()};
    gsize index;
    json_t *proof;
    json_array_foreach(proofs, index, proof) {
        add_licences(description->licences, proof);
        add_sources(description->sources, proof);
        if (!json_object_get(proof, "tokens"))
            description->documents = MAX(description->documents, (guint64)number(proof, "documents"));
    }
    description->tokens = tokens_of(proofs);
    return description;
}

char *description_sentence(const Description *description)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "Corpus %s for pre-training language models, made by Galen from %" G_GSIZE_FORMAT " source%s", description->name,
                           json_array_size(description->sources), json_array_size(description->sources) == 1 ? "" : "s");
    if (description->documents)
        g_string_append_printf(text, "; %" G_GUINT64_FORMAT " documents as text", description->documents);
    if (description->tokens)
        g_string_append_printf(text, "; %" G_GUINT64_FORMAT " tokens", description->tokens);
    g_string_append(text, ".");
    if (description->root)
        g_string_append_printf(text, " The root hash of its manifest is %s.", description->root);
    return g_string_free(text, FALSE);
}
