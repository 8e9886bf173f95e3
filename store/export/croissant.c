/* SPDX-License-Identifier: Apache-2.0
 * Croissant 1.1 (docs.mlcommons.org/croissant): the exports in PATH's folder as JSON-LD.
 *
 * Each file is a FileObject with its SHA-256, its address relative to the description. Plain JSON lines and
 * files of Parquet have a RecordSet each, whose fields are their columns, so that a loader can read them; other formats are files only, as Croissant has no reader
 * for them. The date of publication is the option's: without it there is none, which validators note as a warning, as a
 * store knows no date. */
#include <string.h>

#include "config.h"
#include "store/export/describe.h"
#include "store/export/record.h"
#include "store/licence.h"

static json_t *context_json(void)
{
    static const char *const plain[][2] = {
        {"@vocab", "https://schema.org/"}, {"arrayShape", "cr:arrayShape"}, {"citeAs", "cr:citeAs"}, {"column", "cr:column"},
        {"conformsTo", "dct:conformsTo"}, {"containedIn", "cr:containedIn"}, {"cr", "http://mlcommons.org/croissant/"},
        {"dct", "http://purl.org/dc/terms/"}, {"equivalentProperty", "cr:equivalentProperty"}, {"extract", "cr:extract"},
        {"field", "cr:field"}, {"fileObject", "cr:fileObject"}, {"fileProperty", "cr:fileProperty"}, {"fileSet", "cr:fileSet"},
        {"format", "cr:format"}, {"includes", "cr:includes"}, {"isArray", "cr:isArray"}, {"isLiveDataset", "cr:isLiveDataset"},
        {"jsonPath", "cr:jsonPath"}, {"key", "cr:key"}, {"md5", "cr:md5"}, {"parentField", "cr:parentField"}, {"path", "cr:path"},
        {"rai", "http://mlcommons.org/croissant/RAI/"}, {"recordSet", "cr:recordSet"}, {"references", "cr:references"},
        {"regex", "cr:regex"}, {"repeated", "cr:repeated"}, {"replace", "cr:replace"}, {"samplingRate", "cr:samplingRate"},
        {"sc", "https://schema.org/"}, {"separator", "cr:separator"}, {"source", "cr:source"}, {"subField", "cr:subField"},
        {"transform", "cr:transform"},
    };
    json_t *context = json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s}, s:{s:s}}", "@language", "en", "data", "@id", "cr:data",
                                "@type", "@json", "dataType", "@id", "cr:dataType", "@type", "@vocab", "examples", "@id", "cr:examples", "@type",
                                "@json", "name", "@container", "@language", "description", "@container", "@language");
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
        json_object_set_new(context, plain[i][0], json_string(plain[i][1]));
    return context;
}

static const char *media_type(const json_t *proof, const char *name)
{
    const char *format = json_get_string(proof, "format");
    if (g_str_has_suffix(name, ".zst"))
        return "application/zstd";
    if (g_strcmp0(format, "jsonl") == 0)
        return "application/jsonlines";
    if (g_strcmp0(format, "parquet") == 0)
        return "application/x-parquet"; /* the name that Croissant's readers know it by */
    if (g_str_has_suffix(name, ".json"))
        return "application/json";
    return g_str_has_suffix(name, ".metadata") ? "text/plain" : "application/octet-stream";
}

static json_t *file_json(const json_t *proof, const json_t *file)
{
    const char *name = json_get_string(file, "name");
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT " B", (gint64)json_integer_value(json_object_get(file, "bytes")));
    json_t *object = json_object();
    json_object_set_new(object, "@type", json_string("cr:FileObject"));
    json_object_set_new(object, "@id", json_text(name));
    json_object_set_new(object, "name", json_text(name));
    json_object_set_new(object, "contentUrl", json_text(name));
    json_object_set_new(object, "contentSize", json_text(size));
    json_object_set_new(object, "encodingFormat", json_text(media_type(proof, name)));
    json_object_set(object, "sha256", json_object_get(file, "sha256"));
    return object;
}

static json_t *distribution_json(const json_t *proofs)
{
    json_t *distribution = json_array(), *proof, *file;
    gsize i, f;
    json_array_foreach(proofs, i, proof)
        json_array_foreach(json_object_get(proof, "files"), f, file)
            json_array_append_new(distribution, file_json(proof, file));
    return distribution;
}

static const char *const descriptions[RECORD_FIELDS] = {
    [RECORD_ID] = "The publisher's identifier, unique within the source",
    [RECORD_SOURCE] = "Tag of the source",
    [RECORD_SPLIT] = "train, valid or test",
    [RECORD_KIND] = "abstract, article, page or text",
    [RECORD_TITLE] = "The title",
    [RECORD_TEXT] = "The clean text, with the title, as it was tokenised",
    [RECORD_URL] = "Where the document was published",
    [RECORD_LICENCE] = "SPDX identifier, or the publisher's own words",
    [RECORD_SPDX] = "The licence's page at spdx.org, where it is known",
    [RECORD_PUBLISHED] = "Date of publication: year, month or day",
    [RECORD_LANGUAGE] = "ISO 639-1, as the publisher says",
    [RECORD_DOI] = "Digital object identifier",
    [RECORD_PMID] = "PubMed's number",
    [RECORD_PMCID] = "PubMed Central's number",
    [RECORD_METADATA] = "Whatever else is known, as a JSON object",
};

