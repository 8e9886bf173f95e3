/* SPDX-License-Identifier: Apache-2.0
 * A SOCKS 5 proxy with an address rule; see scrapers/fetch/socks_proxy.h. */
#include "scrapers/fetch/socks_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define SOCKS_VERSION 5
#define NO_AUTHENTICATION 0
#define CONNECT 1
#define TYPE_IPV4 1
#define TYPE_NAME 3
#define TYPE_IPV6 4
#define HOST_SIZE 256
#define HANDSHAKE_MS 10000
#define CONNECT_MS 15000
#define POLL_MS 200 /* how soon a connection notices that its page is over */
#define RELAY_BYTES 32768
#define HOSTS_MAX 1024

/* RFC 1928, section 6. */
typedef enum {
    REPLY_SUCCEEDED = 0,
    REPLY_FAILURE = 1,
    REPLY_NOT_ALLOWED = 2,
    REPLY_HOST_UNREACHABLE = 4,
    REPLY_COMMAND_UNKNOWN = 7,
    REPLY_ADDRESS_UNKNOWN = 8,
} Reply;

typedef struct HostNote {
    char *address;
    gboolean refused;
} HostNote;

struct SocksProxy {
    AddressRule may_connect;
    int listener;
    int port;
    GThread *thread;
    GMutex lock;
    GCond idle;
    GHashTable *notes; /* host -> HostNote */
    guint connections; /* under way */
    atomic_int page;   /* number of the page; -1: stop */
    atomic_llong left; /* bytes that the page may still bring */
};

typedef struct Connection {
    SocksProxy *proxy;
    int client;
    int page;
    char host[HOST_SIZE];
    guint16 port;
} Connection;

static void host_note_free(gpointer data)
{
    HostNote *note = data;
    g_free(note->address);
    g_free(note);
}

static gboolean is_over(const Connection *connection)
{
    return atomic_load(&connection->proxy->page) != connection->page ||
           atomic_load(&connection->proxy->left) < 0;
}

