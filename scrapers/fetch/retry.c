/* SPDX-License-Identifier: Apache-2.0
 * Whether to ask again, and when; see scrapers/fetch/retry.h. */
#include "scrapers/fetch/retry.h"

#include <curl/curl.h>
#include <string.h>

#include "base/hash.h"

double retry_after_seconds(const char *value, gint64 now)
{
    guint64 seconds;
    if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &seconds, NULL))
        return (double)seconds;
    time_t date = curl_getdate(value, NULL);
    return date == (time_t)-1 ? -1.0 : MAX(0.0, (double)(date - now));
}

static gboolean status_may_pass(int status)
{
    static const int statuses[] = {408, 429, 500, 502, 503, 504, 522, 524};
    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (statuses[i] == status)
            return TRUE;
    return FALSE;
}

/* 1 to 1.5: pages that failed together should not be asked for together. */
static double jitter(const char *url, unsigned attempt)
{
    guint8 bytes[16];
    hash128_write(hash128(url, strlen(url)), bytes);
    return 1.0 + bytes[attempt % sizeof bytes] / 512.0;
}

double retry_after(const HttpExchange *exchange)
{
    g_autofree char *value = http_exchange_header(exchange, "Retry-After");
    return value ? retry_after_seconds(value, exchange->date) : -1.0;
}

gboolean retry_wanted(const HttpExchange *exchange, unsigned attempt, double delay, double *wait)
{
    gboolean may_pass = exchange->outcome == EXCHANGE_RESPONSE ? status_may_pass(exchange->status)
                                                               : exchange->transient;
    *wait = 0.0;
    if (!may_pass)
        return FALSE;
    double asked = exchange->outcome == EXCHANGE_RESPONSE ? retry_after(exchange) : -1.0;
    if (attempt < RETRY_ATTEMPTS)
        *wait = 4.0 * delay * (1u << (attempt - 1)) * jitter(exchange->url, attempt);
    *wait = MIN(MAX(*wait, asked), RETRY_LONGEST);
    return attempt < RETRY_ATTEMPTS && asked <= RETRY_LONGEST;
}
