/* SPDX-License-Identifier: Apache-2.0
 * Verdicts that the curator can mend; see scrapers/bad_input.h. */
#include "scrapers/bad_input.h"

#include <string.h>

#include "scrapers/formats/format.h"

gboolean bad_input_is_rule(const char *rule)
{
    static const char *const bad[] = {
        RULE_MALFORMED_XML, RULE_MALFORMED_JSON, RULE_INVALID_UTF8, RULE_TOO_LARGE, RULE_DAMAGED_INPUT, RULE_PARSER_CRASHED, RULE_PARSER_TIMEOUT,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        if (strcmp(rule, bad[i]) == 0)
            return TRUE;
    return FALSE;
}

gboolean bad_input_is_verdict(const StageRun *run, const char *source, const Verdict *verdict)
{
    g_autofree char *key = g_strconcat(source, "/bad-input", NULL);
    return strcmp(verdict->stage, "ingest") == 0 && bad_input_is_rule(verdict->rule) && json_object_get(run->counts, key);
}
