/* SPDX-License-Identifier: Apache-2.0
 * A dataset card for Hugging Face's hub: README.md with its YAML head, for the exports in PATH's folder.
 *
 * Source: huggingface.co/docs/hub/datasets-cards. Names and licences come from recipes and strangers, so each is quoted as
 * JSON, which YAML reads as it is, or escaped for Markdown. */
#include <string.h>

#include "store/export/describe.h"
#include "store/licence.h"

static void append_quoted(GString *text, const char *value)
{
    g_auto(Buffer) quoted = {0};
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    buffer_init(&quoted, G_MAXUINT32);
    json_append_string(&quoted, valid, strlen(valid));
    g_string_append(text, quoted.data);
}

/* One line of plain text, in which nothing is mark-up. */
static void append_escaped(GString *text, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    for (const char *at = valid; *at; at++) {
        guchar c = (guchar)*at;
        if (c < 0x20)
            g_string_append_c(text, ' ');
        else if (c == '<' || c == '&' || c == '>')
            g_string_append(text, c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;");
        else if (strchr("\\`*_{}[]()#+!|~", c))
            g_string_append_printf(text, "\\%c", c);
        else
            g_string_append_c(text, (char)c);
    }
}

/* The hub knows a list of names; a corpus with others, or with documents that state none, is "other". */
static void append_licences(GString *text, const json_t *licences)
{
    g_autoptr(GString) names = g_string_new(NULL);
    gboolean all_known = json_object_size(licences) > 0;
    const char *licence;
    json_t *count;
    json_object_foreach((json_t *)licences, licence, count) {
        g_autofree char *name = licence_hub_name(licence);
        if (name)
            g_string_append_printf(names, "- %s\n", name);
        all_known = all_known && name;
    }
    if (all_known)
        g_string_append_printf(text, "license:\n%s", names->str);
    else
        g_string_append(text, "license: other\nlicense_name: by-document\nlicense_link: \"#licences\"\n");
}

static void append_languages(GString *text, const json_t *manifest)
{
    const json_t *settings = json_object_get(json_object_get(manifest, "recipe"), "settings");
    const json_t *languages = json_object_get(json_object_get(settings, "clean"), "languages");
    gsize index;
    json_t *language;
    if (json_array_size(languages) > 0)
        g_string_append(text, "language:\n");
    json_array_foreach(languages, index, language) {
        g_string_append(text, "- ");
        append_quoted(text, json_string_value(language));
        g_string_append_c(text, '\n');
    }
}

static void append_size(GString *text, guint64 documents)
{
    static const struct {
        guint64 below;
        const char *name;
    } sizes[] = {{1000, "n<1K"}, {10000, "1K<n<10K"}, {100000, "10K<n<100K"}, {1000000, "100K<n<1M"}, {10000000, "1M<n<10M"},
                 {100000000, "10M<n<100M"}, {1000000000, "100M<n<1B"}, {G_MAXUINT64, "1B<n<10B"}};
    gsize i = 0;
    while (documents >= sizes[i].below && i + 1 < G_N_ELEMENTS(sizes))
        i++;
    if (documents)
        g_string_append_printf(text, "size_categories:\n- %s\n", sizes[i].name);
}

/* The hub's name of a split. */
static const char *hub_split(const json_t *proof)
{
    const char *split = json_get_string(proof, "split");
    return !split ? "train" : strcmp(split, "valid") == 0 ? "validation" : split;
}

/* One name for one file, a list for more. */
static void append_paths(GString *text, const json_t *files)
{
    gsize index;
    json_t *file;
    json_array_foreach(files, index, file) {
        g_string_append(text, json_array_size(files) > 1 ? "\n    - " : " ");
        append_quoted(text, json_get_string(file, "name"));
    }
    g_string_append_c(text, '\n');
}

static gboolean has_format(const json_t *proof, const char *format)
{
    return g_strcmp0(json_get_string(proof, "format"), format) == 0;
}

/* The library datasets reads all configurations of a card by one reader, so only exports of one format may be named: Parquet, where there
 * is any, which the hub shows without converting it. */
static const char *named_format(const json_t *proofs)
{
    gsize index;
    json_t *proof;
    json_array_foreach(proofs, index, proof)
        if (has_format(proof, "parquet"))
            return "parquet";
    return "jsonl";
}

/* Each export of documents is a configuration of its own: two may hold the same documents. */
static void append_configs(GString *text, const json_t *proofs)
{
    gsize index, first = TRUE;
    json_t *proof;
    const char *format = named_format(proofs);
    json_array_foreach(proofs, index, proof) {
        if (!has_format(proof, format))
            continue;
        const char *name = json_get_string(proof, "folder_name");
        if (first)
            g_string_append(text, "configs:\n");
        first = FALSE;
        g_string_append(text, "- config_name: ");
        append_quoted(text, name);
        g_string_append_printf(text, "\n  data_files:\n  - split: %s\n    path:", hub_split(proof));
        append_paths(text, json_object_get(proof, "files"));
    }
}

static void append_head(GString *text, const Export *export, const Description *description)
{
    g_string_append(text, "---\npretty_name: ");
    append_quoted(text, description->name);
    g_string_append_c(text, '\n');
    append_licences(text, description->licences);
    append_languages(text, export->manifest);
    append_size(text, description->documents);
    g_string_append(text, "task_categories:\n- text-generation\ntags:\n- medical\n- pretraining\n");
    append_configs(text, description->proofs);
    g_string_append(text, "---\n\n");
}

static guint64 number(const json_t *object, const char *key)
{
    return (guint64)json_integer_value(json_object_get(object, key));
}

#define FILES_SHOWN 50 /* of one export */

static void append_files(GString *text, const json_t *proofs)
{
    gsize i, f;
    json_t *proof, *file;
    g_string_append(text, "## Files\n\n| file | format | bytes | SHA-256 |\n|---|---|---:|---|\n");
    json_array_foreach(proofs, i, proof) {
        json_array_foreach(json_object_get(proof, "files"), f, file) {
            if (f == FILES_SHOWN)
                break;
            g_string_append(text, "| ");
            append_escaped(text, json_get_string(file, "name"));
            g_string_append_printf(text, " | %s | %" G_GUINT64_FORMAT " | `%s` |\n", json_get_string(proof, "format"), number(file, "bytes"),
                                   json_get_string(file, "sha256"));
        }
        if (f == FILES_SHOWN)
            g_string_append_printf(text, "| %" G_GSIZE_FORMAT " more | %s | | |\n", json_array_size(json_object_get(proof, "files")) - f,
                                   json_get_string(proof, "format"));
    }
    g_string_append(text, "\nBeside each export lies `NAME.export.json` with these sums, its sources and its licences.\n\n");
}

static void append_sources(GString *text, const json_t *sources)
{
    gsize index;
    json_t *source;
    g_string_append(text, "## Sources\n\n| source | kind | documents | left out, not redistributable | licence of the source |\n|---|---|---:|---:|---|\n");
    json_array_foreach(sources, index, source) {
        const char *name = json_get_string(source, "name"), *licence = json_get_string(source, "licence");
        const char *group = json_get_string(source, "group");
        g_string_append(text, "| ");
        append_escaped(text, name ? name : json_get_string(source, "tag"));
        g_string_append(text, " | ");
        append_escaped(text, group ? group : "");
        g_string_append_printf(text, " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | ", number(source, "documents"),
                               number(source, "not_redistributable"));
        append_escaped(text, licence ? licence : "stated by each document");
        g_string_append(text, " |\n");
    }
    g_string_append_c(text, '\n');
}

static void append_licence_table(GString *text, const json_t *licences)
{
    const char *licence;
    json_t *count;
    g_string_append(text, "## Licences\n\nEach document stays under its own licence, which its record names.\n\n| licence | documents |\n|---|---:|\n");
    json_object_foreach((json_t *)licences, licence, count) {
        g_autofree char *page = licence_page(licence);
        g_string_append(text, page ? "| [" : "| ");
        append_escaped(text, *licence ? licence : "none stated");
        if (page)
            g_string_append_printf(text, "](%s)", page);
        g_string_append_printf(text, " | %" G_GINT64_FORMAT " |\n", (gint64)json_integer_value(count));
    }
    g_string_append_c(text, '\n');
}

static void append_making(GString *text, const Export *export, const Description *description)
{
    const json_t *manifest = export->manifest, *recipe = json_object_get(manifest, "recipe");
    const char *personal = json_get_string(json_object_get(json_object_get(recipe, "settings"), "clean"), "personal");
    g_string_append_printf(text,
                           "## How it was made\n\nOf %" G_GUINT64_FORMAT " documents that entered, %" G_GUINT64_FORMAT " were kept, %" G_GUINT64_FORMAT
                           " were dropped by a rule and %" G_GUINT64_FORMAT " gave way to a duplicate. ",
                           number(manifest, "entered"), number(manifest, "kept"), number(manifest, "dropped"), number(manifest, "merged"));
    if (personal)
        g_string_append_printf(text, "Personal data in texts (addresses, numbers) were looked for with the setting `personal: %s`; no such search finds all. ", personal);
    g_string_append_printf(text, "The recipe's SHA-256 is `%s`.\n\n", json_get_string(recipe, "sha256"));
    g_string_append_printf(text, "The root hash of the store is `%s`. Whoever has the inputs and the recipe gets the same with `galen build`, and these files "
                                 "with `galen export`.\n", description->root ? description->root : "");
}

static gboolean card_write(Export *export, GError **error)
{
    g_autoptr(Description) description = describe(export, error);
    if (!description)
        return FALSE;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *sentence = description_sentence(description);
    append_head(text, export, description);
    g_string_append(text, "# ");
    append_escaped(text, description->name);
    g_string_append(text, "\n\n");
    append_escaped(text, sentence);
    g_string_append(text, "\n\n");
    append_sources(text, description->sources);
    append_licence_table(text, description->licences);
    append_files(text, description->proofs);
    append_making(text, export, description);
    g_autoptr(Output) output = export_open(export, "", OUTPUT_PLAIN, error);
    return output && output_write(output, text->str, text->len, error) && export_close(export, g_steal_pointer(&output), error);
}

const Exporter exporter_card = {
    .name = "card",
    .kind = EXPORT_DESCRIPTIONS,
    .write = card_write,
};
