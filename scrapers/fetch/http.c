/* SPDX-License-Identifier: Apache-2.0
 * HTTP requests over libcurl; see scrapers/fetch/http.h. */
#include "config.h"

#include "scrapers/fetch/http.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define RAW_HEAD_LIMIT (128 * 1024)
#define SLOWEST_BYTES_PER_SECOND 64
#define CONNECT_SECONDS 30.0
#define WAIT_MILLISECONDS 60000
#define CONNECTIONS_KEPT 32
#define READ_BYTES ((gsize)16 * 1024) /* from the network at a time */
#define RATIO_MAX 500                 /* of a body unpacked to the same as sent; text hardly reaches 100 */

/* One request; used again for others once it has ended. */
typedef struct Transfer {
    CURL *curl;
    AddressRule may_connect;
    char message[CURL_ERROR_SIZE];
    gpointer tag;
    HttpExchange *exchange;
    struct curl_slist *lines;
    Buffer head; /* as received; interim 1xx answers are replaced by the final one */
    gboolean address_refused;
    gboolean bomb; /* it unpacks to more than an honest body would */
} Transfer;

struct HttpClient {
    CURLM *multi;
    AddressRule may_connect;
    char *user_agent, *authorities;
    double timeout;
    GPtrArray *idle;      /* of Transfer */
    GPtrArray *under_way; /* of Transfer, in the order of their beginning */
    GQueue ended;         /* of Transfer */
};

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    Transfer *transfer = user;
    if (transfer->may_connect && !transfer->may_connect(&address->addr)) {
        transfer->address_refused = TRUE;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;
    size_t length = size * count;
    if (length >= 5 && !memcmp(data, "HTTP/", 5))
        buffer_reset(&transfer->head);
    buffer_append(&transfer->head, data, length);
    return transfer->head.overflowed ? 0 : length;
}

/* What the server has sent lags behind what has been unpacked by one read at most. */
static gboolean unpacks_too_well(const Transfer *transfer)
{
    curl_off_t sent = 0;
    gsize unpacked = transfer->exchange->body.length;
    if (unpacked <= RATIO_MAX * READ_BYTES)
        return FALSE;
    curl_easy_getinfo(transfer->curl, CURLINFO_SIZE_DOWNLOAD_T, &sent);
    return unpacked / RATIO_MAX > (gsize)MAX(sent, 0) + READ_BYTES;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    Transfer *transfer = user;
    HttpExchange *exchange = transfer->exchange;
    size_t length = size * count;
    size_t room = exchange->body.limit - exchange->body.length;
    buffer_append(&exchange->body, data, MIN(length, room));
    exchange->truncated = length > room;
    transfer->bomb = unpacks_too_well(transfer);
    return transfer->bomb ? 0 : MIN(length, room);
}

/* libcurl shows the request as sent to its debug function only. */
static int take_debug(CURL *curl, curl_infotype type, char *data, size_t length, void *user)
{
    Transfer *transfer = user;
    if (type == CURLINFO_HEADER_OUT && transfer->exchange) {
        buffer_reset(&transfer->exchange->request);
        buffer_append(&transfer->exchange->request, data, length);
    }
    return 0;
}

char *http_user_agent(const char *contact)
{
    if (!contact || !*contact)
        return g_strdup("galen/" PACKAGE_VERSION);
    g_autofree char *clean = g_strdup(contact);
    for (char *c = clean; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_strdup_printf("galen/" PACKAGE_VERSION " (+%s)", clean);
}

static gboolean set_limits(const HttpClient *client, CURL *curl)
{
    double total = CLAMP(client->timeout, 0.01, 86400.0);
    double connect = MIN(total, CONNECT_SECONDS);
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(total * 1000));
    bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect * 1000));
    bad |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_PER_SECOND);
    bad |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)MAX(1.0, connect));
    bad |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
    if (client->may_connect)
        bad |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return bad == CURLE_OK;
}

static gboolean set_callbacks(Transfer *transfer)
{
    CURL *curl = transfer->curl;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, take_debug);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGDATA, transfer);
    bad |= curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->message);
    return bad == CURLE_OK;
}

