/* SPDX-License-Identifier: Apache-2.0
 * A small web site on loopback; see tests/unit/test_site.h. */
#include "tests/unit/test_site.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static const char *robots_text;
static gint busy_asked;

static const struct {
    const char *path, *head, *body;
} pages[] = {
    {"/", "200 OK\r\nContent-Type: text/html",
     "<a href=/a>a</a><a href=/gzip></a><a href=/bomb></a><a href=/redirect></a><a href=/loop1></a><a "
     "href=/missing></a>"
     "<a href=http://elsewhere.invalid/x></a><a href=/forbidden/x></a><a href=/hop1></a><a "
     "href=/nolocation></a>"
     "<a href=/leave></a><a href=/cut></a><a href=/a#again></a><a href=/broken></a>"},
    {"/a", "200 OK\r\nContent-Type: text/html; charset=utf-8",
     "<p>A</p><a href=/><a href=/b><a href=./a><a href=/target>"},
    {"/b", "200 OK\r\nContent-Type: text/plain", "<a href=/not-html>"},
    {"/from-gzip", "200 OK\r\nContent-Type: text/html", "<p>unpacked</p>"},
    {"/redirect", "302 Found\r\nLocation: /target", ""},
    {"/target", "200 OK\r\nContent-Type: text/html", "<p>target</p><a href=/behind-target>"},
    {"/behind-target", "200 OK\r\nContent-Type: text/html", "<p>behind</p>"},
    {"/loop1", "301 Moved\r\nLocation: /loop2", ""},
    {"/loop2", "301 Moved\r\nLocation: /loop1", ""},
    {"/hop1", "302 Found\r\nLocation: /hop2", ""},
    {"/hop2", "302 Found\r\nLocation: /hop3", ""},
    {"/hop3", "302 Found\r\nLocation: /hop4", ""},
    {"/hop4", "302 Found\r\nLocation: /hop5", ""},
    {"/hop5", "302 Found\r\nLocation: /hop6", ""},
    {"/hop6", "302 Found\r\nLocation: /hop7", ""},
    {"/hop7", "200 OK", "never reached"},
    {"/nolocation", "302 Found", ""},
    {"/leave", "302 Found\r\nLocation: http://elsewhere.invalid/y", ""},
    {"/away", "302 Found\r\nLocation: http://127.0.0.2:1/private", ""},
};

static void send_all(int peer, const void *data, gsize length)
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

static void answer(int peer, const char *head, const void *body, gsize length)
{
    g_autofree char *text = g_strdup_printf(
        "HTTP/1.1 %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n", head, length);
    send_all(peer, text, strlen(text));
    send_all(peer, body, length);
}

static void answer_gzip(int peer, const void *body, gsize length)
{
    z_stream stream = {0};
    deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    gsize bound = deflateBound(&stream, length);
    g_autofree guint8 *packed = g_malloc(bound);
    stream.next_in = (Bytef *)body;
    stream.avail_in = (uInt)length;
    stream.next_out = packed;
    stream.avail_out = (uInt)bound;
    deflate(&stream, Z_FINISH);
    answer(peer, "200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", packed, stream.total_out);
    deflateEnd(&stream);
}

/* A binary tree of 15 pages, each long enough that its record does not fit in one disk block. */
static void answer_tree(int peer, int number)
{
    g_autoptr(GString) body = g_string_new("<html>");
    if (number < 7)
        g_string_append_printf(body, "<a href=/n/%d></a><a href=/n/%d></a>", 2 * number + 1, 2 * number + 2);
    guint32 state = (guint32)number + 1;
    for (int i = 0; i < 3000; i++) {
        state = state * 1664525u + 1013904223u;
        g_string_append_c(body, (char)('a' + (state >> 24) % 26));
    }
    answer(peer, "200 OK\r\nContent-Type: text/html", body->str, body->len);
}

static void answer_robots(int peer)
{
    if (!robots_text)
        answer(peer, "404 Not Found", "none", 4);
    else if (!strcmp(robots_text, "500"))
        answer(peer, "500 Broken", "", 0);
    else
        answer(peer, "200 OK\r\nContent-Type: text/plain", robots_text, strlen(robots_text));
}

static gboolean answer_special(int peer, const char *path, const char *request)
{
    static const char gzip_page[] = "<p>packed</p><a href=/from-gzip>x</a>";
    if (!strcmp(path, "/robots.txt")) {
        answer_robots(peer);
    } else if (!strcmp(path, "/gzip")) {
        answer_gzip(peer, gzip_page, strlen(gzip_page));
    } else if (!strcmp(path, "/bomb")) {
        g_autofree char *zeros = g_malloc0(TEST_SITE_BOMB_BYTES);
        answer_gzip(peer, zeros, TEST_SITE_BOMB_BYTES);
    } else if (!strcmp(path, "/busy")) {
        gboolean first = g_atomic_int_add(&busy_asked, 1) == 0;
        answer(peer, first ? "429 Too Many Requests\r\nRetry-After: 1" : "200 OK", "<p>at last</p>", 14);
    } else if (!strcmp(path, "/slow")) {
        g_usleep(G_USEC_PER_SEC);
        answer(peer, "200 OK", "late", 4);
    } else if (!strcmp(path, "/cut")) {
        const char *half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
        send_all(peer, half, strlen(half));
    } else if (!strcmp(path, "/broken")) {
        answer(peer, "500 Internal Server Error", "oops", 4);
    } else if (!strcmp(path, "/echo")) {
        answer(peer, "200 OK\r\nContent-Type: text/plain", request, strlen(request));
    } else if (g_str_has_prefix(path, "/n/")) {
        answer_tree(peer, atoi(path + 3));
    } else {
        return FALSE;
    }
    return TRUE;
}

static gpointer serve(gpointer data)
{
    int peer = GPOINTER_TO_INT(data);
    char request[8192];
    gsize length = 0;
    ssize_t got;
    while (length < sizeof request - 1 && (got = recv(peer, request + length, sizeof request - 1 - length, 0)) > 0) {
        length += (gsize)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    request[length] = '\0';
    char path[2200] = "";
    if (sscanf(request, "GET %2199s", path) == 1 && !answer_special(peer, path, request)) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(pages) && strcmp(pages[i].path, path))
            i++;
        if (i < G_N_ELEMENTS(pages))
            answer(peer, pages[i].head, pages[i].body, strlen(pages[i].body));
        else
            answer(peer, "404 Not Found\r\nContent-Type: text/html", "<a href=/from-404>", 18);
    }
    shutdown(peer, SHUT_WR);
    close(peer);
    return NULL;
}

static int listen_on_loopback(int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((guint16)*port)};
    socklen_t size = sizeof address;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(listen(listener, 64), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
    *port = ntohs(address.sin_port);
    return listener;
}

TestSite test_site_start_at(int port, const char *robots)
{
    TestSite site = {.port = port};
    int listener = listen_on_loopback(&site.port);
    fflush(NULL);
    site.process = fork();
    g_assert_cmpint(site.process, >=, 0);
    if (site.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        robots_text = robots;
        for (;;) {
            int peer = accept(listener, NULL, NULL);
            if (peer >= 0)
                g_thread_unref(g_thread_new("serve", serve, GINT_TO_POINTER(peer)));
        }
    }
    close(listener);
    return site;
}

TestSite test_site_start(const char *robots)
{
    return test_site_start_at(0, robots);
}

void test_site_stop(TestSite *site)
{
    kill(site->process, SIGKILL);
    waitpid(site->process, NULL, 0);
}
