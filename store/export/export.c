/* SPDX-License-Identifier: Apache-2.0
 * The table of formats, and what all exports do around them; see store/export/export.h. */
#include "store/export/export.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "store/export/exporter.h"
#include "store/export/proof.h"
#include "store/manifest.h"

static const Exporter *const exporters[] = {
    &exporter_jsonl, &exporter_parquet, &exporter_megatron, &exporter_llmc, &exporter_mds, &exporter_datatrove, &exporter_croissant, &exporter_card, NULL,
};

const Exporter *exporter_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (gsize i = 0; exporters[i]; i++) {
        if (strcmp(exporters[i]->name, name) == 0)
            return exporters[i];
        g_string_append_printf(names, "%s%s", i == 0 ? "" : exporters[i + 1] ? ", " : " and ", exporters[i]->name);
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no format '%s'; the formats are %s", name, names->str);
    return NULL;
}

Output *export_open(const Export *export, const char *suffix, OutputForm form, GError **error)
{
    g_autofree char *path = g_strconcat(export->options->path, suffix, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    return directory_make(folder, error) ? output_open(path, form, error) : NULL;
}

gboolean export_close(Export *export, Output *output, GError **error)
{
    gboolean good = output_finish(output, error);
    if (good)
        proof_add_file(export->files, export->options->path, output_path(output), output_bytes(output), output_digest(output));
    output_free(output);
    return good;
}

/* A store that is being built again has no manifest, and one that was built again has another. */
static json_t *read_manifest(const Store *store, GError **error)
{
    return manifest_require(store, "it can be exported", error);
}

static gboolean is_unchanged(const Export *export, GError **error)
{
    g_autoptr(json_t) now = read_manifest(export->store, error);
    if (!now)
        return FALSE;
    if (json_equal(json_object_get(now, "root"), json_object_get(export->manifest, "root")))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s was built anew during the export; run it again", store_directory(export->store));
    return FALSE;
}

static gboolean has_something(const Export *export, GError **error)
{
    const Selection *selection = export->selection;
    const char *source = export->options->source;
    if (selection->selected)
        return TRUE;
    g_autofree char *what = g_strdup_printf("%s%s%s%s", source ? " of source " : "", source ? source : "", export->split ? " in split " : "",
                                            export->split ? export->split : "");
    if (selection->refused)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "nothing to export: none of the %" G_GUINT64_FORMAT " kept documents%s may be passed on under its licence. For your own use "
                    "there is --allow-not-redistributable; where a source's terms allow it, set 'redistributable: true' in the recipe",
                    selection->refused, what);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "nothing to export: there are no kept documents%s", what);
    return FALSE;
}

static gboolean select_documents(Export *export, GError **error)
{
    const ExportOptions *options = export->options;
    SelectionQuery query = {options->source, export->split, options->allow_not_redistributable};
    export->selection = selection_new(export->txn, &query, export->progress, error);
    return export->selection && has_something(export, error);
}

static gboolean run(Export *export, const Exporter *exporter, json_t **proof, GError **error)
{
    g_autoptr(json_t) old = NULL;
    if (!proof_take_away(export->options->path, exporter, &old, error))
        return FALSE;
    export->txn = store_read_begin(export->store, error);
    export->manifest = export->txn ? read_manifest(export->store, error) : NULL;
    if (!export->manifest || (exporter->kind != EXPORT_DESCRIPTIONS && !select_documents(export, error)))
        return FALSE;
    if (!exporter->write(export, error) || !is_unchanged(export, error))
        return FALSE;
    *proof = proof_new(export, exporter);
    proof_remove_stale(export->options->path, old, *proof);
    return proof_write(export->options->path, exporter, *proof, error);
}

static gboolean is_date(const char *text)
{
    int length = 0;
    unsigned year, month, day;
    return sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &length) == 3 && length == 10 && !text[10] && year > 0 && month <= 12 &&
           g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

static gboolean check_options(const Exporter *exporter, const ExportOptions *options, GError **error)
{
    Split split;
    if (!*options->path || g_str_has_suffix(options->path, "/"))
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "'%s' names no file: give a path that ends in a name", options->path);
    else if (options->split && !split_find(options->split, &split))
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "there is no split '%s'; the splits are train, valid and test", options->split);
    else if (options->published && !is_date(options->published))
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "'%s' is no date: write it as 2026-11-26", options->published);
    else if (exporter->kind == EXPORT_DESCRIPTIONS && (options->split || options->source))
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "%s describes the exports in its folder: choose split and source when these are made",
                    exporter->name);
    else
        return TRUE;
    return FALSE;
}

json_t *export_run(Store *store, const Exporter *exporter, const ExportOptions *options, Progress *progress, GError **error)
{
    if (!check_options(exporter, options, error))
        return NULL;
    Export export = {
        .store = store,
        .options = options,
        .split = options->split || exporter->kind != EXPORT_TOKENS ? options->split : split_names[SPLIT_TRAIN],
        .progress = progress,
        .files = json_array(),
        .facts = json_object(),
    };
    json_t *proof = NULL;
    if (!run(&export, exporter, &proof, error)) {
        json_decref(proof);
        proof = NULL;
        g_prefix_error(error, "while exporting %s: ", exporter->name);
    }
    selection_free(export.selection);
    json_decref(export.manifest);
    json_decref(export.files);
    json_decref(export.facts);
    if (export.txn)
        store_read_end(export.txn);
    return proof;
}
