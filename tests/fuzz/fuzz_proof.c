/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: the proof of an export, which lies beside its files and may be anybody's. It is read, its files are looked for, and a
 * Croissant file and a dataset card are made of what it says; or it is refused. */
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/export/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

#define MANIFEST "{\"root\":\"r\",\"recipe\":{\"name\":\"n\",\"sha256\":\"s\",\"settings\":{\"clean\":{\"languages\":[\"en\"]}}},\"entered\":3,\"kept\":2}"

static char *path_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* What an exporter of descriptions looks at, without a store. */
static void describe_with(const Exporter *exporter, const char *folder, const char *name)
{
    g_autofree char *path = path_in(folder, name);
    g_autoptr(GError) error = NULL;
    ExportOptions options = {.path = path};
    Export export = {.options = &options, .manifest = json_parse(MANIFEST, strlen(MANIFEST), "it", NULL), .files = json_array(), .facts = json_object()};
    gboolean good = exporter->write(&export, &error);
    g_assert_true(good == (error == NULL));
    g_assert_true(good || g_utf8_validate(error->message, -1, NULL));
    json_decref(export.manifest);
    json_decref(export.files);
    json_decref(export.facts);
    g_unlink(path);
}

/* A new export with the name of an old one: no file may go that is not there by the name of the export. */
static void replace(const char *folder)
{
    g_autofree char *path = path_in(folder, "x"), *other = path_in(folder, "a"), *proof = path_in(folder, "x.export.json");
    g_autoptr(json_t) old = NULL;
    g_autoptr(json_t) none = json_object();
    if (proof_take_away(path, &exporter_jsonl, &old, NULL))
        proof_remove_stale(path, old, none);
    g_assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
    g_unlink(proof);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *folder = g_dir_make_tmp("galen-fuzz-proof-XXXXXX", NULL);
    g_assert_nonnull(folder);
    g_autofree char *proof = path_in(folder, "x.export.json"), *file = path_in(folder, "a"), *ours = path_in(folder, "x.jsonl");
    g_assert_true(g_file_set_contents(file, "123", 3, NULL) && g_file_set_contents(ours, "", 0, NULL) &&
                  g_file_set_contents(proof, (const char *)data, (gssize)size, NULL));
    describe_with(&exporter_croissant, folder, "croissant.json");
    describe_with(&exporter_card, folder, "README.md");
    replace(folder);
    g_unlink(file);
    g_unlink(ours);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    return 0;
}

#define SUM "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEAD "{\"version\":1,\"format\":\"jsonl\",\"root\":\"r\","

const char *const fuzz_seeds[] = {
    HEAD "\"split\":null,\"documents\":2,\"sources\":[{\"tag\":\"t\",\"name\":\"T\",\"group\":\"papers\",\"licence\":null,\"documents\":2,"
         "\"not_redistributable\":0}],\"licences\":{\"CC-BY-4.0\":1,\"\":1},\"files\":[{\"name\":\"a\",\"bytes\":3,\"sha256\":\"" SUM "\"},"
         "{\"name\":\"x.jsonl\",\"bytes\":0,\"sha256\":\"" SUM "\"}]}",
    "{\"format\":\"parquet\",\"root\":\"r\",\"split\":\"valid\",\"documents\":2,\"tokens\":7,\"files\":[{\"name\":\"a\",\"bytes\":3,\"sha256\":\"" SUM "\"},"
    "{\"name\":\"a\",\"bytes\":3,\"sha256\":\"" SUM "\"}],\"licences\":{},\"sources\":[{\"tag\":\"t\",\"documents\":5},{\"tag\":\"t\",\"documents\":6}]}",
    HEAD "\"files\":[{\"name\":\"../a\",\"bytes\":3}]}",
    HEAD "\"files\":[{\"bytes\":3}],\"sources\":[{}],\"licences\":[]}",
    "{\"root\":\"r\",\"files\":[{\"name\":\"a\",\"bytes\":3}],\"sources\":[{\"documents\":1}],\"licences\":{\"x\":\"y\"}}",
    "{\"format\":\"card\"}",
    "[]",
    NULL,
};
