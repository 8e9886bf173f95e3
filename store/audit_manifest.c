/* SPDX-License-Identifier: Apache-2.0
 * The manifest against itself and against the store. */
#include "base/error.h"
#include "store/audit_findings.h"
#include "store/manifest.h"
#include "store/standing.h"

/* Where two values first differ, as "sources[2].kept"; NULL: nowhere. As deep as `ours`, which this program made. */
static char *first_difference(const json_t *ours, const json_t *theirs, const char *path)
{
    if (json_is_object(ours) && json_is_object(theirs)) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)ours, key, value) {
            g_autofree char *below = *path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);
            char *found = first_difference(value, json_object_get(theirs, key), below);
            if (found)
                return found;
        }
        json_object_foreach((json_t *)theirs, key, value)
            if (!json_object_get(ours, key))
                return *path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);
        return NULL;
    }
    if (json_is_array(ours) && json_is_array(theirs)) {
        for (gsize i = 0; i < MAX(json_array_size(ours), json_array_size(theirs)); i++) {
            g_autofree char *below = g_strdup_printf("%s[%" G_GSIZE_FORMAT "]", path, i);
            char *found = first_difference(json_array_get(ours, i), json_array_get(theirs, i), below);
            if (found)
                return found;
        }
        return NULL;
    }
    return json_equal((json_t *)ours, (json_t *)theirs) ? NULL : g_strdup(path);
}

static void check_root(json_t *manifest, GPtrArray *findings)
{
    g_autoptr(json_t) sealed = json_copy(manifest);
    manifest_seal(sealed);
    if (g_strcmp0(json_get_string(manifest, "root"), json_get_string(sealed, "root")) != 0)
        findings_add(findings, FINDING_HASH_MISMATCH, g_strdup("manifest.json root"),
                     "the root is not the hash of the rest of the manifest, which was changed by hand or damaged");
}

static void check_sum(const json_t *counts, char *where, GPtrArray *findings)
{
    json_int_t entered = json_integer_value(json_object_get(counts, "entered"));
    json_int_t kept = json_integer_value(json_object_get(counts, "kept"));
    json_int_t dropped = json_integer_value(json_object_get(counts, "dropped"));
    json_int_t merged = json_integer_value(json_object_get(counts, "merged"));
    if (entered != kept + dropped + merged)
        findings_add(findings, FINDING_COUNT_MISMATCH, where,
                     "%" JSON_INTEGER_FORMAT " entered, but %" JSON_INTEGER_FORMAT " were kept, %" JSON_INTEGER_FORMAT
                     " dropped and %" JSON_INTEGER_FORMAT " merged",
                     entered, kept, dropped, merged);
    else
        g_free(where);
}

static void check_sums(const json_t *manifest, GPtrArray *findings)
{
    gsize index;
    json_t *source;
    check_sum(manifest, g_strdup("manifest.json"), findings);
    json_array_foreach(json_object_get(manifest, "sources"), index, source)
        check_sum(source, g_strdup_printf("manifest.json sources[%" G_GSIZE_FORMAT "]", index), findings);
}

/* What the mix says it drew is what lies in the training shards. */
static void check_mix(const json_t *computed, GPtrArray *findings)
{
    const json_t *parts = json_object_get(json_object_get(computed, "mix"), "sources"), *sources = json_object_get(computed, "sources");
    for (gsize i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i), *source = json_array_get(sources, i);
        json_int_t drawn = json_integer_value(json_object_get(part, "drawn_tokens"));
        json_int_t packed = json_integer_value(json_object_get(source, "tokens_train"));
        if (drawn != packed || g_strcmp0(json_get_string(part, "tag"), json_get_string(source, "tag")) != 0)
            findings_add(findings, FINDING_COUNT_MISMATCH, g_strdup_printf("source %s", json_get_string(part, "tag")),
                         "the mix drew %" G_GINT64_FORMAT " training tokens, but %" G_GINT64_FORMAT " are in the shards", (gint64)drawn,
                         (gint64)packed);
    }
}

