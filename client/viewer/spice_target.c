/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/spice_target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"

enum { PASSWORD_FILE_MAX_BYTES = 4096 };

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
}

/* The file's first line. */
static int read_password(const char *path, char **out)
{
    char text[PASSWORD_FILE_MAX_BYTES];
    struct stat st;
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0) {
        const int err = -errno;
        log_err("spice.passwordFile: %s: %s", path, err_str(err));
        return err;
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        log_warn("spice.passwordFile: others may read %s: chmod 600 it", path);
    const ssize_t got = read(fd, text, sizeof(text) - 1);
    if (got < 0) {
        const int err = -errno;
        log_err("spice.passwordFile: %s: %s", path, err_str(err));
        return err;
    }
    text[got] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    *out = strdup(text);
    explicit_bzero(text, sizeof(text));
    return *out ? 0 : -ENOMEM;
}

int spice_target_init(struct spice_target *t, const struct client_options *o)
{
    *t = (struct spice_target){
        .wanted = o->spice.enable,
        .server = {
            .socket_path = o->spice.socket,
            .host = o->spice.host,
            .port = (uint16_t)o->spice.port,
            .tls_port = (uint16_t)o->spice.tls_port,
            .ca_file = o->spice.ca_file,
            .host_subject = o->spice.host_subject,
        },
    };
    if (!t->wanted)
        return 0;
    int err = 0;
    if (o->spice.password)
        err = (t->password = strdup(o->spice.password)) ? 0 : -ENOMEM;
    else if (o->spice.password_file)
        err = read_password(o->spice.password_file, &t->password);
    t->server.password = t->password;
    return err;
}

static void drop_password(struct spice_target *t)
{
    wipe(t->password);
    free(t->password);
}

void spice_target_set_password(struct spice_target *t, const char *password)
{
    char *copy = strdup(password);
    if (!copy)
        return;
    drop_password(t);
    t->password = copy;
    t->server.password = copy;
}

void spice_target_fini(struct spice_target *t)
{
    drop_password(t);
    *t = (struct spice_target){ 0 };
}
