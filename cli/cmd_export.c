/* SPDX-License-Identifier: Apache-2.0
 * galen export: a store in the formats of other tools. */
#include <stdio.h>

#include "cli/commands.h"
#include "store/export/export.h"

static void print_files(const json_t *files)
{
    gsize index, count = json_array_size(files);
    json_t *file;
    json_array_foreach(files, index, file) {
        g_autofree char *bytes = format_count((guint64)json_integer_value(json_object_get(file, "bytes")));
        if (count <= 8 || index < 3 || index + 1 == count)
            printf("wrote %s, %s bytes\n", json_get_string(file, "name"), bytes);
        else if (index == 3)
            printf("... %" G_GSIZE_FORMAT " more files ...\n", count - 4);
    }
}

static void print_proof(const json_t *proof, const char *path)
{
    const json_t *tokens = json_object_get(proof, "tokens"), *documents = json_object_get(proof, "documents");
    const json_t *left_over = json_object_get(json_object_get(proof, "facts"), "left_over_tokens");
    json_int_t refused = json_integer_value(json_object_get(proof, "not_redistributable"));
    print_files(json_object_get(proof, "files"));
    if (documents) {
        g_autofree char *count = format_count((guint64)json_integer_value(documents));
        g_autofree char *token_count = format_count((guint64)json_integer_value(tokens));
        printf("%s documents%s%s%s\n", count, tokens ? ", each pass counted, " : "", tokens ? token_count : "", tokens ? " tokens" : "");
    }
    if (json_integer_value(left_over) > 0)
        printf("%" JSON_INTEGER_FORMAT " tokens are left over: they do not fill a last sample\n", json_integer_value(left_over));
    if (refused)
        printf("left out %" JSON_INTEGER_FORMAT " kept documents that may not be passed on under their licences (--allow-not-redistributable)\n", refused);
    printf("proof %s%s%s.export.json\n", path, tokens ? "." : "", tokens ? json_get_string(proof, "format") : "");
}

/* A store that is not there or a name that is wrong must be found before anything of an old export goes. */
static json_t *export_to(const char *directory, const char *format, const ExportOptions *options, gboolean quiet, GError **error)
{
    const Exporter *exporter = exporter_find(format, error);
    g_autoptr(Store) store = exporter ? store_open(directory, STORE_READ, error) : NULL;
    if (!store)
        return NULL;
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, quiet);
    json_t *proof = export_run(store, exporter, options, progress, error);
    screen_stop(screen);
    return proof;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *format = NULL, *output = NULL, *split = NULL, *source = NULL, *published = NULL;
    gboolean allow = FALSE, json = FALSE, quiet = FALSE;
    gint64 sequence_length = 0, shard_tokens = 0, file_bytes = 0, row_group_bytes = 0;
    int status;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "One of those below", "NAME"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where it goes; what it names depends on the format", "PATH"},
        {"split", 0, 0, G_OPTION_ARG_STRING, &split, "Only train, valid or test (documents: all; tokens: train)", "NAME"},
        {"source", 's', 0, G_OPTION_ARG_STRING, &source, "Only this source", "TAG"},
        {"allow-not-redistributable", 0, 0, G_OPTION_ARG_NONE, &allow, "Also documents that may not be passed on: for your own use", NULL},
        {"sequence-length", 0, 0, G_OPTION_ARG_INT64, &sequence_length, "mds: tokens of a sample (2048)", "N"},
        {"shard-tokens", 0, 0, G_OPTION_ARG_INT64, &shard_tokens, "llmc: tokens of a file (100000000); mds: of a shard (64 MiB)", "N"},
        {"file-bytes", 0, 0, G_OPTION_ARG_INT64, &file_bytes, "parquet: bytes of a file in a folder (512 MiB)", "N"},
        {"row-group-bytes", 0, 0, G_OPTION_ARG_INT64, &row_group_bytes, "parquet: bytes of a row group, unpacked (64 MiB)", "N"},
        {"published", 0, 0, G_OPTION_ARG_STRING, &published, "croissant: the date of publication to state", "YYYY-MM-DD"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the proof as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
        {NULL},
    };
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    if (!format || !output)
        return command_usage(command, format ? "say where it goes: -o PATH" : "say what to write: --format NAME");
    if (sequence_length < 0 || shard_tokens < 0 || file_bytes < 0 || row_group_bytes < 0)
        return command_usage(command, "--sequence-length, --shard-tokens, --file-bytes and --row-group-bytes are numbers above 0");
    ExportOptions options = {
        .path = output,
        .split = split,
        .source = source,
        .allow_not_redistributable = allow,
        .sequence_length = (guint64)sequence_length,
        .shard_tokens = (guint64)shard_tokens,
        .file_bytes = (guint64)file_bytes,
        .row_group_bytes = (guint64)row_group_bytes,
        .published = published,
    };
    GError *error = NULL;
    g_autoptr(json_t) proof = export_to(argv[1], format, &options, quiet, &error);
    if (!proof)
        return command_fail(error);
    if (json)
        print_json(json_incref(proof));
    else
        print_proof(proof, output);
    return EXIT_GOOD;
}

const Command command_export = {
    .name = "export",
    .arguments = "STORE --format NAME -o PATH",
    .summary = "write a store, or a part of it, in the file formats of other tools",
    .details = "Formats, and what PATH names:\n"
               "  jsonl      a document a line: a file, compressed where its name ends in .zst\n"
               "  parquet    a document a row, the same columns: a file where its name ends in .parquet, else a folder of files\n"
               "  megatron   Megatron-LM's indexed dataset: PATH.bin and PATH.idx\n"
               "  llmc       llm.c's token files: PATH_000000.bin, PATH_000001.bin ...\n"
               "  mds        MosaicML's shards for streaming: a folder; samples of --sequence-length tokens\n"
               "  datatrove  datatrove's tokens: PATH.ds, PATH.ds.index and PATH.ds.metadata\n"
               "  croissant  Croissant 1.1: a JSON-LD file that describes the exports beside it\n"
               "  card       a dataset card for Hugging Face: a README.md for the exports beside it\n\n"
               "Only kept documents go out whose licence lets them be passed on: their own, where it is known, else the\n"
               "recipe's 'redistributable'. The proof, PATH.export.json or for tokens PATH.FORMAT.export.json, has the\n"
               "store's root hash, sources, licences and the files' sums. It is written last; without it an export is\n"
               "unfinished, and run again it begins anew.\n\n"
               "Examples:\n"
               "  galen export corpus.galen --format jsonl -o out/corpus.jsonl.zst\n"
               "  galen export corpus.galen --format parquet -o out/corpus\n"
               "  galen export corpus.galen --format megatron --split valid -o out/valid\n"
               "  galen export corpus.galen --format mds --sequence-length 4096 -o out/mds-train\n"
               "  galen export corpus.galen --format croissant -o out/croissant.json",
    .run = run,
};
