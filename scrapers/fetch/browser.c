/* SPDX-License-Identifier: Apache-2.0
 * A page through a headless Chromium; see scrapers/fetch/browser.h. */
#include "scrapers/fetch/browser.h"

#include <string.h>

#include "base/error.h"
#include "scrapers/fetch/chromium.h"
#include "scrapers/fetch/devtools.h"
#include "scrapers/fetch/socks_proxy.h"

#define START_SECONDS 30
#define CLOSE_SECONDS 5
#define STAY_SECONDS 2 /* for a page that wants to give its place to another, and may never finish loading   \
                        */
#define CHUNK_BYTES (1 << 20) /* of a body that is no page */
#define HEAD_LIMIT (128 * 1024)

/* One page under way. */
typedef struct Visit {
    HttpExchange *exchange;
    gsize limit;
    gint64 deadline; /* when the page has failed */
    gint64 enough;   /* when it is taken as it is */
    char *context, *target, *session;
    json_int_t navigate; /* the number of that command */
    char *loader;        /* of the page's document */
    char *loaded, *idle; /* loaders of the last documents that said so */
    char *paused;        /* the request whose body is no page */
    char *fault;         /* what the browser said of the navigation */
    Buffer head;         /* the document's, as the server sent it */
    int status;
    gboolean asked, ended, crashed;
    char *content_type;
} Visit;

struct Browser {
    char *user_agent;
    double timeout;
    SocksProxy *proxy;
    Chromium *chromium; /* NULL: to be started */
    DevTools *devtools;
    char *product; /* "Chrome/120.0.6099.224" */
    Visit *visit;  /* NULL between pages */
};

/* ---- Events
 * -------------------------------------------------------------------------------------------------- */

static void fail_request(Browser *browser, const char *id)
{
    devtools_send(browser->devtools, browser->visit->session, "Fetch.failRequest",
                  json_pack("{ss ss}", "requestId", id, "errorReason", "BlockedByClient"));
}

/* An answer without content leaves the page as it is; a failure would put an error page in its place. */
static void ignore_navigation(Browser *browser, const char *id)
{
    devtools_send(browser->devtools, browser->visit->session, "Fetch.fulfillRequest",
                  json_pack("{ss si}", "requestId", id, "responseCode", 204));
}

static void continue_request(Browser *browser, const char *id)
{
    devtools_send(browser->devtools, browser->visit->session, "Fetch.continueRequest",
                  json_pack("{ss}", "requestId", id));
}

/* A header's value on one line. */
static void add_header(Buffer *head, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);
    buffer_append_string(head, g_strdelimit(line, "\r\n", ' '));
    buffer_append_string(head, "\r\n");
}

static void take_head(Visit *visit, json_t *params)
{
    gsize index;
    json_t *header;
    const char *text = json_get_string(params, "responseStatusText");
    visit->status = (int)json_integer_value(json_object_get(params, "responseStatusCode"));
    g_autofree char *line =
        g_strdup_printf("HTTP/1.1 %03d %s", CLAMP(visit->status, 0, 999), text ? text : "");
    buffer_append_string(&visit->head, g_strdelimit(line, "\r\n", ' '));
    buffer_append_string(&visit->head, "\r\n");
    json_array_foreach(json_object_get(params, "responseHeaders"), index, header)
    {
        const char *name = json_get_string(header, "name"), *value = json_get_string(header, "value");
        if (!name || !value)
            continue;
        add_header(&visit->head, name, value);
        if (!g_ascii_strcasecmp(name, "Content-Type") && !visit->content_type)
            visit->content_type = g_strdup(value);
    }
}

static gboolean is_page(const char *content_type)
{
    return !content_type || !*content_type || !g_ascii_strncasecmp(content_type, "text/html", 9) ||
           !g_ascii_strncasecmp(content_type, "application/xhtml+xml", 21);
}