static gboolean set_request(const HttpClient *client, CURL *curl)
{
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_USERAGENT, client->user_agent);
    bad |= curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (client->authorities)
        bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, client->authorities);
    bad |= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    return bad == CURLE_OK;
}

static void transfer_free(gpointer data)
{
    Transfer *transfer = data;
    if (transfer->curl)
        curl_easy_cleanup(transfer->curl);
    g_clear_pointer(&transfer->exchange, http_exchange_free);
    curl_slist_free_all(transfer->lines);
    buffer_clear(&transfer->head);
    g_free(transfer);
}

/* NULL: libcurl refuses a setting. */
static Transfer *transfer_new(const HttpClient *client)
{
    Transfer *transfer = g_new0(Transfer, 1);
    transfer->curl = curl_easy_init();
    transfer->may_connect = client->may_connect;
    buffer_init(&transfer->head, RAW_HEAD_LIMIT);
    if (transfer->curl && set_limits(client, transfer->curl) && set_callbacks(transfer) &&
        set_request(client, transfer->curl))
        return transfer;
    transfer_free(transfer);
    return NULL;
}

HttpClient *http_client_new(const HttpSettings *settings, GError **error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "libcurl cannot be initialised");
        return NULL;
    }
    HttpClient *client = g_new0(HttpClient, 1);
    client->multi = curl_multi_init();
    client->may_connect = settings->may_connect;
    client->user_agent = g_strdup(settings->user_agent);
    client->authorities = g_strdup(settings->authorities);
    client->timeout = settings->timeout;
    client->idle = g_ptr_array_new_with_free_func(transfer_free);
    client->under_way = g_ptr_array_new();
    g_queue_init(&client->ended);
    if (client->multi)
        curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    Transfer *first = client->multi ? transfer_new(client) : NULL;
    if (!first) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "libcurl refuses a setting that the crawler needs");
        http_client_free(client);
        return NULL;
    }
    g_ptr_array_add(client->idle, first);
    return client;
}

void http_client_free(HttpClient *client)
{
    for (guint i = 0; i < client->under_way->len; i++) {
        Transfer *transfer = client->under_way->pdata[i];
        curl_multi_remove_handle(client->multi, transfer->curl);
        transfer_free(transfer);
    }
    g_ptr_array_unref(client->under_way);
    g_ptr_array_unref(client->idle);
    g_queue_clear_full(&client->ended, transfer_free);
    if (client->multi)
        curl_multi_cleanup(client->multi);
    g_free(client->user_agent);
    g_free(client->authorities);
    g_free(client);
    curl_global_cleanup();
}

static gboolean may_pass(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return TRUE;
    default:
        return FALSE;
    }
}

/* The same each time: the code's own text, where libcurl's longer message has times and counts in it. */
static char *failure_reason(const Transfer *transfer, CURLcode code)
{
    if (transfer->bomb)
        return g_strdup_printf("its body unpacks to more than %d times what was sent", RATIO_MAX);
    if (transfer->head.overflowed)
        return g_strdup_printf("its headers are longer than %d bytes", RAW_HEAD_LIMIT);
    return g_strdup(code == CURLE_OPERATION_TIMEDOUT || !*transfer->message ? curl_easy_strerror(code)
                                                                            : transfer->message);
}

static void judge(Transfer *transfer, CURLcode code)
{
    HttpExchange *exchange = transfer->exchange;
    long status = 0;
    char *address = NULL;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->curl, CURLINFO_PRIMARY_IP, &address);
    if (address && *address)
        exchange->address = g_strdup(address);
    if (code == CURLE_OK || (exchange->truncated && !transfer->bomb)) {
        exchange->outcome = EXCHANGE_RESPONSE;
        exchange->status = (int)status;
        http_exchange_store_headers(exchange, transfer->head.data, transfer->head.length);
        return;
    }
    buffer_reset(&exchange->body);
    exchange->truncated = FALSE;
    if (transfer->address_refused && code == CURLE_COULDNT_CONNECT) {
        exchange->outcome = EXCHANGE_REFUSED;
        exchange->reason = g_strdup("its address is private, local or reserved (allow_private is off)");
        return;
    }
    exchange->outcome = EXCHANGE_FAILED;
    exchange->transient = may_pass(code);
    exchange->reason = failure_reason(transfer, code);
}

