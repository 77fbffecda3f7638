/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "report"

#include "viewer/report.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

struct report {
    report_fill_fn fill;
    void *ctx;
    int fd; /* owned, -1: none */
    struct sockaddr_un address;
    bool bound;
    struct loop_source *source;
};

/* One object fits into a socket's buffer: nothing waits for a reader. */
static void on_connection(void *ctx, uint32_t events)
{
    (void)events;
    struct report *r = ctx;
    autoclose int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    cJSON *object = cJSON_CreateObject();
    autofree char *text = NULL;
    if (object) {
        r->fill(r->ctx, object);
        text = cJSON_PrintUnformatted(object);
    }
    cJSON_Delete(object);
    if (text && strlen(text) <= REPORT_MAX_BYTES)
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static int listen_at(struct report *r)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (!runtime || runtime[0] != '/')
        return -ENOTSUP;
    char dir[sizeof(r->address.sun_path)];
    r->address.sun_family = AF_UNIX;
    int len = snprintf(dir, sizeof(dir), "%s/espelho", runtime);
    if (len < 0 || (size_t)len >= sizeof(dir))
        return -ENAMETOOLONG;
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    len = snprintf(r->address.sun_path, sizeof(r->address.sun_path), "%s/view-%d.sock", dir,
                   (int)getpid());
    if (len < 0 || (size_t)len >= sizeof(r->address.sun_path))
        return -ENAMETOOLONG;
    unlink(r->address.sun_path); /* of a process that had our number and was killed */
    r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (r->fd < 0 || bind(r->fd, (const struct sockaddr *)&r->address, sizeof(r->address)) < 0)
        return -errno;
    r->bound = true;
    return listen(r->fd, 4) < 0 ? -errno : 0;
}

int report_create(struct loop *loop, report_fill_fn fill, void *ctx, struct report **out)
{
    struct report *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->fill = fill;
    r->ctx = ctx;
    r->fd = -1;
    int err = listen_at(r);
    if (err == 0)
        err = loop_add_fd(loop, r->fd, EPOLLIN, on_connection, r, &r->source);
    if (err < 0) {
        if (err != -ENOTSUP)
            log_info("`espelho stats` will not see this viewer: %s: %s", r->address.sun_path,
                     err_str(err));
        report_destroy(r);
        return err;
    }
    *out = r;
    return 0;
}

void report_destroy(struct report *r)
{
    if (!r)
        return;
    loop_source_destroy(r->source);
    if (r->bound)
        unlink(r->address.sun_path);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}