static void take_response(Browser *browser, const char *id, json_t *params)
{
    Visit *visit = browser->visit;
    take_head(visit, params);
    gboolean redirect = visit->status >= 300 && visit->status < 400,
             empty = visit->status == 204 || visit->status == 205;
    if (redirect || empty) {
        visit->ended = TRUE;
        fail_request(browser, id);
    } else if (is_page(visit->content_type)) {
        continue_request(browser, id);
    } else {
        visit->paused = g_strdup(id);
    }
}

/* Chromium rewrites http to https by itself for hosts of its list (RFC 6797): that is a redirect like any
 * other. */
static void take_internal_redirect(Visit *visit, const char *target)
{
    visit->status = 307;
    buffer_append_string(&visit->head,
                         "HTTP/1.1 307 Internal Redirect\r\nNon-Authoritative-Reason: HSTS\r\n");
    add_header(&visit->head, "Location", target);
    visit->ended = TRUE;
}

static void on_paused(Browser *browser, json_t *params)
{
    Visit *visit = browser->visit;
    const char *id = json_get_string(params, "requestId"), *type = json_get_string(params, "resourceType");
    const char *target = json_get_string(json_object_get(params, "request"), "url");
    gboolean answered = json_object_get(params, "responseStatusCode") != NULL;
    if (!id)
        return;
    if (g_strcmp0(type, "Document") != 0) {
        fail_request(browser, id); /* pictures, fonts, media */
    } else if (g_strcmp0(json_get_string(params, "frameId"), visit->target) != 0 ||
               json_object_get(params, "responseErrorReason")) {
        continue_request(browser, id);
    } else if (answered && !visit->head.length) {
        take_response(browser, id, params);
    } else if (!visit->asked) {
        visit->asked = TRUE;
        continue_request(browser, id);
    } else {
        if (!visit->head.length && json_object_get(params, "redirectedRequestId") && target)
            take_internal_redirect(visit, target);
        ignore_navigation(browser, id);
        visit->enough = MIN(visit->enough, g_get_monotonic_time() + STAY_SECONDS * G_USEC_PER_SEC);
    }
}

static void on_lifecycle(Visit *visit, json_t *params)
{
    const char *name = json_get_string(params, "name"), *loader = json_get_string(params, "loaderId");
    if (g_strcmp0(json_get_string(params, "frameId"), visit->target) != 0 || !name)
        return;
    char **which = !strcmp(name, "load")          ? &visit->loaded
                   : !strcmp(name, "networkIdle") ? &visit->idle
                                                  : NULL;
    if (which) {
        g_free(*which);
        *which = g_strdup(loader);
    }
}

static void on_navigated(Visit *visit, json_t *message)
{
    json_t *result = json_object_get(message, "result");
    const char *fault = json_get_string(result, "errorText");
    if (!result)
        fault = json_get_string(json_object_get(message, "error"), "message");
    if (visit->fault || visit->loader)
        return;
    visit->loader = g_strdup(json_get_string(result, "loaderId"));
    visit->fault = g_strdup(fault ? fault : visit->loader ? NULL : "the browser did not open it");
}

static void on_message(const char *session, const char *method, json_t *params, gpointer user)
{
    Browser *browser = user;
    Visit *visit = browser->visit;
    if (!visit || !session || g_strcmp0(session, visit->session) != 0)
        return;
    if (!strcmp(method, "Fetch.requestPaused"))
        on_paused(browser, params);
    else if (!strcmp(method, "Page.lifecycleEvent"))
        on_lifecycle(visit, params);
    else if (!strcmp(method, "Page.javascriptDialogOpening"))
        devtools_send(browser->devtools, session, "Page.handleJavaScriptDialog",
                      json_pack("{sb}", "accept", 0));
    else if (!strcmp(method, "Inspector.targetCrashed"))
        visit->crashed = TRUE;
    else if (!*method && visit->navigate &&
             json_integer_value(json_object_get(params, "id")) == visit->navigate)
        on_navigated(visit, params);
}

/* ---- The process
 * --------------------------------------------------------------------------------------------- */

