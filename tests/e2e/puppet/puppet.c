/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "puppet/puppet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kvmfr/host.h"
#include "testcard/testcard.h"

enum {
    TICK_MS = 10,       /* the host's periodic pass */
    GIVE_UP_MS = 10000, /* a viewer that neither reads nor goes away */
    LINE_MAX_BYTES = 256,
};

struct puppet {
    struct kvmfr_host *host;
    struct testcard *card;
    uint32_t next_serial; /* of the card */
    bool published;       /* something of this card: may be repeated */
    uint64_t next_tick_ns;
    char line[LINE_MAX_BYTES];
    size_t line_bytes;
};

static const struct {
    const char *name;
    enum testcard_damage damage;
} damages[] = {
    { "full", TESTCARD_DAMAGE_FULL },     { "partial", TESTCARD_DAMAGE_PARTIAL },
    { "static", TESTCARD_DAMAGE_STATIC }, { "scroll", TESTCARD_DAMAGE_SCROLL },
    { "small", TESTCARD_DAMAGE_SMALL },
};
static const struct {
    const char *name;
    enum cursor_type type;
} pointers[] = {
    { "colour", CURSOR_COLOUR },
    { "monochrome", CURSOR_MONOCHROME },
    { "masked", CURSOR_MASKED_COLOUR },
};

/* Of the VM that this host says it runs in: $PUPPET_UUID, 32 hex digits; unknown without. */
static void set_uuid(uint8_t uuid[16])
{
    const char *text = getenv("PUPPET_UUID");
    for (int i = 0; text && strlen(text) == 32 && i < 16; i++) {
        unsigned byte;
        if (sscanf(text + (size_t)2 * (size_t)i, "%2x", &byte) == 1)
            uuid[i] = (uint8_t)byte;
    }
}

int puppet_create(void *mem, size_t len_bytes, struct shm_doorbell *doorbell, struct puppet **out)
{
    struct puppet *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    struct kvmfr_host_config config = { .now_ms = clock_ms(),
                                        .extension = !getenv("PUPPET_PLAIN"),
                                        .doorbell = doorbell };
    snprintf(config.session.host_version, sizeof(config.session.host_version), "espelho-puppet");
    config.session.has_vm = true;
    set_uuid(config.session.uuid);
    snprintf(config.session.capture, sizeof(config.session.capture), "puppet");
    config.session.cpus = config.session.cores = config.session.sockets = 1;
    snprintf(config.session.cpu_model, sizeof(config.session.cpu_model), "puppet CPU");
    config.session.has_os = true;
    config.session.os = KVMFR_OS_LINUX;
    snprintf(config.session.os_name, sizeof(config.session.os_name), "puppet OS");
    const int err = kvmfr_host_create(mem, len_bytes, &config, &p->host);
    if (err < 0) {
        puppet_destroy(p);
        return err;
    }
    *out = p;
    return 0;
}

void puppet_destroy(struct puppet *p)
{
    if (!p)
        return;
    kvmfr_host_destroy(p->host);
    testcard_destroy(p->card);
    free(p);
}

/* The host's life beside the commands. */
static int beat(struct puppet *p)
{
    const uint64_t now_ns = clock_ns();
    if (now_ns < p->next_tick_ns)
        return 0;
    p->next_tick_ns = now_ns + TICK_MS * NS_PER_MS;
    const uint64_t now_ms = now_ns / NS_PER_MS;
    const int err = kvmfr_host_tick(p->host, now_ms, NULL);
    if (p->published)
        kvmfr_host_repeat_frame(p->host, now_ms);
    kvmfr_host_pointer_repeat(p->host, now_ms);
    return err;
}

/* Sleeps until the next beat is due: its time, or a viewer's ring. True: `fd` (-1: none) is
 * readable. */
static bool rest(struct puppet *p, uint64_t deadline_ns, int fd)
{
    const uint64_t until_ns = p->next_tick_ns < deadline_ns ? p->next_tick_ns : deadline_ns;
    const unsigned woke = kvmfr_host_sleep(p->host, until_ns, fd);
    if (woke & KVMFR_WOKE_RUNG)
        p->next_tick_ns = 0; /* now */
    return woke & KVMFR_WOKE_FD;
}

static int beat_until(struct puppet *p, uint64_t deadline_ns)
{
    int err = 0;
    while (err == 0 && clock_ns() < deadline_ns) {
        err = beat(p);
        (void)rest(p, deadline_ns, -1);
    }
    return err;
}

/* A while in which a viewer may do something. */
static int breathe(struct puppet *p)
{
    const uint64_t look_ns = clock_ns() + NS_PER_MS;
    (void)rest(p, kvmfr_host_readers_ring(p->host) ? UINT64_MAX : look_ns, -1);
    return beat(p);
}