/* The hashes of shards that were recorded when they were packed name the data in training runs. */
static gboolean check_shard_digests(Audit *audit, const json_t *computed, GPtrArray *findings, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    if (!txn)
        return FALSE;
    for (unsigned split = 0; split < SPLIT_COUNT; split++) {
        const json_t *packed = json_object_get(json_object_get(computed, "splits"), split_names[split]);
        const json_t *list = json_object_get(packed, "shards");
        for (gsize i = 0; i < json_array_size(list); i++) {
            char hex[SHA256_HEX_SIZE] = "";
            Sha256 recorded;
            GError *cause = NULL;
            if (shard_digest_get(txn, split_names[split], (guint32)i, &recorded, &cause))
                sha256_hex(&recorded, hex);
            g_clear_error(&cause); /* an unreadable record differs, too */
            if (g_strcmp0(hex, json_get_string(json_array_get(list, i), "sha256")) != 0)
                findings_add(findings, FINDING_HASH_MISMATCH,
                             g_strdup_printf("shard %s/%" G_GSIZE_FORMAT, split_names[split], i),
                             "its tokens are not those that were packed: the recorded SHA-256 differs");
        }
    }
    return TRUE;
}

/* The counts that were kept while the store was written (store/standing.h) are those of its documents. */
static gboolean check_counts(Audit *audit, const json_t *computed, GPtrArray *findings, GError **error)
{
    static const char *const compared[] = {"entered", "kept", "dropped", "merged", "undecided", "dropped_by", "merged_by"};
    gboolean known = FALSE;
    GError *cause = NULL;
    g_autoptr(Tally) tally = tally_new(audit->context->store, error);
    g_autoptr(StoreTxn) txn = tally ? store_read_begin(audit->context->store, error) : NULL;
    if (!txn)
        return FALSE;
    if (!standing_load(txn, tally, &known, &cause))
        findings_add_damage(findings, g_strdup("table counts"), cause);
    for (guint i = 0; known && i < tally->sources->len; i++) {
        g_autoptr(json_t) kept = tally_source_json(g_ptr_array_index(tally->sources, i), TALLY_COUNTS);
        const json_t *found = json_array_get(json_object_get(computed, "sources"), i);
        for (gsize c = 0; c < G_N_ELEMENTS(compared); c++)
            if (!json_equal(json_object_get(kept, compared[c]), json_object_get(found, compared[c])))
                findings_add(findings, FINDING_COUNT_MISMATCH, g_strdup("table counts"), "of source '%s', '%s' is not what its documents say",
                             json_get_string(kept, "tag"), compared[c]);
    }
    return TRUE;
}

static void compare_manifests(json_t *computed, const json_t *stored, GPtrArray *findings)
{
    /* Another version of this program made the store, and may check it. */
    json_object_set(computed, "galen", json_object_get(stored, "galen"));
    manifest_seal(computed);
    g_autofree char *path = first_difference(computed, stored, "");
    if (path)
        findings_add(findings, FINDING_HASH_MISMATCH, g_strdup_printf("manifest.json %s", path),
                     "differs from what is in the store; everything before it in the file is equal");
}

static gboolean check_against_store(Audit *audit, json_t *stored, GPtrArray *findings, GError **error)
{
    GError *cause = NULL;
    check_root(stored, findings);
    check_sums(stored, findings);
    g_autoptr(json_t) computed = manifest_compute(audit->context, &cause);
    if (!computed && cause->code == GALEN_ERROR_INPUT && cause->domain == GALEN_ERROR) {
        findings_add_damage(findings, g_strdup("manifest.json"), cause);
        return TRUE;
    }
    if (!computed) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    check_mix(computed, findings);
    compare_manifests(computed, stored, findings);
    audit_sources(audit, computed, findings);
    return check_counts(audit, computed, findings, error) && check_shard_digests(audit, computed, findings, error);
}

gboolean audit_manifest(Audit *audit, GError **error)
{
    g_autoptr(GPtrArray) findings = findings_new();
    GError *cause = NULL;
    g_autoptr(json_t) stored = manifest_read(audit->context->store, &cause);
    gboolean good = TRUE;
    if (cause)
        findings_add_damage(findings, g_strdup("manifest.json"), cause);
    else if (!json_is_object(stored))
        findings_add(findings, FINDING_UNFINISHED, g_strdup("manifest.json"),
                     "the build is unfinished; run galen build again, and it goes on where it stopped");
    else
        good = check_against_store(audit, stored, findings, error);
    audit_take(audit, findings);
    return good;
}