static void stop(Browser *browser)
{
    g_clear_pointer(&browser->devtools, devtools_free);
    g_clear_pointer(&browser->chromium, chromium_stop);
}

static gboolean start(Browser *browser, GError **error)
{
    int commands, messages;
    g_autoptr(json_t) version = NULL;
    browser->chromium =
        chromium_start(browser->user_agent, socks_proxy_port(browser->proxy), &commands, &messages, error);
    if (!browser->chromium)
        return FALSE;
    browser->devtools = devtools_new(commands, messages, on_message, browser);
    gint64 deadline = g_get_monotonic_time() + START_SECONDS * G_USEC_PER_SEC;
    if (devtools_call(browser->devtools, NULL, "Browser.getVersion", NULL, deadline, &version) ==
        DEVTOOLS_OK) {
        g_free(browser->product);
        const char *product = json_get_string(version, "product");
        browser->product = g_strdup(product ? product : "Chromium");
        return TRUE;
    }
    stop(browser);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                "Chromium does not start; try 'chromium --headless --dump-dom about:blank' to see why (its "
                "sandbox needs "
                "user namespaces)");
    return FALSE;
}

Browser *browser_new(const HttpSettings *settings, GError **error)
{
    g_autoptr(Browser) browser = g_new0(Browser, 1);
    browser->user_agent = g_strdup(settings->user_agent);
    browser->timeout = CLAMP(settings->timeout, 1.0, 86400.0);
    browser->proxy = socks_proxy_new(settings->may_connect, error);
    return browser->proxy && start(browser, error) ? g_steal_pointer(&browser) : NULL;
}

void browser_free(Browser *browser)
{
    stop(browser);
    g_clear_pointer(&browser->proxy, socks_proxy_free);
    g_free(browser->product);
    g_free(browser->user_agent);
    g_free(browser);
}

/* ---- A page
 * -------------------------------------------------------------------------------------------------- */

static void visit_clear(Visit *visit)
{
    g_free(visit->context);
    g_free(visit->target);
    g_free(visit->session);
    g_free(visit->loader);
    g_free(visit->loaded);
    g_free(visit->idle);
    g_free(visit->paused);
    g_free(visit->fault);
    g_free(visit->content_type);
    buffer_clear(&visit->head);
}

/* A command of the page's session, whose answer is a string under `key` when that is given. */
static DevToolsResult call(Browser *browser, const char *method, json_t *params, const char *key,
                           char **value)
{
    g_autoptr(json_t) answer = NULL;
    Visit *visit = browser->visit;
    DevToolsResult result =
        devtools_call(browser->devtools, visit->session, method, params, visit->deadline, &answer);
    if (result == DEVTOOLS_OK && key) {
        *value = g_strdup(json_get_string(answer, key));
        return *value ? DEVTOOLS_OK : DEVTOOLS_REFUSED;
    }
    return result;
}

static json_t *paused_patterns(void)
{
    return json_pack("{s[{ss ss}{ss ss}{ss}{ss}{ss}]}", "patterns", "resourceType", "Document",
                     "requestStage", "Request", "resourceType", "Document", "requestStage", "Response",
                     "resourceType", "Image", "resourceType", "Media", "resourceType", "Font");
}

static DevToolsResult open_page(Browser *browser)
{
    Visit *visit = browser->visit;
    DevToolsResult result =
        call(browser, "Target.createBrowserContext", json_pack("{sb}", "disposeOnDetach", 1),
             "browserContextId", &visit->context);
    if (result == DEVTOOLS_OK)
        result =
            call(browser, "Browser.setDownloadBehavior",
                 json_pack("{ss ss}", "behavior", "deny", "browserContextId", visit->context), NULL, NULL);
    if (result == DEVTOOLS_OK)
        result = call(browser, "Target.createTarget",
                      json_pack("{ss ss}", "url", "about:blank", "browserContextId", visit->context),
                      "targetId", &visit->target);
    if (result == DEVTOOLS_OK) /* the session's own messages come from here on */
        result =
            call(browser, "Target.attachToTarget",
                 json_pack("{ss sb}", "targetId", visit->target, "flatten", 1), "sessionId", &visit->session);
    if (result == DEVTOOLS_OK)
        result = call(browser, "Page.enable", NULL, NULL, NULL);
    if (result == DEVTOOLS_OK)
        result = call(browser, "Page.setLifecycleEventsEnabled", json_pack("{sb}", "enabled", 1), NULL, NULL);
    if (result == DEVTOOLS_OK)
        result = call(browser, "Fetch.enable", paused_patterns(), NULL, NULL);
    return result;
}

