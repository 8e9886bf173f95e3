/* SPDX-License-Identifier: Apache-2.0
 * Lists of kind pdf: the link annotations of a PDF; see list_kinds.h. */
#include <string.h>

#include "scrapers/extract/pdf_links.h"
#include "scrapers/fetch/list_kinds.h"
#include "scrapers/fetch/url.h"

gboolean list_pdf_is(const HttpExchange *answer)
{
    return answer->body.length > 5 && !memcmp(answer->body.data, "%PDF-", 5);
}

gboolean list_pdf_read(const CompiledList *list, const HttpExchange *answer, ListedUrls *found, char **failure)
{
    g_autoptr(GError) error = NULL;
    const char *bytes = answer->body.data ? answer->body.data : "";
    g_auto(GStrv) links = pdf_links(bytes, answer->body.length, &error);
    if (!links) {
        *failure = g_strdup(error->message);
        return FALSE;
    }
    for (char **link = links; *link; link++) {
        g_autofree char *target = url_resolve(answer->url, *link);
        if (target && list_takes(list, target))
            listed_urls_add(found->links, answer->url, target);
    }
    return TRUE;
}