/* Values come from servers: one that would break the line is left out. */
static struct curl_slist *append_line(struct curl_slist *lines, const char *name, const char *value)
{
    gboolean good = value && !strpbrk(value, "\r\n");
    g_autofree char *line = good ? g_strdup_printf("%s: %s", name, value) : NULL;
    return line ? curl_slist_append(lines, line) : lines;
}

static struct curl_slist *request_lines(const HttpRequest *request)
{
    struct curl_slist *lines = append_line(NULL, "Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    lines = append_line(lines, "If-None-Match", request->etag);
    lines = append_line(lines, "If-Modified-Since", request->last_modified);
    return append_line(lines, "Cookie", request->cookies);
}

static void end(HttpClient *client, Transfer *transfer, CURLcode code)
{
    judge(transfer, code);
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(g_steal_pointer(&transfer->lines));
    g_queue_push_tail(&client->ended, transfer);
}

static Transfer *take_idle(HttpClient *client)
{
    guint count = client->idle->len;
    return count ? g_ptr_array_steal_index(client->idle, count - 1) : transfer_new(client);
}

void http_start(HttpClient *client, const HttpRequest *request, gpointer tag)
{
    Transfer *transfer = take_idle(client);
    if (!transfer)
        g_error("out of memory");
    transfer->tag = tag;
    transfer->exchange = http_exchange_new(request->url, request->limit);
    transfer->exchange->date = g_get_real_time() / G_USEC_PER_SEC;
    transfer->address_refused = transfer->bomb = FALSE;
    transfer->message[0] = '\0';
    transfer->lines = request_lines(request);
    buffer_reset(&transfer->head);
    CURLcode code = curl_easy_setopt(transfer->curl, CURLOPT_URL, request->url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->lines);
    if (code == CURLE_OK && curl_multi_add_handle(client->multi, transfer->curl) != CURLM_OK)
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        g_ptr_array_add(client->under_way, transfer);
    else
        end(client, transfer, code);
}

static void collect(HttpClient *client)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        Transfer *transfer;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(client->multi, transfer->curl);
        g_ptr_array_remove(client->under_way, transfer);
        end(client, transfer, code);
    }
}

/* One round: whatever wakes the poll, the caller may have something new to begin. */
void http_wait(HttpClient *client, gint64 until)
{
    int running;
    curl_multi_perform(client->multi, &running);
    collect(client);
    gint64 left = until - g_get_monotonic_time();
    if (!g_queue_is_empty(&client->ended) || left <= 0)
        return;
    curl_multi_poll(client->multi, NULL, 0, (int)CLAMP((left + 999) / 1000, 1, WAIT_MILLISECONDS), NULL);
    curl_multi_perform(client->multi, &running);
    collect(client);
}

/* The memory that a request took is not kept for the next. */
static void reuse(HttpClient *client, Transfer *transfer)
{
    g_clear_pointer(&transfer->exchange, http_exchange_free);
    g_ptr_array_add(client->idle, transfer);
}

HttpExchange *http_take(HttpClient *client, gpointer *tag)
{
    Transfer *transfer = g_queue_pop_head(&client->ended);
    if (!transfer)
        return NULL;
    HttpExchange *exchange = g_steal_pointer(&transfer->exchange);
    *tag = transfer->tag;
    reuse(client, transfer);
    return exchange;
}

void http_cancel(HttpClient *client, gpointer tag)
{
    for (guint i = 0; i < client->under_way->len; i++) {
        Transfer *transfer = client->under_way->pdata[i];
        if (transfer->tag == tag) {
            curl_multi_remove_handle(client->multi, transfer->curl);
            g_ptr_array_remove_index(client->under_way, i);
            curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, NULL);
            curl_slist_free_all(g_steal_pointer(&transfer->lines));
            reuse(client, transfer);
            return;
        }
    }
}

gsize http_held(const HttpClient *client)
{
    gsize held = 0;
    for (guint i = 0; i < client->under_way->len; i++)
        held += ((const Transfer *)client->under_way->pdata[i])->exchange->body.length;
    return held;
}

void http_wake(HttpClient *client)
{
    curl_multi_wakeup(client->multi);
}
