/* SPDX-License-Identifier: Apache-2.0
 * Each source against the build before and against what its source file expects. */
#include <string.h>

#include "store/audit_findings.h"
#include "store/tombstone.h"
#include "store/manifest.h"

static json_int_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* What entered and was a document: pages read for their links and broken records are none. */
static json_int_t count_documents(const json_t *source)
{
    json_int_t count = integer_of(source, "entered");
    const char *rule;
    json_t *dropped;
    json_object_foreach(json_object_get(source, "dropped_by"), rule, dropped)
        if (g_str_has_prefix(rule, "ingest/") && strcmp(rule, "ingest/" RULE_FORGOTTEN) != 0) /* what was forgotten was asked for */
            count -= json_integer_value(dropped);
    return count;
}

static const json_t *find_source(const json_t *manifest, const char *tag)
{
    gsize index;
    json_t *source;
    json_array_foreach(json_object_get(manifest, "sources"), index, source)
        if (g_strcmp0(json_get_string(source, "tag"), tag) == 0)
            return source;
    return NULL;
}

static void check_source(const json_t *now, const json_t *before, json_int_t expected, GPtrArray *findings)
{
    const char *tag = json_get_string(now, "tag");
    json_int_t documents = count_documents(now), earlier = before ? count_documents(before) : 0;
    if (documents < earlier)
        findings_add(findings, FINDING_SOURCE_SHRUNK, g_strdup_printf("source %s", tag),
                     "%" JSON_INTEGER_FORMAT " documents, but %" JSON_INTEGER_FORMAT " in the build before", documents, earlier);
    else if (documents * 2 < expected)
        findings_add(findings, FINDING_SOURCE_SHRUNK, g_strdup_printf("source %s", tag),
                     "%" JSON_INTEGER_FORMAT " documents, but its source file expects %" JSON_INTEGER_FORMAT, documents, expected);
}

void audit_sources(Audit *audit, const json_t *manifest, GPtrArray *findings)
{
    GError *cause = NULL;
    g_autoptr(json_t) previous = manifest_read_previous(audit->context->store, &cause);
    g_clear_error(&cause); /* audit_seal has found the damage */
    for (guint i = 0; i < audit->tally->sources->len; i++) {
        const SourceTally *source = g_ptr_array_index(audit->tally->sources, i);
        const json_t *now = find_source(manifest, source->tag);
        if (now)
            check_source(now, find_source(previous, source->tag), integer_of(source->facts, "expected"), findings);
    }
}