static gboolean has_said(const Visit *visit, const char *loader)
{
    return visit->loader && !g_strcmp0(visit->loader, loader);
}

/* Until there is something to take. */
static DevToolsResult await_page(Browser *browser)
{
    Visit *visit = browser->visit;
    DevToolsResult result = DEVTOOLS_OK;
    gint64 until = G_MAXINT64;
    gboolean loaded = FALSE;
    while (result == DEVTOOLS_OK && !visit->ended && !visit->paused && !visit->crashed && !visit->fault) {
        if (socks_proxy_is_spent(browser->proxy) || (loaded && has_said(visit, visit->idle)))
            break;
        result = devtools_step(browser->devtools, MIN(until, visit->enough));
        if (!loaded && has_said(visit, visit->loaded)) {
            loaded = TRUE;
            until = g_get_monotonic_time() + BROWSER_IDLE_SECONDS * G_USEC_PER_SEC;
        }
    }
    /* Late, but the document is there: what it shows by now is taken. */
    return result == DEVTOOLS_TIMED_OUT && visit->loader && visit->head.length ? DEVTOOLS_OK : result;
}

static void append_cut(HttpExchange *exchange, const char *data, gsize length, gboolean text)
{
    Buffer *body = &exchange->body;
    gsize room = body->limit - body->length, kept = MIN(length, room);
    while (text && kept < length && kept && ((guchar)data[kept] & 0xc0) == 0x80)
        kept--;
    exchange->truncated |= kept < length;
    buffer_append(body, data, kept);
}

static void answer_with(Browser *browser, const char *final_url, gboolean rendered)
{
    Visit *visit = browser->visit;
    HttpExchange *exchange = visit->exchange;
    g_auto(Buffer) head = {0};
    buffer_init(&head, HEAD_LIMIT);
    g_auto(GStrv) lines = g_strsplit(visit->head.data ? visit->head.data : "", "\r\n", -1);
    for (char **line = lines; *line && **line; line++) {
        gboolean type = rendered && !g_ascii_strncasecmp(*line, "Content-Type:", 13);
        buffer_append_string(&head, type ? "X-Crawl-" : "");
        buffer_append_string(&head, *line);
        buffer_append_string(&head, "\r\n");
    }
    if (rendered) {
        add_header(&head, "Content-Type", "text/html; charset=utf-8");
        add_header(&head, "X-Crawl-Rendered", browser->product);
        if (final_url && strcmp(final_url, exchange->url) != 0)
            add_header(&head, "X-Crawl-Final-URL", final_url);
    }
    exchange->outcome = EXCHANGE_RESPONSE;
    exchange->status = visit->status;
    http_exchange_store_headers(exchange, head.data, head.length);
}

static void fail_with(HttpExchange *exchange, const char *reason, gboolean transient)
{
    exchange->outcome = EXCHANGE_FAILED;
    exchange->transient = transient;
    exchange->reason = g_strdup(reason);
}

