/* SPDX-License-Identifier: Apache-2.0
 * The DevTools protocol over pipes; see scrapers/fetch/devtools.h. */
#include "scrapers/fetch/devtools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#define CHUNK 65536
#define SEND_MS 5000

struct DevTools {
    int commands, messages;
    DevToolsHandler handler;
    gpointer user;
    json_int_t last_id;
    gboolean closed;
    Buffer input;
    gsize start, searched; /* where the message under way begins; how far there is no NUL */
    /* Of the call under way. */
    json_int_t awaited;
    json_t *answer;
};

DevTools *devtools_new(int commands, int messages, DevToolsHandler handler, gpointer user)
{
    DevTools *devtools = g_new0(DevTools, 1);
    devtools->commands = commands;
    devtools->messages = messages;
    devtools->handler = handler;
    devtools->user = user;
    buffer_init(&devtools->input, DEVTOOLS_LIMIT);
    fcntl(commands, F_SETFL, O_NONBLOCK);
    fcntl(messages, F_SETFL, O_NONBLOCK);
    return devtools;
}

void devtools_free(DevTools *devtools)
{
    close(devtools->commands);
    close(devtools->messages);
    buffer_clear(&devtools->input);
    json_decref(devtools->answer);
    g_free(devtools);
}

static void write_all(DevTools *devtools, const char *data, gsize length)
{
    while (length && !devtools->closed) {
        ssize_t written = write(devtools->commands, data, length);
        struct pollfd one = {.fd = devtools->commands, .events = POLLOUT};
        if (written > 0) {
            data += written;
            length -= (gsize)written;
        } else if ((errno != EAGAIN && errno != EINTR) || poll(&one, 1, SEND_MS) <= 0) {
            devtools->closed = TRUE;
        }
    }
}

json_int_t devtools_send(DevTools *devtools, const char *session, const char *method, json_t *params)
{
    g_autoptr(json_t) command = json_object();
    json_object_set_new(command, "id", json_integer(++devtools->last_id));
    json_object_set_new(command, "method", json_string(method));
    if (params)
        json_object_set_new(command, "params", params);
    if (session)
        json_object_set_new(command, "sessionId", json_string(session));
    g_autofree char *text = json_write(command);
    write_all(devtools, text, strlen(text) + 1);
    return devtools->last_id;
}

static void take_message(DevTools *devtools, const char *text, gsize length)
{
    json_t *message = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
    json_t *id = json_object_get(message, "id");
    const char *method = json_get_string(message, "method");
    if (method)
        devtools->handler(json_get_string(message, "sessionId"), method, json_object_get(message, "params"),
                          devtools->user);
    else if (devtools->awaited && json_integer_value(id) == devtools->awaited && !devtools->answer)
        devtools->answer = json_incref(message);
    else if (message)
        devtools->handler(json_get_string(message, "sessionId"), "", message, devtools->user);
    json_decref(message);
}

/* Takes the message that is whole, if one is. */
static gboolean take_buffered(DevTools *devtools)
{
    Buffer *input = &devtools->input;
    const char *end = input->length > devtools->searched
                          ? memchr(input->data + devtools->searched, '\0', input->length - devtools->searched)
                          : NULL;
    if (!end) {
        devtools->searched = input->length;
        return FALSE;
    }
    gsize next = (gsize)(end - input->data) + 1, start = devtools->start;
    devtools->start = devtools->searched = next;
    take_message(devtools, input->data + start, next - 1 - start);
    return TRUE;
}

/* What has been taken makes room. */
static void compact(DevTools *devtools)
{
    Buffer *input = &devtools->input;
    if (!devtools->start)
        return;
    memmove(input->data, input->data + devtools->start, input->length - devtools->start);
    buffer_truncate(input, input->length - devtools->start);
    devtools->searched -= devtools->start;
    devtools->start = 0;
}

static DevToolsResult read_more(DevTools *devtools, gint64 deadline)
{
    char chunk[CHUNK];
    gint64 left = deadline - g_get_monotonic_time();
    if (left <= 0)
        return DEVTOOLS_TIMED_OUT;
    struct pollfd one = {.fd = devtools->messages, .events = POLLIN};
    int ready = poll(&one, 1, (int)MIN(left / 1000 + 1, G_MAXINT));
    if (ready <= 0)
        return ready == 0 ? DEVTOOLS_TIMED_OUT : errno == EINTR ? DEVTOOLS_OK : DEVTOOLS_CLOSED;
    ssize_t got = read(devtools->messages, chunk, sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return DEVTOOLS_OK;
    if (got <= 0) {
        devtools->closed = TRUE;
        return DEVTOOLS_CLOSED;
    }
    compact(devtools);
    buffer_append(&devtools->input, chunk, (gsize)got);
    return devtools->input.overflowed ? DEVTOOLS_TOO_LARGE : DEVTOOLS_OK;
}

DevToolsResult devtools_step(DevTools *devtools, gint64 deadline)
{
    DevToolsResult result = DEVTOOLS_OK;
    while (result == DEVTOOLS_OK) {
        if (devtools->closed)
            return DEVTOOLS_CLOSED;
        if (take_buffered(devtools))
            return DEVTOOLS_OK;
        result = read_more(devtools, deadline);
    }
    return result;
}

DevToolsResult devtools_call(DevTools *devtools, const char *session, const char *method, json_t *params,
                             gint64 deadline, json_t **answer)
{
    DevToolsResult result = DEVTOOLS_OK;
    devtools->awaited = devtools_send(devtools, session, method, params);
    while (result == DEVTOOLS_OK && !devtools->answer)
        result = devtools_step(devtools, deadline);
    devtools->awaited = 0;
    g_autoptr(json_t) message = g_steal_pointer(&devtools->answer);
    if (answer)
        *answer = json_incref(json_object_get(message, "result"));
    if (result == DEVTOOLS_OK && !json_object_get(message, "result"))
        return DEVTOOLS_REFUSED;
    return result;
}