/* TRUE when the descriptor is ready for `events`; FALSE when the time or the page is over. */
static gboolean wait_for(const Connection *connection, int descriptor, short events, int milliseconds)
{
    for (int waited = 0; waited < milliseconds && !is_over(connection); waited += POLL_MS) {
        struct pollfd one = {.fd = descriptor, .events = events};
        if (poll(&one, 1, POLL_MS) > 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean receive(const Connection *connection, void *data, gsize length)
{
    for (gsize got = 0; got < length;) {
        if (!wait_for(connection, connection->client, POLLIN, HANDSHAKE_MS))
            return FALSE;
        ssize_t more = recv(connection->client, (char *)data + got, length - got, 0);
        if (more <= 0)
            return FALSE;
        got += (gsize)more;
    }
    return TRUE;
}

static gboolean transmit(const Connection *connection, int descriptor, const void *data, gsize length)
{
    for (gsize sent = 0; sent < length;) {
        ssize_t more =
            send(descriptor, (const char *)data + sent, length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (more > 0)
            sent += (gsize)more;
        else if ((errno != EAGAIN && errno != EINTR) ||
                 !wait_for(connection, descriptor, POLLOUT, CONNECT_MS))
            return FALSE;
    }
    return TRUE;
}

static gboolean send_reply(const Connection *connection, Reply reply)
{
    const guint8 bytes[10] = {SOCKS_VERSION, (guint8)reply, 0, TYPE_IPV4};
    return transmit(connection, connection->client, bytes, sizeof bytes);
}

static gboolean greet(const Connection *connection)
{
    guint8 head[2], methods[255];
    if (!receive(connection, head, 2) || head[0] != SOCKS_VERSION || !receive(connection, methods, head[1]))
        return FALSE;
    const guint8 answer[2] = {SOCKS_VERSION, NO_AUTHENTICATION};
    return memchr(methods, NO_AUTHENTICATION, head[1]) &&
           transmit(connection, connection->client, answer, sizeof answer);
}

static gboolean take_host(Connection *connection, guint8 type)
{
    guint8 bytes[16], length;
    switch (type) {
    case TYPE_IPV4:
        return receive(connection, bytes, 4) && inet_ntop(AF_INET, bytes, connection->host, HOST_SIZE);
    case TYPE_IPV6:
        return receive(connection, bytes, 16) && inet_ntop(AF_INET6, bytes, connection->host, HOST_SIZE);
    case TYPE_NAME:
        if (!receive(connection, &length, 1) || !receive(connection, connection->host, length))
            return FALSE;
        connection->host[length] = '\0';
        return length && strlen(connection->host) == length;
    default:
        send_reply(connection, REPLY_ADDRESS_UNKNOWN);
        return FALSE;
    }
}

static gboolean take_request(Connection *connection)
{
    guint8 head[4], port[2];
    if (!receive(connection, head, sizeof head) || head[0] != SOCKS_VERSION)
        return FALSE;
    if (head[1] != CONNECT) {
        send_reply(connection, REPLY_COMMAND_UNKNOWN);
        return FALSE;
    }
    if (!take_host(connection, head[3]) || !receive(connection, port, sizeof port))
        return FALSE;
    connection->port = (guint16)(port[0] << 8 | port[1]);
    return TRUE;
}

static void note_host(const Connection *connection, const struct sockaddr *address, gboolean refused)
{
    SocksProxy *proxy = connection->proxy;
    char text[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, sizeof text);
    else
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
                  sizeof text);
    HostNote *note = g_new0(HostNote, 1);
    note->address = refused ? NULL : g_strdup(text);
    note->refused = refused;
    g_mutex_lock(&proxy->lock);
    if (g_hash_table_size(proxy->notes) < HOSTS_MAX && atomic_load(&proxy->page) == connection->page)
        g_hash_table_replace(proxy->notes, g_ascii_strdown(connection->host, -1), note);
    else
        host_note_free(note);
    g_mutex_unlock(&proxy->lock);
}

/* A connected socket, or -1. */
static int connect_one(const Connection *connection, const struct addrinfo *address)
{
    int server = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int fault = 0;
    socklen_t length = sizeof fault;
    if (server < 0)
        return -1;
    if (connect(server, address->ai_addr, address->ai_addrlen) == 0)
        return server;
    if (errno == EINPROGRESS && wait_for(connection, server, POLLOUT, CONNECT_MS) &&
        getsockopt(server, SOL_SOCKET, SO_ERROR, &fault, &length) == 0 && fault == 0)
        return server;
    close(server);
    return -1;
}

static int connect_to_host(const Connection *connection, Reply *reply)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char port[8];
    int server = -1;
    AddressRule may_connect = connection->proxy->may_connect;
    g_snprintf(port, sizeof port, "%u", connection->port);
    *reply = REPLY_HOST_UNREACHABLE;
    if (getaddrinfo(connection->host, port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *one = found; one && server < 0 && !is_over(connection); one = one->ai_next) {
        gboolean refused = may_connect && !may_connect(one->ai_addr);
        if (refused)
            *reply = REPLY_NOT_ALLOWED;
        else
            server = connect_one(connection, one);
        if (refused || server >= 0)
            note_host(connection, one->ai_addr, refused);
    }
    freeaddrinfo(found);
    if (server >= 0)
        *reply = REPLY_SUCCEEDED;
    return server;
}

/* One direction's turn. FALSE: the connection is at its end. */
static gboolean relay_some(const Connection *connection, int from, int to)
{
    char bytes[RELAY_BYTES];
    ssize_t got = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return FALSE;
    if (from != connection->client)
        atomic_fetch_sub(&connection->proxy->left, got);
    return transmit(connection, to, bytes, (gsize)got);
}

static void relay(const Connection *connection, int server)
{
    struct pollfd ends[2] = {{.fd = connection->client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    gboolean open = TRUE;
    while (open && !is_over(connection)) {
        if (poll(ends, 2, POLL_MS) <= 0)
            continue;
        if (ends[0].revents)
            open = relay_some(connection, connection->client, server);
        if (open && ends[1].revents)
            open = relay_some(connection, server, connection->client);
    }
}

static gpointer serve(gpointer data)
{
    Connection *connection = data;
    SocksProxy *proxy = connection->proxy;
    if (greet(connection) && take_request(connection)) {
        Reply reply;
        int server = connect_to_host(connection, &reply);
        if (send_reply(connection, reply) && server >= 0)
            relay(connection, server);
        if (server >= 0)
            close(server);
    }
    close(connection->client);
    g_free(connection);
    g_mutex_lock(&proxy->lock);
    proxy->connections--;
    g_cond_broadcast(&proxy->idle);
    g_mutex_unlock(&proxy->lock);
    return NULL;
}

static void take_connection(SocksProxy *proxy, int client)
{
    g_mutex_lock(&proxy->lock);
    gboolean room = proxy->connections < SOCKS_CONNECTIONS;
    proxy->connections += room;
    g_mutex_unlock(&proxy->lock);
    if (!room) {
        close(client);
        return;
    }
    Connection *connection = g_new0(Connection, 1);
    connection->proxy = proxy;
    connection->client = client;
    connection->page = atomic_load(&proxy->page);
    g_thread_unref(g_thread_new("socks", serve, connection));
}

static gpointer listen_for_connections(gpointer data)
{
    SocksProxy *proxy = data;
    while (atomic_load(&proxy->page) >= 0) {
        struct pollfd one = {.fd = proxy->listener, .events = POLLIN};
        if (poll(&one, 1, POLL_MS) <= 0)
            continue;
        int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0)
            take_connection(proxy, client);
    }
    return NULL;
}

static gboolean open_listener(SocksProxy *proxy, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(proxy->listener, SOCKS_CONNECTIONS) < 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &length) < 0) {
        galen_error_set_errno(error, errno, "cannot listen on loopback for the browser");
        return FALSE;
    }
    proxy->port = ntohs(address.sin_port);
    return TRUE;
}

SocksProxy *socks_proxy_new(AddressRule may_connect, GError **error)
{
    g_autoptr(SocksProxy) proxy = g_new0(SocksProxy, 1);
    proxy->may_connect = may_connect;
    proxy->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, host_note_free);
    g_mutex_init(&proxy->lock);
    g_cond_init(&proxy->idle);
    if (!open_listener(proxy, error))
        return NULL;
    proxy->thread = g_thread_new("socks", listen_for_connections, proxy);
    return g_steal_pointer(&proxy);
}

int socks_proxy_port(const SocksProxy *proxy)
{
    return proxy->port;
}

void socks_proxy_begin_page(SocksProxy *proxy, gint64 limit)
{
    g_mutex_lock(&proxy->lock);
    g_hash_table_remove_all(proxy->notes);
    atomic_fetch_add(&proxy->page, 1);
    atomic_store(&proxy->left, limit);
    g_mutex_unlock(&proxy->lock);
}

gboolean socks_proxy_is_spent(SocksProxy *proxy)
{
    return atomic_load(&proxy->left) < 0;
}

char *socks_proxy_address(SocksProxy *proxy, const char *host, gboolean *refused)
{
    g_autofree char *name = g_ascii_strdown(host, -1);
    g_mutex_lock(&proxy->lock);
    const HostNote *note = g_hash_table_lookup(proxy->notes, name);
    char *address = note ? g_strdup(note->address) : NULL;
    *refused = note && note->refused;
    g_mutex_unlock(&proxy->lock);
    return address;
}

void socks_proxy_free(SocksProxy *proxy)
{
    atomic_store(&proxy->page, -1);
    if (proxy->thread)
        g_thread_join(proxy->thread);
    g_mutex_lock(&proxy->lock);
    while (proxy->connections)
        g_cond_wait(&proxy->idle, &proxy->lock);
    g_mutex_unlock(&proxy->lock);
    if (proxy->listener >= 0)
        close(proxy->listener);
    g_hash_table_unref(proxy->notes);
    g_mutex_clear(&proxy->lock);
    g_cond_clear(&proxy->idle);
    g_free(proxy);
}
