/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control_server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <windows.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_pipe.h"
#include "control/control_security.h"

#define LOG_MODULE "control"

/* How long to leave an instance alone that could not be made ready again. */
enum { RETRY_MS = 1000 };

enum client_step {
    CLIENT_OUT_OF_ORDER, /* nothing is under way; tried again at the deadline */
    CLIENT_LISTENING,    /* waits for somebody, without a deadline */
    CLIENT_CONNECTED,    /* somebody was faster than our listening: nothing is under way */
    CLIENT_READING,
    CLIENT_WRITING,
};

/* One instance of the pipe. */
struct client {
    HANDLE pipe; /* owned; INVALID_HANDLE_VALUE if unset */
    OVERLAPPED io;
    enum client_step step;
    uint64_t deadline_ms;
    enum control_command after; /* done when the answer is written */
    char request[CONTROL_REQUEST_MAX_BYTES];
    char reply[CONTROL_REPLY_MAX_BYTES];
};

struct control_server {
    struct control_server_config config; /* constant after create, as is `stop` */
    HANDLE stop;
    pthread_t thread;
    bool running;
    struct client clients[CONTROL_CLIENTS_MAX]; /* the server's thread, once it runs */
};

/* ---- one client's steps: each starts the next input or output ---- */

static void client_listen(struct client *c)
{
    c->after = CONTROL_NONE;
    c->step = CLIENT_LISTENING;
    c->deadline_ms = UINT64_MAX;
    if (ConnectNamedPipe(c->pipe, &c->io) || GetLastError() == ERROR_IO_PENDING)
        return;
    if (GetLastError() == ERROR_PIPE_CONNECTED) {
        c->step = CLIENT_CONNECTED;
        SetEvent(c->io.hEvent);
        return;
    }
    c->step = CLIENT_OUT_OF_ORDER;
    c->deadline_ms = clock_ms() + RETRY_MS;
    ResetEvent(c->io.hEvent);
}

static void client_drop(struct client *c)
{
    DisconnectNamedPipe(c->pipe);
    client_listen(c);
}

static void client_read(struct client *c)
{
    c->step = CLIENT_READING;
    c->deadline_ms = clock_ms() + CONTROL_CLIENT_PATIENCE_MS;
    if (!ReadFile(c->pipe, c->request, sizeof(c->request), NULL, &c->io) &&
        GetLastError() != ERROR_IO_PENDING)
        client_drop(c); /* hung up, or a message longer than any request */
}

static void client_write(struct client *c, size_t reply_bytes)
{
    c->step = CLIENT_WRITING;
    c->deadline_ms = clock_ms() + CONTROL_CLIENT_PATIENCE_MS;
    if (!WriteFile(c->pipe, c->reply, (DWORD)reply_bytes, NULL, &c->io) &&
        GetLastError() != ERROR_IO_PENDING)
        client_drop(c);
}

static size_t make_reply(const struct control_server_config *config, enum control_command command,
                         char *reply)
{
    if (command != CONTROL_STATUS)
        return control_answer_format(NULL, reply);
    struct control_status status = { 0 };
    config->status(config->ctx, &status);
    return control_status_format(&status, reply);
}

static void on_request(struct control_server *s, struct client *c, size_t request_bytes)
{
    enum control_command command;
    if (control_command_parse(c->request, request_bytes, &command) < 0) {
        log_every(10000, LOG_LEVEL_WARN, "somebody sent a request that is none; told so");
        client_write(c,
                     control_answer_format("no such request: status, restart or quit", c->reply));
        return;
    }
    c->after = command;
    client_write(c, make_reply(&s->config, command, c->reply));
}

/* What was asked is done even if nobody reads the answer. */
static void carry_out(struct control_server *s, struct client *c)
{
    const enum control_command command = c->after;
    c->after = CONTROL_NONE;
    if (command == CONTROL_RESTART || command == CONTROL_QUIT)
        log_info("asked over the control pipe: %s", control_command_text(command));
    if (command == CONTROL_RESTART)
        s->config.restart(s->config.ctx);
    else if (command == CONTROL_QUIT)
        s->config.quit(s->config.ctx);
}

static void client_progress(struct control_server *s, struct client *c)
{
    DWORD bytes = 0;
    const enum client_step done = c->step;
    const bool ok = done == CLIENT_CONNECTED || GetOverlappedResult(c->pipe, &c->io, &bytes, FALSE);
    ResetEvent(c->io.hEvent);
    if (done == CLIENT_WRITING)
        carry_out(s, c);
    if (!ok)
        client_drop(c);
    else if (done == CLIENT_READING)
        on_request(s, c, bytes);
    else
        client_read(c); /* another request, or to notice that it hung up */
}

