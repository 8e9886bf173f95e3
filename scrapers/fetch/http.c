/* SPDX-License-Identifier: Apache-2.0
 * One HTTP request; see scrapers/fetch/http.h. */
#include "config.h"

#include "scrapers/fetch/http.h"

#include <curl/curl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define RAW_HEAD_LIMIT (128 * 1024)
#define SLOWEST_BYTES_PER_SECOND 64
#define CONNECT_SECONDS 30.0

struct HttpClient {
    CURL *curl;
    AddressRule may_connect;
    char message[CURL_ERROR_SIZE];
    /* Of the request under way. */
    HttpExchange *exchange;
    Buffer head;       /* as received; interim 1xx answers are replaced by the final one */
    gboolean address_refused;
};

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    HttpClient *client = user;
    if (client->may_connect && !client->may_connect(&address->addr)) {
        client->address_refused = TRUE;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_header(char *data, size_t size, size_t count, void *user)
{
    HttpClient *client = user;
    size_t length = size * count;
    if (length >= 5 && !memcmp(data, "HTTP/", 5))
        buffer_reset(&client->head);
    buffer_append(&client->head, data, length);
    return client->head.overflowed ? 0 : length;
}

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    HttpExchange *exchange = ((HttpClient *)user)->exchange;
    size_t length = size * count;
    size_t room = exchange->body.limit - exchange->body.length;
    buffer_append(&exchange->body, data, MIN(length, room));
    exchange->truncated = length > room;
    return MIN(length, room);
}

/* libcurl shows the request as sent to its debug function only. */
static int take_debug(CURL *curl, curl_infotype type, char *data, size_t length, void *user)
{
    HttpClient *client = user;
    if (type == CURLINFO_HEADER_OUT && client->exchange) {
        buffer_reset(&client->exchange->request);
        buffer_append(&client->exchange->request, data, length);
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

static gboolean set_limits(HttpClient *client, const HttpSettings *settings)
{
    CURL *curl = client->curl;
    double total = CLAMP(settings->timeout, 0.01, 86400.0);
    double connect = MIN(total, CONNECT_SECONDS);
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(total * 1000));
    bad |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect * 1000));
    bad |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_PER_SECOND);
    bad |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)MAX(1.0, connect));
    bad |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    if (client->may_connect)
        bad |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return bad == CURLE_OK;
}

static gboolean set_callbacks(HttpClient *client)
{
    CURL *curl = client->curl;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    bad |= curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, client);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    bad |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, take_debug);
    bad |= curl_easy_setopt(curl, CURLOPT_DEBUGDATA, client);
    bad |= curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->message);
    return bad == CURLE_OK;
}

static gboolean set_request(HttpClient *client, const HttpSettings *settings)
{
    CURL *curl = client->curl;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_USERAGENT, settings->user_agent);
    bad |= curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (settings->authorities)
        bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, settings->authorities);
    bad |= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    return bad == CURLE_OK;
}

HttpClient *http_client_new(const HttpSettings *settings, GError **error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "libcurl cannot be initialised");
        return NULL;
    }
    HttpClient *client = g_new0(HttpClient, 1);
    client->curl = curl_easy_init();
    client->may_connect = settings->may_connect;
    buffer_init(&client->head, RAW_HEAD_LIMIT);
    if (!client->curl || !set_limits(client, settings) || !set_callbacks(client) || !set_request(client, settings)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "libcurl refuses a setting that the crawler needs");
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_free(HttpClient *client)
{
    if (client->curl)
        curl_easy_cleanup(client->curl);
    buffer_clear(&client->head);
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
        return TRUE;
    default:
        return FALSE;
    }
}

static void judge(HttpClient *client, CURLcode code)
{
    HttpExchange *exchange = client->exchange;
    long status = 0;
    char *address = NULL;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(client->curl, CURLINFO_PRIMARY_IP, &address);
    if (address && *address)
        exchange->address = g_strdup(address);
    if (code == CURLE_OK || exchange->truncated) {
        exchange->outcome = EXCHANGE_RESPONSE;
        exchange->status = (int)status;
        http_exchange_store_headers(exchange, client->head.data, client->head.length);
        return;
    }
    buffer_reset(&exchange->body);
    if (client->address_refused && code == CURLE_COULDNT_CONNECT) {
        exchange->outcome = EXCHANGE_REFUSED;
        exchange->reason = g_strdup("its address is private, local or reserved (allow_private is off)");
        return;
    }
    exchange->outcome = EXCHANGE_FAILED;
    exchange->transient = may_pass(code);
    if (client->head.overflowed) {
        exchange->reason = g_strdup_printf("its headers are longer than %d bytes", RAW_HEAD_LIMIT);
        return;
    }
    /* The code's own text is the same each time; the longer message has times and counts in it. */
    exchange->reason = g_strdup(code == CURLE_OPERATION_TIMEDOUT || !*client->message ? curl_easy_strerror(code)
                                                                                      : client->message);
}

static struct curl_slist *append_line(struct curl_slist *lines, const char *name, const char *value)
{
    g_autofree char *line = value ? g_strdup_printf("%s: %s", name, value) : NULL;
    return line ? curl_slist_append(lines, line) : lines;
}

static struct curl_slist *request_lines(const HttpExtras *extras)
{
    struct curl_slist *lines = append_line(NULL, "Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    if (extras) {
        lines = append_line(lines, "If-None-Match", extras->etag);
        lines = append_line(lines, "If-Modified-Since", extras->last_modified);
        lines = append_line(lines, "Cookie", extras->cookies);
    }
    return lines;
}

HttpExchange *http_get(HttpClient *client, const char *url, const HttpExtras *extras, gsize limit)
{
    struct curl_slist *lines = request_lines(extras);
    HttpExchange *exchange = http_exchange_new(url, limit);
    client->exchange = exchange;
    client->address_refused = FALSE;
    client->message[0] = '\0';
    buffer_reset(&client->head);
    exchange->date = g_get_real_time() / G_USEC_PER_SEC;
    CURLcode code = curl_easy_setopt(client->curl, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, lines);
    if (code == CURLE_OK)
        code = curl_easy_perform(client->curl);
    judge(client, code);
    client->exchange = NULL;
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(lines);
    return exchange;
}