static json_t *field_json(const char *set, const char *file, const char *name, const char *type, const char *description)
{
    g_autofree char *id = g_strconcat(set, "/", name, NULL);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:{s:s}, s:{s:s}}}", "@type", "cr:Field", "@id", id, "name", name, "description", description,
                     "dataType", type, "source", "fileObject", "@id", file, "extract", "column", name);
}

static json_t *record_set_json(const char *file)
{
    g_autofree char *set = g_strconcat("records/", file, NULL);
    json_t *list = json_array();
    json_array_append_new(list, field_json(set, file, RECORD_NUMBER, "sc:Integer", "The document's number in the store"));
    for (gsize i = 0; i < RECORD_FIELDS; i++)
        json_array_append_new(list, field_json(set, file, record_names[i], "sc:Text", descriptions[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "@type", "cr:RecordSet", "@id", set, "name", set, "description", "One record a document", "field", list);
}

static gboolean has_records(const json_t *proof, const char *name)
{
    const char *format = json_get_string(proof, "format");
    return g_strcmp0(format, "parquet") == 0 || (g_strcmp0(format, "jsonl") == 0 && !g_str_has_suffix(name, ".zst"));
}

static json_t *record_sets_json(const json_t *proofs)
{
    json_t *sets = json_array(), *proof, *file;
    gsize i, f;
    json_array_foreach(proofs, i, proof) {
        json_array_foreach(json_object_get(proof, "files"), f, file) {
            const char *name = json_get_string(file, "name");
            if (has_records(proof, name))
                json_array_append_new(sets, record_set_json(name));
        }
    }
    return sets;
}

/* Licences as their pages at spdx.org; a publisher's own words as they are; documents without any are told as such. */
static json_t *licences_json(const json_t *licences)
{
    json_t *list = json_array(), *count;
    const char *name;
    json_object_foreach((json_t *)licences, name, count) {
        g_autofree char *page = licence_page(name);
        json_array_append_new(list, json_text(page ? page : *name ? name : "unknown"));
    }
    return list;
}

/* One text: the vocabulary allows no list here. */
static char *sources_text(const json_t *sources)
{
    GString *text = g_string_new(NULL);
    json_t *source;
    gsize index;
    json_array_foreach(sources, index, source) {
        const char *name = json_get_string(source, "name");
        g_string_append_printf(text, "%s%s", index ? "; " : "", name ? name : json_get_string(source, "tag"));
    }
    return g_string_free(text, FALSE);
}

static char *citation(const Description *description)
{
    return g_strdup_printf("%s. A corpus built by Galen " PACKAGE_VERSION ", root %s.", description->name, description->root ? description->root : "unknown");
}

static json_t *document_json(const Description *description, const char *published)
{
    g_autofree char *sentence = description_sentence(description), *sources = sources_text(description->sources), *cite = citation(description);
    json_t *object = json_object();
    json_object_set_new(object, "@context", context_json());
    json_object_set_new(object, "@type", json_string("sc:Dataset"));
    json_object_set_new(object, "conformsTo", json_string("http://mlcommons.org/croissant/1.1"));
    json_object_set_new(object, "name", json_text(description->name));
    json_object_set_new(object, "description", json_text(sentence));
    json_object_set_new(object, "license", licences_json(description->licences));
    json_object_set_new(object, "keywords", json_pack("[s, s]", "medicine", "language model pre-training"));
    json_object_set_new(object, "version", json_string("1.0.0"));
    json_object_set_new(object, "identifier", json_text(description->root));
    json_object_set_new(object, "citeAs", json_text(cite));
    if (published)
        json_object_set_new(object, "datePublished", json_text(published));
    json_object_set_new(object, "rai:dataCollectionRawData", json_text(sources));
    json_object_set_new(object, "distribution", distribution_json(description->proofs));
    json_object_set_new(object, "recordSet", record_sets_json(description->proofs));
    return object;
}

static gboolean croissant_write(Export *export, GError **error)
{
    g_autoptr(Description) description = describe(export, error);
    if (!description)
        return FALSE;
    g_autoptr(json_t) document = document_json(description, export->options->published);
    g_autofree char *text = json_pretty(document);
    g_autoptr(Output) output = export_open(export, "", OUTPUT_PLAIN, error);
    return output && output_write(output, text, strlen(text), error) && export_close(export, g_steal_pointer(&output), error);
}

const Exporter exporter_croissant = {
    .name = "croissant",
    .kind = EXPORT_DESCRIPTIONS,
    .write = croissant_write,
};