/* Scripts of the page can not reach into the world where this runs. */
static DevToolsResult take_document(Browser *browser)
{
    Visit *visit = browser->visit;
    g_autoptr(json_t) world = NULL, answer = NULL;
    DevToolsResult result =
        devtools_call(browser->devtools, visit->session, "Page.createIsolatedWorld",
                      json_pack("{ss}", "frameId", visit->target), visit->deadline, &world);
    if (result != DEVTOOLS_OK)
        return result;
    g_autofree char *script = g_strdup_printf(
        "(() => { const h = document.documentElement ? "
        "document.documentElement.outerHTML : ''; return [location.href, "
        "h.slice(0, %" G_GSIZE_FORMAT ").toWellFormed(), h.length > %" G_GSIZE_FORMAT "]; })()",
        visit->limit, visit->limit);
    json_t *id = json_object_get(world, "executionContextId");
    result = devtools_call(browser->devtools, visit->session, "Runtime.evaluate",
                           json_pack("{ss sO sb}", "expression", script, "contextId", id, "returnByValue", 1),
                           visit->deadline, &answer);
    json_t *value = json_object_get(json_object_get(answer, "result"), "value");
    json_t *html = json_array_get(value, 1);
    const char *url = json_string_value(json_array_get(value, 0));
    if (result != DEVTOOLS_OK || !json_is_string(html) || !url)
        return result == DEVTOOLS_OK ? DEVTOOLS_REFUSED : result;
    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")) {
        fail_with(visit->exchange, "a script led the browser away from it", FALSE);
        return DEVTOOLS_OK;
    }
    static const char doctype[] = "<!DOCTYPE html>\n";
    append_cut(visit->exchange, doctype, strlen(doctype), TRUE);
    append_cut(visit->exchange, json_string_value(html), json_string_length(html), TRUE);
    visit->exchange->truncated |= json_is_true(json_array_get(value, 2));
    answer_with(browser, url, TRUE);
    return DEVTOOLS_OK;
}

/* One piece of a body. *more: whether there is another. */
static DevToolsResult read_stream(Browser *browser, const char *stream, gboolean *more)
{
    Visit *visit = browser->visit;
    g_autoptr(json_t) answer = NULL;
    DevToolsResult result =
        devtools_call(browser->devtools, visit->session, "IO.read",
                      json_pack("{ss si}", "handle", stream, "size", CHUNK_BYTES), visit->deadline, &answer);
    json_t *data = json_object_get(answer, "data");
    *more = result == DEVTOOLS_OK && !json_is_true(json_object_get(answer, "eof"));
    if (result != DEVTOOLS_OK || !json_is_string(data))
        return result;
    if (json_is_true(json_object_get(answer, "base64Encoded"))) {
        gsize length;
        g_autofree guchar *bytes = g_base64_decode(json_string_value(data), &length);
        append_cut(visit->exchange, (const char *)bytes, length, FALSE);
    } else {
        append_cut(visit->exchange, json_string_value(data), json_string_length(data), FALSE);
    }
    return DEVTOOLS_OK;
}

/* Bytes that are no page: a feed, a sitemap, a PDF, JSON. */
static DevToolsResult take_body(Browser *browser)
{
    Visit *visit = browser->visit;
    g_autofree char *stream = NULL;
    gboolean more = TRUE;
    DevToolsResult result = call(browser, "Fetch.takeResponseBodyAsStream",
                                 json_pack("{ss}", "requestId", visit->paused), "stream", &stream);
    while (result == DEVTOOLS_OK && more && !visit->exchange->truncated)
        result = read_stream(browser, stream, &more);
    if (result == DEVTOOLS_OK)
        answer_with(browser, NULL, FALSE);
    return result;
}

static gboolean may_pass(const char *fault)
{
    return !g_str_has_prefix(fault, "net::ERR_CERT") && !strstr(fault, "net::ERR_UNSAFE_PORT") &&
           !strstr(fault, "ERR_BLOCKED") && !strstr(fault, "INVALID") && !strstr(fault, "UNKNOWN_URL_SCHEME");
}

/* What the proxy knows of the page's own host. TRUE: the rule refused it. */
static gboolean note_address(Browser *browser)
{
    HttpExchange *exchange = browser->visit->exchange;
    gboolean refused = FALSE;
    g_autoptr(GUri) uri = g_uri_parse(exchange->url, G_URI_FLAGS_ENCODED, NULL);
    if (uri && g_uri_get_host(uri))
        exchange->address = socks_proxy_address(browser->proxy, g_uri_get_host(uri), &refused);
    return refused && !exchange->address;
}

