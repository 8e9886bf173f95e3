/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind pdf: the link annotations of a PDF; see list_kinds.h. */
#include <string.h>

#include "scrapers/extract/pdf_links.h"
#include "scrapers/fetch/list_kinds.h"

gboolean list_pdf_is(const HttpExchange *answer)
{
    return answer->body.length > 5 && !memcmp(answer->body.data, "%PDF-", 5);
}

gboolean list_pdf_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) links = pdf_links(answer->body.data ? answer->body.data : "", answer->body.length, &cause);
    if (!links) {
        *failure = g_strdup(cause->message);
        return FALSE;
    }
    for (char **link = links; *link; link++)
        if (list_takes(list, *link))
            listed_urls_add(found->links, answer->url, *link);
    return TRUE;
}
