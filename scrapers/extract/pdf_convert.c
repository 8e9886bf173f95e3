/* SPDX-License-Identifier: Apache-2.0
 * pdftohtml in its jail, and what its failures mean; see pdf.h. */
#include <string.h>

#include "base/error.h"
#include "base/jail.h"
#include "config.h"
#include "scrapers/extract/pdf.h"

#define CPU_SECONDS 30
#define MEMORY_BYTES (SANDBOX_MEMORY_BYTES ? (guint64)2 << 30 : 0)
#define HEADER_BYTES 1024 /* in which "%PDF-" must stand, as readers have it */
#define CONTENT_TYPE "application/pdf"

static gboolean has_header(const char *bytes, gsize length)
{
    return length > 4 && memmem(bytes, MIN(length, HEADER_BYTES), "%PDF-", 5) != NULL;
}

gboolean pdf_is_record(const Record *record)
{
    static const char *const types[] = {CONTENT_TYPE, "application/x-pdf"};
    for (gsize i = 0; i < G_N_ELEMENTS(types) && record->content_type; i++)
        if (g_ascii_strncasecmp(record->content_type, types[i], strlen(types[i])) == 0)
            return TRUE;
    return record->length > 4 && memcmp(record->bytes, "%PDF-", 5) == 0;
}

/* A line of what the program had to say, for the ledger. g_free. */
static char *last_message(const Buffer *messages)
{
    g_autofree char *all = g_strstrip(g_strdup(messages->data ? messages->data : ""));
    const char *newline = strrchr(all, '\n');
    return g_strdup(newline ? newline + 1 : all);
}

static gboolean says(const Buffer *messages, const char *words)
{
    return messages->data && strstr(messages->data, words);
}

static void explain_exit(const JailResult *result, ParseFailure *failure)
{
    g_autofree char *message = last_message(&result->messages);
    if (says(&result->messages, "ncorrect password") || says(&result->messages, "ncrypt"))
        parse_failure_set(failure, RULE_ENCRYPTED_PDF, "it opens with a password only");
    else if (says(&result->messages, "copy-protection") || says(&result->messages, "not allowed"))
        parse_failure_set(failure, RULE_ENCRYPTED_PDF, "its owner forbids that text is copied from it");
    else
        parse_failure_set(failure, RULE_MALFORMED_PDF, "pdftohtml cannot read it: %s", *message ? message : "it gives no reason");
}

static void explain_failure(const JailResult *result, ParseFailure *failure)
{
    if (result->failure == SANDBOX_TIMED_OUT)
        parse_failure_set(failure, RULE_PARSER_TIMEOUT, "pdftohtml used more than %d seconds", CPU_SECONDS);
    else if (result->failure == SANDBOX_TOO_LARGE)
        parse_failure_set(failure, RULE_TOO_LARGE, "its text has more than %u MB", (unsigned)(RECORD_LIMIT >> 20));
    else if (result->failure == SANDBOX_CRASHED)
        parse_failure_set(failure, RULE_PARSER_CRASHED, "pdftohtml died over this record");
    else
        explain_exit(result, failure);
}

/* pdftohtml's name in PATH: absolute, as the jail wants it. */
static char *find_program(GError **error)
{
    g_autofree char *found = g_find_program_in_path("pdftohtml");
    if (!found) {
        g_set_error_literal(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "pdftohtml is missing; install poppler-utils");
        return NULL;
    }
    return g_canonicalize_filename(found, NULL);
}

gboolean pdf_to_xml(const char *bytes, gsize length, Buffer *xml, ParseFailure *failure, GError **error)
{
    if (!has_header(bytes, length)) {
        parse_failure_set(failure, RULE_MALFORMED_PDF, "it does not begin with %%PDF-");
        return FALSE;
    }
    g_autofree char *program = find_program(error);
    if (!program)
        return FALSE;
    const char *const argv[] = {program, "-xml", "-i", "-stdout", "-enc", "UTF-8", JAIL_INPUT, NULL};
    const JailLimits limits = {CPU_SECONDS, MEMORY_BYTES, 1 << 20, RECORD_LIMIT};
    g_auto(JailResult) result = {0};
    if (!jail_run(argv, bytes, length, &limits, &result, error))
        return FALSE;
    gboolean pages = result.output.data && strstr(result.output.data, "<page ");
    if (result.failure != SANDBOX_OK || result.exit_status != 0 || !pages) {
        explain_failure(&result, failure);
        return FALSE;
    }
    buffer_append(xml, result.output.data, result.output.length);
    return TRUE;
}

gboolean pdf_convert(const Record *record, Record *converted, ParseFailure *failure, GError **error)
{
    GError *trouble = NULL;
    g_auto(Buffer) xml;
    buffer_init(&xml, RECORD_LIMIT);
    *converted = (Record){0};
    *failure = (ParseFailure){0};
    if (!pdf_to_xml(record->bytes, record->length, &xml, failure, &trouble)) {
        if (!trouble)
            return TRUE;
        g_propagate_prefixed_error(error, trouble, "while reading %s: ", record->origin);
        return FALSE;
    }
    converted->origin = g_strdup(record->origin);
    converted->url = g_strdup(record->url);
    converted->content_type = g_strdup(CONTENT_TYPE);
    converted->bytes = buffer_steal(&xml, &converted->length);
    return TRUE;
}
