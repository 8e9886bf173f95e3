/* SPDX-License-Identifier: Apache-2.0
 * The store against its seal: whole tables, captures and the other files. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "store/audit_findings.h"
#include "store/seal.h"

#define FILE_LIMIT ((gsize)1 << 30)

static char *file_where(const char *path)
{
    return g_strdup_printf("file %s", path);
}

/* What a JSON file of the proof says must be written as Galen writes it: a changed space is a changed byte. */
static void check_form(const Store *store, const char *name, const json_t *value, GPtrArray *findings)
{
    g_autofree char *path = g_build_filename(store_directory(store), name, NULL);
    g_autofree char *canonical = json_pretty(value), *text = NULL;
    gsize length = 0;
    if (file_read(path, FILE_LIMIT, &text, &length, NULL) && length == strlen(canonical) && memcmp(text, canonical, length) == 0)
        return;
    findings_add(findings, FINDING_HASH_MISMATCH, file_where(name), "was changed since it was written, if only in its spaces");
}

static void check_seal_itself(const Store *store, const json_t *seal, GPtrArray *findings)
{
    g_autoptr(json_t) closed = json_copy((json_t *)seal);
    seal_close(closed);
    if (g_strcmp0(json_get_string(seal, "seal"), json_get_string(closed, "seal")) != 0)
        findings_add(findings, FINDING_HASH_MISMATCH, file_where(STORE_SEAL),
                     "the seal is not the hash of the rest of it, which was changed by hand or damaged");
    check_form(store, STORE_SEAL, seal, findings);
}

/* ---- Tables ----------------------------------------------------------------------------------------------------- */

static void check_table(const Audit *audit, const json_t *seal, StoreTable table, GPtrArray *findings)
{
    const char *name = store_table_name(table);
    const TableDigest *found = &audit->tables[table];
    g_autoptr(json_t) now = table_digest_json(found);
    json_t *sealed = json_object_get(json_object_get(seal, "tables"), name);
    json_int_t records = json_integer_value(json_object_get(sealed, "records"));
    gboolean told = audit->damaged[table] && records == (json_int_t)found->records;
    gboolean later = !sealed && found->records == 0; /* an earlier version sealed it, which had no such table */
    if (told || later || json_equal(sealed, now))
        return;
    if (records != (json_int_t)found->records)
        findings_add(findings, FINDING_HASH_MISMATCH, g_strdup_printf("table %s", name),
                     "%" G_GUINT64_FORMAT " records, but %" JSON_INTEGER_FORMAT " when the build ended", found->records, records);
    else
        findings_add(findings, FINDING_HASH_MISMATCH, g_strdup_printf("table %s", name), "its records are not those of when the build ended");
}

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static const json_t *find_file(const json_t *files, const char *path)
{
    gsize index;
    json_t *file;
    json_array_foreach((json_t *)files, index, file)
        if (g_strcmp0(json_get_string(file, "path"), path) == 0)
            return file;
    return NULL;
}

static void compare_file(const json_t *sealed, const json_t *now, GPtrArray *findings)
{
    const char *path = json_get_string(sealed, "path"), *failure = json_get_string(now, "error");
    json_int_t before = json_integer_value(json_object_get(sealed, "bytes")), bytes = json_integer_value(json_object_get(now, "bytes"));
    if (failure)
        findings_add(findings, FINDING_HASH_MISMATCH, file_where(path), "%s", failure);
    else if (before != bytes)
        findings_add(findings, FINDING_HASH_MISMATCH, file_where(path),
                     "%" JSON_INTEGER_FORMAT " bytes, but %" JSON_INTEGER_FORMAT " when the build ended", bytes, before);
    else if (g_strcmp0(json_get_string(sealed, "sha256"), json_get_string(now, "sha256")) != 0)
        findings_add(findings, FINDING_HASH_MISMATCH, file_where(path), "its bytes are not those of when the build ended");
}

/* The manifest's own entry is the first; seal_files leaves it out. */
static void add_manifest(const Store *store, json_t *files)
{
    g_autofree char *path = g_build_filename(store_directory(store), STORE_MANIFEST, NULL);
    Sha256 digest;
    guint64 bytes;
    if (!file_sha256(path, NULL, &digest, &bytes, NULL))
        return;
    json_t *file = json_object();
    json_object_set_new(file, "path", json_string(STORE_MANIFEST));
    json_object_set_new(file, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(file, "sha256", sha256_json(&digest));
    json_array_append_new(files, file);
}

static void compare_files(const json_t *sealed, const json_t *present, GPtrArray *findings)
{
    gsize index;
    json_t *file;
    json_array_foreach((json_t *)sealed, index, file) {
        const char *path = json_get_string(file, "path");
        const json_t *now = path ? find_file(present, path) : NULL;
        if (path && !now)
            findings_add(findings, g_str_has_prefix(path, STORE_CAPTURES "/") ? FINDING_MISSING_CAPTURE : FINDING_MISSING_FILE,
                         file_where(path), "was there when the build ended, and is gone");
        else if (path)
            compare_file(file, now, findings);
    }
    json_array_foreach((json_t *)present, index, file)
        if (!find_file(sealed, json_get_string(file, "path")))
            findings_add(findings, FINDING_UNKNOWN_FILE, file_where(json_get_string(file, "path")), "was not there when the build ended");
}

static gboolean check_files(Audit *audit, const json_t *seal, GPtrArray *findings, GError **error)
{
    g_autoptr(json_t) files = seal_files(audit->context, TRUE, error);
    if (!files)
        return FALSE;
    add_manifest(audit->context->store, files);
    compare_files(json_object_get(seal, "files"), files, findings);
    return TRUE;
}

static gboolean check_seal(Audit *audit, const json_t *seal, GPtrArray *findings, GError **error)
{
    check_seal_itself(audit->context->store, seal, findings);
    for (int table = 0; table < TABLE_COUNT; table++)
        check_table(audit, seal, table, findings);
    return check_files(audit, seal, findings, error);
}

gboolean audit_seal(Audit *audit, GError **error)
{
    g_autoptr(GPtrArray) findings = findings_new();
    GError *cause = NULL;
    gboolean good = TRUE;
    g_autofree char *manifest = g_build_filename(store_directory(audit->context->store), STORE_MANIFEST, NULL);
    if (!g_file_test(manifest, G_FILE_TEST_EXISTS))
        return TRUE; /* an unfinished build: audit_manifest says so */
    g_autoptr(json_t) seal = seal_read(audit->context->store, &cause);
    if (cause)
        findings_add_damage(findings, file_where(STORE_SEAL), cause);
    else if (!seal)
        findings_add(findings, FINDING_MISSING_FILE, file_where(STORE_SEAL), "there is no seal, so nothing says what this copy should hold");
    else
        good = check_seal(audit, seal, findings, error);
    audit_take(audit, findings);
    return good;
}
