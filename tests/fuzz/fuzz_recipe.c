/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: bytes as a recipe and as a source file, which are passed from hand to hand. Each is refused with an error that
 * names the file, or gives settings whose canonical text is JSON and the same each time. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/recipe_settings.h"
#include "store/source_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

static void check_error(gboolean failed, const GError *error, const char *path)
{
    g_assert_true(failed == (error != NULL));
    if (!failed)
        return;
    g_assert_true(strstr(error->message, path) != NULL);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static char *recipe_text(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Recipe) recipe = recipe_load(path, NULL, &error);
    check_error(!recipe, error, path);
    return recipe ? recipe_settings_text(recipe) : NULL;
}

static void read_source(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SourceFile) file = source_file_load(path, &error);
    check_error(!file, error, path);
    if (!file)
        return;
    g_autoptr(json_t) settings = recipe_source_settings(&file->source);
    g_assert_true(json_is_object(settings));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0 || write(descriptor, data, size) != (ssize_t)size)
        return 0;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", descriptor);
    g_autofree char *text = recipe_text(path), *again = recipe_text(path);
    g_assert_cmpstr(text, ==, again);
    if (text)
        json_decref(json_parse(text, strlen(text), "the settings", NULL));
    read_source(path);
    close(descriptor);
    return 0;
}

const char *const fuzz_seeds[] = {
    "name: a\nseed: 7\nclean: {urls: false, languages: [en, fr], min_words: 5, personal: drop, start_at: [Introduction]}\n"
    "sources:\n  - tag: b\n    format: medline\n    group: abstracts\n    paths: [\"*.xml.gz\"]\n    clean: {max_top_2gram: 0.3}\n"
    "    valid: 0.1\n    repeat: 2\nmix: {replay_share: 0.01}\ntokenizer: {model: t.model}\npack: {shard_tokens: 4096}\n",
    "tag: b\nname: B\nformat: html\ngroup: guidelines\nlicence: CC0-1.0\nexpected: {documents: 5}\nextract: {content: [\"css:div.body\"]}\n"
    "crawl:\n  start: [\"https://example.org/\"]\n  contact: a@b.org\n  delay: 1.5\n  lists:\n    - match: /x\n      kind: html\n      links: [\"//a\"]\n"
    "tests:\n  - page: https://example.org/a\n    title: T\n    contains: [one]\n    lacks: [two]\n",
    "name: a\nsources:\n  - use: cdc\n    clean: {boilerplate_share: 0.2}\n  - tag: c\n    format: jats\n    group: papers\n    paths: [x]\n"
    "    upsample: true\nmetadata: {citations: [t.csv]}\ndedup: {near: false}\ncontamination: {action: mask, benchmarks: [{name: q, paths: [q.jsonl]}]}\n"
    "upsample: {reference_date: 2023-07-15, publication_types: [{type: none, score: 0}]}\ntokenizer: {model: t.model}\n",
    "a: &a [*a, *a]\nb: !!binary aaaa\n? {c: d}\n: |\n  e\n",
    "?", /* a key without a name */
    NULL,
};
