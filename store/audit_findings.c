/* SPDX-License-Identifier: Apache-2.0
 * Findings: made, capped, put in order; see store/audit_findings.h. */
#include "store/audit_findings.h"

#include <string.h>

const char *severity_name(Severity severity)
{
    static const char *const names[] = {"info", "warning", "error"};
    return names[severity];
}

void finding_free(gpointer data)
{
    Finding *finding = data;
    if (!finding)
        return;
    g_free(finding->where);
    g_free(finding->message);
    g_free(finding);
}

GPtrArray *findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

void findings_add(GPtrArray *findings, const char *id, char *where, const char *format, ...)
{
    Finding *finding = g_new(Finding, 1);
    va_list arguments;
    va_start(arguments, format);
    *finding = (Finding){
        .id = id,
        .severity = finding_kind(id)->severity,
        .where = where,
        .message = g_strdup_vprintf(format, arguments),
    };
    va_end(arguments);
    g_ptr_array_add(findings, finding);
}

void findings_add_damage(GPtrArray *findings, char *where, GError *cause)
{
    findings_add(findings, FINDING_HASH_MISMATCH, where, "%s", cause->message);
    g_error_free(cause);
}

static void take_one(Audit *audit, Finding *finding)
{
    g_autofree char *place = g_strdup_printf("%s %s", finding->id, finding->where);
    if (g_hash_table_contains(audit->places, place)) {
        finding_free(finding);
        return;
    }
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(audit->counts, finding->id)) + 1;
    g_hash_table_insert(audit->counts, (gpointer)finding->id, GUINT_TO_POINTER(count));
    if (count > FINDINGS_PER_ID) {
        finding_free(finding);
        return;
    }
    g_hash_table_add(audit->places, g_steal_pointer(&place));
    g_ptr_array_add(audit->findings, finding);
}

void audit_take(Audit *audit, GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++)
        take_one(audit, g_steal_pointer(&g_ptr_array_index(from, i)));
    g_ptr_array_set_size(from, 0);
}

static int compare_findings(const void *left, const void *right)
{
    const Finding *a = *(const Finding *const *)left, *b = *(const Finding *const *)right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    int order = strcmp(a->id, b->id);
    return order ? order : strcmp(a->where, b->where);
}

void audit_sort(Audit *audit)
{
    GHashTableIter iterator;
    gpointer id, count;
    g_hash_table_iter_init(&iterator, audit->counts);
    while (g_hash_table_iter_next(&iterator, &id, &count))
        if (GPOINTER_TO_UINT(count) > FINDINGS_PER_ID)
            findings_add(audit->findings, id, g_strdup("store"), "%u more findings of this kind are not listed",
                         GPOINTER_TO_UINT(count) - FINDINGS_PER_ID);
    g_ptr_array_sort(audit->findings, compare_findings);
}