static int command_card(struct puppet *p, const char *args)
{
    struct testcard_config config = { .hz = 60 };
    char format[16], damage[16];
    unsigned width_px, height_px, rotation, flags = 0;
    if (sscanf(args, "%u %u %15s %u %15s %u", &width_px, &height_px, format, &rotation, damage,
               &flags) < 5 ||
        rotation > 3)
        return -EINVAL;
    const struct frame_format_info *fmt = frame_format_by_name(format);
    for (size_t i = 0; i < ARRAY_LEN(damages); i++)
        if (strcmp(damages[i].name, damage) == 0)
            config.damage = damages[i].damage;
    if (!fmt || config.damage == TESTCARD_DAMAGE_NONE)
        return -EINVAL;
    config.format = fmt->format;
    config.width_px = width_px;
    config.height_px = height_px;
    config.rotation = (enum frame_rotation)rotation;
    config.flags = flags;
    struct testcard *card = NULL;
    const int err = testcard_create(&config, &card);
    if (err < 0)
        return err;
    testcard_destroy(p->card);
    p->card = card;
    p->next_serial = 0;
    p->published = false;
    return 0;
}

static int publish_one(struct puppet *p)
{
    const uint64_t give_up_ns = clock_ns() + GIVE_UP_MS * NS_PER_MS;
    int err;
    while ((err = testcard_publish(p->card, p->host, p->next_serial, clock_ms())) == -EAGAIN) {
        if (clock_ns() > give_up_ns)
            return -ETIMEDOUT;
        err = breathe(p);
        if (err < 0)
            return err;
    }
    if (err == 0) {
        p->published = true;
        p->next_serial++;
    }
    return err;
}

static int command_frames(struct puppet *p, const char *args)
{
    unsigned count, hz;
    if (!p->card || sscanf(args, "%u %u", &count, &hz) != 2 || hz == 0)
        return -EINVAL;
    uint64_t next_ns = clock_ns();
    for (unsigned i = 0; i < count; i++, next_ns += NS_PER_S / hz) {
        int err = beat_until(p, next_ns);
        if (err == 0)
            err = publish_one(p);
        if (err < 0)
            return err;
    }
    return 0;
}

static int command_pointer(struct puppet *p, const char *args)
{
    char kind[16];
    int x_px = 0, y_px = 0;
    const int n = sscanf(args, "%15s %d %d", kind, &x_px, &y_px);
    const struct cursor_shape *shape = NULL;
    for (size_t i = 0; i < ARRAY_LEN(pointers) && n == 3; i++)
        if (strcmp(pointers[i].name, kind) == 0)
            shape = testcard_cursor(pointers[i].type);
    if (!shape && !(n >= 1 && strcmp(kind, "none") == 0))
        return -EINVAL;
    const int err = kvmfr_host_pointer(p->host, x_px, y_px, shape != NULL, shape, clock_ms());
    return err == -EAGAIN ? 0 : err; /* kept by the host, goes out with a later beat */
}

static int command_wait_viewer(struct puppet *p)
{
    const uint64_t give_up_ns = clock_ns() + GIVE_UP_MS * NS_PER_MS;
    while (!kvmfr_host_wanted(p->host)) {
        if (clock_ns() > give_up_ns)
            return -ETIMEDOUT;
        const int err = breathe(p);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Returns false after "quit". */
static bool obey(struct puppet *p, const char *line, FILE *out)
{
    char verb[16] = "";
    int used = 0, err = -EINVAL;
    sscanf(line, "%15s %n", verb, &used);
    const char *args = line + used;
    if (strcmp(verb, "quit") == 0)
        return false;
    if (strcmp(verb, "card") == 0)
        err = command_card(p, args);
    else if (strcmp(verb, "frames") == 0)
        err = command_frames(p, args);
    else if (strcmp(verb, "pointer") == 0)
        err = command_pointer(p, args);
    else if (strcmp(verb, "wait-viewer") == 0)
        err = command_wait_viewer(p);
    if (err < 0)
        fprintf(out, "error %s: %s\n", line, strerror(-err));
    else
        fprintf(out, "ok %u\n", p->next_serial - 1);
    fflush(out);
    return true;
}

/* Reads what is there and obeys every complete line. 1: go on; 0: the end; -errno. */
static int read_commands(struct puppet *p, int in_fd, FILE *out)
{
    const ssize_t got = read(in_fd, p->line + p->line_bytes, sizeof(p->line) - 1 - p->line_bytes);
    if (got <= 0)
        return got < 0 ? -errno : 0;
    p->line_bytes += (size_t)got;
    p->line[p->line_bytes] = '\0';
    char *end;
    while ((end = strpbrk(p->line, "\r\n")) != NULL) {
        *end = '\0';
        const bool go_on =
            end == p->line || obey(p, p->line, out); /* "\r\n" leaves an empty line */
        p->line_bytes -= (size_t)(end + 1 - p->line);
        memmove(p->line, end + 1, p->line_bytes + 1);
        if (!go_on)
            return 0;
    }
    return p->line_bytes < sizeof(p->line) - 1 ? 1 : -EMSGSIZE;
}

int puppet_run(struct puppet *p, int in_fd, FILE *out)
{
    fprintf(out, "ready\n");
    fflush(out);
    for (;;) {
        const bool told = rest(p, UINT64_MAX, in_fd);
        int err = beat(p);
        if (err < 0)
            return err;
        if (!told)
            continue;
        err = read_commands(p, in_fd, out);
        if (err <= 0)
            return err;
    }
}
