/* SPDX-License-Identifier: Apache-2.0
 * A store against itself; see store/audit.h. */
#include "store/audit.h"

#include <sys/stat.h>

#include "base/error.h"
#include "store/audit_findings.h"
#include "store/pages.h"
#include "store/recipe_settings.h"
#include "store/redistribution.h"

/* A finding about one of the small records that the other checks need. */
static void take_damage(Audit *audit, const char *where, GError *cause)
{
    g_autoptr(GPtrArray) findings = findings_new();
    findings_add_damage(findings, g_strdup(where), cause);
    audit_take(audit, findings);
}

static void read_packing(Audit *audit, StoreTxn *txn)
{
    GError *cause = NULL;
    audit->has_tokens = tokenizer_facts(txn, &audit->tokenizer, &cause);
    if (cause)
        take_damage(audit, "meta tokenizer", cause);
    cause = NULL;
    g_autoptr(json_t) settings = recipe_settings_get(txn, &cause);
    if (cause)
        take_damage(audit, "meta recipe.settings", cause);
    const json_t *pack = json_object_get(settings, "pack");
    audit->bos = json_is_true(json_object_get(pack, "bos"));
    audit->eos = json_is_true(json_object_get(pack, "eos"));
    audit->window = (guint64)json_integer_value(json_object_get(pack, "window"));
    /* Without the settings nobody knows what lies between documents, and tokens cannot be compared. */
    audit->has_tokens = audit->has_tokens && pack;
}

static void read_run(Audit *audit, StoreTxn *txn)
{
    GError *cause = NULL;
    g_auto(StageRun) run = {0};
    audit->packed = stage_load(txn, "pack", &run, &cause) && run.complete;
    if (cause)
        take_damage(audit, "runs pack", cause);
}

/* What documents are held to in a store that claims to be redistributable. Damage of either record is others' to report. */
static void read_rights(Audit *audit, StoreTxn *txn)
{
    GError *cause = NULL;
    gboolean claimed;
    if (redistribution_claimed(txn, &claimed, &cause) && claimed)
        audit->rights = rights_sources_new(txn, &cause);
    g_clear_error(&cause);
}

static gboolean read_basics(Audit *audit, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(audit->context->store, error);
    if (!txn)
        return FALSE;
    read_packing(audit, txn);
    read_run(audit, txn);
    read_rights(audit, txn);
    return TRUE;
}

/* FALSE without error: the list of sources is damaged, and only records can be checked. */
static gboolean read_sources(Audit *audit, GError **error)
{
    GError *cause = NULL;
    audit->tally = tally_new(audit->context->store, &cause);
    if (audit->tally)
        return TRUE;
    if (cause->domain == GALEN_ERROR && cause->code == GALEN_ERROR_INPUT)
        take_damage(audit, "meta sources", cause);
    else
        g_propagate_error(error, cause);
    return FALSE;
}

static gboolean audit_more(Audit *audit, GError **error)
{
    g_autoptr(GPtrArray) findings = findings_new();
    if (audit->more && !audit->more(audit->context->store, findings, error))
        return FALSE;
    audit_take(audit, findings);
    return TRUE;
}

static gboolean audit_all(Audit *audit, GError **error)
{
    GError *cause = NULL;
    if (!audit_records(audit, error) || !audit_seal(audit, error) || !read_basics(audit, error))
        return FALSE;
    if (!read_sources(audit, &cause)) {
        if (cause)
            g_propagate_error(error, cause);
        return cause == NULL;
    }
    return audit_documents(audit, error) && audit_forgotten(audit, error) && audit_more(audit, error) && audit_shards(audit, error) &&
           audit_manifest(audit, error);
}

static void audit_init(Audit *audit, StageContext *context)
{
    *audit = (Audit){
        .context = context,
        .findings = findings_new(),
        .counts = g_hash_table_new(g_str_hash, g_str_equal),
        .places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
}

/* The findings, in order, or NULL when the audit failed. */
static GPtrArray *audit_end(Audit *audit, gboolean good)
{
    if (good)
        audit_sort(audit);
    else
        g_clear_pointer(&audit->findings, g_ptr_array_unref);
    g_hash_table_unref(audit->counts);
    g_hash_table_unref(audit->places);
    tally_free(audit->tally);
    rights_sources_free(audit->rights);
    return audit->findings;
}

GPtrArray *audit_run(StageContext *context, GError **error)
{
    Audit audit;
    audit_init(&audit, context);
    return audit_end(&audit, audit_all(&audit, error));
}

/* ---- Before it is opened ---------------------------------------------------------------------------------------- */

static void take_page_fault(gpointer user, const char *where, const char *what)
{
    g_autoptr(GPtrArray) findings = findings_new();
    findings_add(findings, FINDING_STORE_DAMAGED, g_strdup(where), "%s", what);
    audit_take(user, findings);
}

/* NULL without error: the pages are sound, or there are none and opening the store will say why. */
static GPtrArray *audit_pages(const char *directory, Progress *progress, GError **error)
{
    g_autofree char *path = store_part_path(directory);
    struct stat status;
    if (stat(path, &status) < 0 || status.st_size < PAGES_LEAST_SIZE)
        return NULL;
    Audit audit;
    audit_init(&audit, NULL);
    gboolean good = pages_check(path, progress, take_page_fault, &audit, error);
    g_autoptr(GPtrArray) findings = audit_end(&audit, good);
    return findings && findings->len ? g_steal_pointer(&findings) : NULL;
}

GPtrArray *audit_store(const char *directory, AuditPart more, unsigned jobs, Progress *progress, GError **error)
{
    GError *cause = NULL;
    GPtrArray *damage = audit_pages(directory, progress, &cause);
    if (damage)
        return damage;
    g_autoptr(Store) store = cause ? NULL : store_open(directory, STORE_AUDIT, &cause);
    if (!store) {
        g_propagate_error(error, cause);
        return NULL;
    }
    StageContext context = {.store = store, .progress = progress, .jobs = jobs};
    Audit audit;
    audit_init(&audit, &context);
    audit.more = more;
    return audit_end(&audit, audit_all(&audit, error));
}
