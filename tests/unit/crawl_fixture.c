/* SPDX-License-Identifier: Apache-2.0
 * A crawl of a site on loopback; see tests/unit/crawl_fixture.h. */
#include "tests/unit/crawl_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "scrapers/fetch/url.h"
#include "scrapers/fetch/warc_reader.h"

char *fixture_directory;
static LoopbackAnswer answer_request;
static const char *log_file;

void loopback_send(int peer, const void *data, gsize length)
{
    const char *bytes = data;
    while (length) {
        ssize_t sent = send(peer, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (gsize)sent;
    }
}

gboolean loopback_reply(int peer, const char *head, const void *body, gsize length)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "HTTP/1.1 %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", head, length);
    g_string_append_len(text, body, (gssize)length);
    loopback_send(peer, text->str, text->len);
    return TRUE;
}

gboolean loopback_html(int peer, const char *html)
{
    return loopback_reply(peer, "200 OK\r\nContent-Type: text/html; charset=utf-8", html, strlen(html));
}

/* One request, up to its empty line. FALSE: the peer has closed. */
static gboolean receive(int peer, char *text, gsize size)
{
    gsize length = 0;
    while (length < size - 1) {
        ssize_t got = recv(peer, text + length, 1, 0);
        if (got <= 0)
            return FALSE;
        length += (gsize)got;
        text[length] = '\0';
        if (length >= 4 && !memcmp(text + length - 4, "\r\n\r\n", 4))
            return TRUE;
    }
    return FALSE;
}

static void write_log(const LoopbackRequest *request)
{
    g_autofree char *line = request->host == 1 ? g_strdup_printf("%s\n", request->target)
                                               : g_strdup_printf("//127.0.0.%d%s\n", request->host, request->target);
    int descriptor = log_file ? open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    if (descriptor < 0)
        return;
    g_assert_cmpint(write(descriptor, line, strlen(line)), ==, (gssize)strlen(line));
    close(descriptor);
}

static int host_of(int peer)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    getsockname(peer, (struct sockaddr *)&address, &size);
    return (int)(ntohl(address.sin_addr.s_addr) & 0xff);
}

static gpointer serve(gpointer data)
{
    int peer = GPOINTER_TO_INT(data);
    char head[8192], target[2200];
    gboolean open = TRUE;
    while (open && receive(peer, head, sizeof head) && sscanf(head, "GET %2199s", target) == 1) {
        LoopbackRequest request = {peer, target, head, log_file, host_of(peer)};
        open = answer_request(&request);
        write_log(&request);
    }
    close(peer);
    return NULL;
}

/* *port: 0 for any that is free. -1: it is taken. */
static int listen_on_loopback(int host, int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (guint32)host),
                                  .sin_port = htons((guint16)*port)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) < 0) {
        close(listener);
        return -1;
    }
    g_assert_cmpint(listen(listener, 64), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
    *port = ntohs(address.sin_port);
    return listener;
}

/* One port that is free on all hosts. */
static int listen_on_hosts(int hosts, struct pollfd *listeners)
{
    for (;;) {
        int port = 0, host = 0;
        while (host < hosts && (listeners[host].fd = listen_on_loopback(host + 1, &port)) >= 0)
            listeners[host++].events = POLLIN;
        if (host == hosts)
            return port;
        while (host > 0)
            close(listeners[--host].fd);
    }
}

static void serve_all(struct pollfd *listeners, int hosts)
{
    int yes = 1;
    for (;;) {
        poll(listeners, (nfds_t)hosts, -1);
        for (int i = 0; i < hosts; i++) {
            int peer = listeners[i].revents ? accept(listeners[i].fd, NULL, NULL) : -1;
            if (peer < 0)
                continue;
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            g_thread_unref(g_thread_new("serve", serve, GINT_TO_POINTER(peer)));
        }
    }
}

Loopback loopback_start_hosts(LoopbackAnswer answer, const char *log_path, int hosts)
{
    Loopback site;
    struct pollfd listeners[64];
    g_assert_cmpint(hosts, <=, (int)G_N_ELEMENTS(listeners));
    site.port = listen_on_hosts(hosts, listeners);
    fflush(NULL);
    site.process = fork();
    g_assert_cmpint(site.process, >=, 0);
    if (site.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        answer_request = answer;
        log_file = log_path;
        serve_all(listeners, hosts);
    }
    for (int i = 0; i < hosts; i++)
        close(listeners[i].fd);
    return site;
}