/* The kernel writes into c->io until an input or output has ended. */
static void client_cancel(struct client *c)
{
    DWORD bytes;
    const bool under_way =
        c->step == CLIENT_LISTENING || c->step == CLIENT_READING || c->step == CLIENT_WRITING;
    if (under_way && CancelIoEx(c->pipe, &c->io))
        GetOverlappedResult(c->pipe, &c->io, &bytes, TRUE);
}

static void client_too_late(struct control_server *s, struct client *c)
{
    client_cancel(c);
    carry_out(s, c);
    ResetEvent(c->io.hEvent);
    client_drop(c);
}

/* ---- the thread ---- */

static DWORD next_timeout_ms(const struct control_server *s, uint64_t now_ms)
{
    uint64_t first_ms = UINT64_MAX;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (s->clients[i].deadline_ms < first_ms)
            first_ms = s->clients[i].deadline_ms;
    }
    if (first_ms == UINT64_MAX)
        return INFINITE;
    return first_ms <= now_ms ? 0 : (DWORD)(first_ms - now_ms);
}

static void look_at_all(struct control_server *s)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (WaitForSingleObject(c->io.hEvent, 0) == WAIT_OBJECT_0)
            client_progress(s, c);
        else if (clock_ms() >= c->deadline_ms)
            client_too_late(s, c);
    }
}

static void *server_thread(void *arg)
{
    struct control_server *s = arg;
    HANDLE wait_for[CONTROL_CLIENTS_MAX + 1];
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        wait_for[i] = s->clients[i].io.hEvent;
        client_listen(&s->clients[i]);
    }
    wait_for[CONTROL_CLIENTS_MAX] = s->stop;
    do {
        WaitForMultipleObjects(ARRAY_LEN(wait_for), wait_for, FALSE,
                               next_timeout_ms(s, clock_ms()));
        look_at_all(s);
    } while (WaitForSingleObject(s->stop, 0) != WAIT_OBJECT_0);
    return NULL;
}

/* ---- creation ---- */

static int client_open(struct client *c, const wchar_t *name, SECURITY_ATTRIBUTES *security,
                       bool first)
{
    c->io.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!c->io.hEvent)
        return -ENOMEM;
    c->pipe = CreateNamedPipeW(
        name,
        PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
        PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
        CONTROL_CLIENTS_MAX, CONTROL_REPLY_MAX_BYTES, CONTROL_REQUEST_MAX_BYTES, 0, security);
    if (c->pipe != INVALID_HANDLE_VALUE)
        return 0;
    const DWORD error = GetLastError();
    return error == ERROR_ACCESS_DENIED || error == ERROR_PIPE_BUSY ? -EBUSY : -EIO;
}

static int open_pipes(struct control_server *s)
{
    wchar_t name[CONTROL_PIPE_NAME_CHARS];
    struct control_security *security = NULL;
    int err = control_pipe_name(s->config.suffix, name);
    if (err == 0)
        err = control_security_create(CONTROL_SECURITY_PIPE, &security);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX && err == 0; i++)
        err = client_open(&s->clients[i], name, control_security_attributes(security), i == 0);
    control_security_destroy(security);
    return err;
}

static void client_close(struct client *c)
{
    if (c->pipe != INVALID_HANDLE_VALUE) {
        client_cancel(c);
        CloseHandle(c->pipe);
    }
    if (c->io.hEvent)
        CloseHandle(c->io.hEvent);
}

int control_server_create(const struct control_server_config *config, struct control_server **out)
{
    struct control_server *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->config = *config;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        s->clients[i].pipe = INVALID_HANDLE_VALUE;
    s->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    int err = s->stop ? open_pipes(s) : -ENOMEM;
    if (err < 0)
        goto fail;
    err = -pthread_create(&s->thread, NULL, server_thread, s);
    if (err < 0)
        goto fail;
    s->running = true;
    s->config.suffix = NULL; /* the caller's */
    *out = s;
    return 0;
fail:
    control_server_destroy(s);
    return err;
}

void control_server_destroy(struct control_server *server)
{
    if (!server)
        return;
    if (server->running) {
        SetEvent(server->stop);
        pthread_join(server->thread, NULL);
    }
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        client_close(&server->clients[i]);
    if (server->stop)
        CloseHandle(server->stop);
    free(server);
}
