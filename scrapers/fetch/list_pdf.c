/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind pdf: the link annotations of a PDF; see list_kinds.h. */
#include <string.h>

#include "scrapers/fetch/list_kinds.h"

gboolean list_pdf_is(const HttpExchange *answer)
{
    return answer->body.length > 5 && !memcmp(answer->body.data, "%PDF-", 5);
}

gboolean list_pdf_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    *failure = g_strdup("lists of kind pdf need pdftohtml, which this build does not use");
    return FALSE;
}