Loopback loopback_start(LoopbackAnswer answer, const char *log_path)
{
    return loopback_start_hosts(answer, log_path, 1);
}

void loopback_stop(Loopback *site)
{
    kill(site->process, SIGKILL);
    waitpid(site->process, NULL, 0);
}

void fixture_init(CrawlFixture *fixture, const Loopback *site, const char *start, const char *name)
{
    fixture->start = g_strdup_printf("http://127.0.0.1:%d%s", site->port, start);
    fixture->path = g_build_filename(fixture_directory, name, NULL);
    fixture->crawl = (RecipeCrawl){
        .start = {.items = &fixture->start, .count = 1},
        .max_pages = 1000,
        .max_depth = 16,
        .max_bytes = 1 << 20,
        .timeout = 10.0,
        .allow_private = true,
    };
    fixture->source = (RecipeSource){.tag = (char *)"test", .crawl = &fixture->crawl};
}

void fixture_clear(CrawlFixture *fixture)
{
    g_free(fixture->start);
    g_free(fixture->path);
}

CrawlSummary fixture_crawl(CrawlFixture *fixture, GString *notices)
{
    CrawlSummary summary;
    g_autoptr(GError) error = NULL;
    gboolean good = crawl_run(&fixture->source, fixture->path, NULL, notices, &summary, &error);
    g_assert_no_error(error);
    g_assert_true(good);
    return summary;
}

static char *read_outcomes(const char *path, gboolean pages)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(WarcReader) reader = warc_reader_open(path, G_MAXUINT64, 1 << 28, &error);
    g_assert_no_error(error);
    GString *list = g_string_new(NULL);
    HttpExchange *exchange;
    while (warc_reader_next(reader, &exchange, &error) > 0) {
        const char *target = url_target(exchange->url);
        if (!pages && exchange->outcome == EXCHANGE_RESPONSE)
            g_string_append_printf(list, "%s %d%s\n", target, exchange->status, exchange->truncated ? " cut" : "");
        else if (!pages)
            g_string_append_printf(list, "%s %s: %s\n", target,
                                   exchange->outcome == EXCHANGE_FAILED ? "failed" : "refused", exchange->reason);
        else if (exchange->status == 200 && strcmp(target, "/robots.txt") != 0)
            g_string_append_printf(list, "%s%s", list->len ? " " : "", target);
        http_exchange_free(exchange);
    }
    g_assert_no_error(error);
    return g_string_free(list, FALSE);
}

char *fixture_outcomes(const char *path)
{
    return read_outcomes(path, FALSE);
}

char *fixture_pages(const char *path)
{
    return read_outcomes(path, TRUE);
}

static void append_comparable(GString *out, const char *line)
{
    static const char *const varying[] = {"WARC-Date: ", "WARC-Record-ID: ", "WARC-Concurrent-To: ", "WARC-Filename: ",
                                          "WARC-Refers-To-Date: ", "X-Crawl-Not-Modified: "};
    for (gsize i = 0; i < G_N_ELEMENTS(varying); i++)
        if (g_str_has_prefix(line, varying[i]))
            return;
    g_string_append_printf(out, "%s\n", line);
}

char *fixture_records(const char *path, gboolean comparable)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char chunk[8192];
    int got;
    gzFile file = gzopen(path, "rb");
    while (file && (got = gzread(file, chunk, sizeof chunk)) > 0)
        g_string_append_len(text, chunk, got);
    if (file)
        gzclose(file);
    for (gsize i = 0; i < text->len; i++)
        if (!text->str[i])
            text->str[i] = '.';
    if (!comparable)
        return g_string_free(g_steal_pointer(&text), FALSE);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    GString *out = g_string_new(NULL);
    for (char **line = lines; *line; line++)
        append_comparable(out, *line);
    return g_string_free(out, FALSE);
}

guint64 fixture_peak_memory(void)
{
    g_autofree char *status = NULL;
    g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    const char *line = strstr(status, "VmHWM:");
    return line ? g_ascii_strtoull(line + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

gboolean fixture_is_sanitised(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return TRUE;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return TRUE;
#endif
#endif
    return FALSE;
}

int fixture_run(void)
{
    fixture_directory = g_dir_make_tmp("galen-crawl-XXXXXX", NULL);
    int status = g_test_run();
    GDir *listing = g_dir_open(fixture_directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(fixture_directory, name, NULL);
        g_unlink(path);
    }
    g_dir_close(listing);
    g_rmdir(fixture_directory);
    g_free(fixture_directory);
    return status;
}