static DevToolsResult take(Browser *browser)
{
    Visit *visit = browser->visit;
    HttpExchange *exchange = visit->exchange;
    gboolean refused = note_address(browser);
    if (visit->ended) {
        answer_with(browser, NULL, FALSE);
    } else if (socks_proxy_is_spent(browser->proxy)) {
        g_autofree char *reason =
            g_strdup_printf("the page loads more than %d MB", (int)(BROWSER_TRAFFIC >> 20));
        fail_with(exchange, reason, FALSE);
    } else if (visit->paused) {
        return take_body(browser);
    } else if (visit->crashed) {
        fail_with(exchange, "the page made the browser crash", FALSE);
        return DEVTOOLS_CLOSED;
    } else if (visit->fault && refused) {
        exchange->outcome = EXCHANGE_REFUSED;
        exchange->reason = g_strdup("its address is private, local or reserved (allow_private is off)");
    } else if (visit->fault) {
        fail_with(exchange, visit->fault, may_pass(visit->fault));
    } else {
        return take_document(browser);
    }
    return DEVTOOLS_OK;
}

static void fail_by(HttpExchange *exchange, DevToolsResult result)
{
    static const char *const reasons[] = {
        [DEVTOOLS_OK] = "the browser gave no answer",
        [DEVTOOLS_CLOSED] = "the browser ended over this page",
        [DEVTOOLS_TIMED_OUT] = "the page was not there in time",
        [DEVTOOLS_TOO_LARGE] = "the page is too large for the browser to hand over",
        [DEVTOOLS_REFUSED] = "the browser could not show the page",
    };
    buffer_reset(&exchange->body);
    exchange->truncated = FALSE;
    fail_with(exchange, reasons[result], result == DEVTOOLS_TIMED_OUT);
}

static void visit_page(Browser *browser)
{
    Visit *visit = browser->visit;
    DevToolsResult result = open_page(browser);
    if (result == DEVTOOLS_OK) {
        visit->navigate = devtools_send(browser->devtools, visit->session, "Page.navigate",
                                        json_pack("{ss}", "url", visit->exchange->url));
        result = await_page(browser);
    }
    if (result == DEVTOOLS_OK)
        result = take(browser);
    if (visit->exchange->outcome == EXCHANGE_FAILED && !visit->exchange->reason)
        fail_by(visit->exchange, result);
    gint64 deadline = g_get_monotonic_time() + CLOSE_SECONDS * G_USEC_PER_SEC;
    gboolean healthy = result == DEVTOOLS_OK || result == DEVTOOLS_REFUSED;
    if (!healthy || !visit->context ||
        devtools_call(browser->devtools, NULL, "Target.disposeBrowserContext",
                      json_pack("{ss}", "browserContextId", visit->context), deadline, NULL) != DEVTOOLS_OK)
        stop(browser);
}

HttpExchange *browser_get(Browser *browser, const char *url, gsize limit)
{
    g_autoptr(GError) error = NULL;
    HttpExchange *exchange = http_exchange_new(url, limit);
    exchange->date = g_get_real_time() / G_USEC_PER_SEC;
    if (!browser->chromium && !start(browser, &error)) {
        fail_with(exchange, error->message, TRUE);
        return exchange;
    }
    gint64 now = g_get_monotonic_time();
    Visit visit = {.exchange = exchange, .limit = limit};
    visit.deadline = now + (gint64)(browser->timeout * G_USEC_PER_SEC);
    visit.enough = now + (gint64)(browser->timeout * 0.75 * G_USEC_PER_SEC);
    buffer_init(&visit.head, HEAD_LIMIT);
    exchange->outcome = EXCHANGE_FAILED;
    socks_proxy_begin_page(browser->proxy, BROWSER_TRAFFIC);
    browser->visit = &visit;
    visit_page(browser);
    browser->visit = NULL;
    visit_clear(&visit);
    return exchange;
}
