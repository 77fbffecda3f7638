/* SPDX-License-Identifier: GPL-2.0-or-later
 * agent: the guest's SPICE agent for tests, moved by lines of text on stdin, on the virtio port
 * com.redhat.spice.0. It is told, and answers "ok" or "error":
 *     announce CAPS REQUEST      capabilities (hexadecimal, bit n: VD_AGENT_CAP n), ask for theirs?
 *     grab SELECTION TYPE...     clipboard types by number
 *     release SELECTION
 *     request SELECTION TYPE
 *     serve TYPE BYTES SEED      what a request for TYPE is answered with: pattern.h; 1 is text
 *     reply TYPE BYTES           a message of any type, with that many zeroes
 *     raw HEX                    bytes for the port, as they are
 *     flood TYPE CLAIMED MIB     clipboard data whose header claims CLAIMED bytes; MIB are sent
 *     die                        says "dying" and ends at once
 * What it says of messages that came:
 *     announced CAPS REQUEST
 *     grabbed SELECTION TYPE...
 *     released SELECTION
 *     requested SELECTION TYPE
 *     data SELECTION TYPE BYTES CRC32
 *     monitors WIDTH HEIGHT COUNT    of the first one
 *     file BYTES CRC32 NAME          once it is there; files are taken one after the other
 *     message TYPE BYTES             any other
 *     broken WHY                     what came is no message; reading goes on with the next chunk
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <spice/vd_agent.h>

#include "pattern.h"

#define PORTS     "/sys/class/virtio-ports"
#define PORT_NAME "com.redhat.spice.0"
enum {
    TYPES = 32,
    KEPT_BYTES = 512, /* of a message that came: the rest is only summed up */
    LINE_BYTES = 4096,
    CHUNK_BYTES = VD_AGENT_MAX_DATA_SIZE,
};

struct served {
    uint32_t bytes, seed;
    bool set;
};

struct agent {
    int port;
    struct crc32_table crc32; /* constant */
    struct served served[TYPES];
    /* Reading. */
    uint8_t chunk_head[sizeof(VDIChunkHeader)], head[sizeof(VDAgentMessage)], kept[KEPT_BYTES];
    size_t chunk_head_bytes, head_bytes;
    uint32_t chunk_left, chunk_port, taken, crc;
    struct {
        uint64_t bytes, due;
        uint32_t crc;
        char name[64];
    } file; /* that is coming */
    char line[LINE_BYTES];
    size_t line_bytes;
};

static int write_all(int fd, const void *bytes, size_t count)
{
    for (const uint8_t *p = bytes; count > 0;) {
        const ssize_t put = write(fd, p, count);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        if (put > 0) {
            p += put;
            count -= (size_t)put;
        }
    }
    return 0;
}

/* ---- sending ---- */

struct sender {
    const struct agent *agent;
    uint8_t buffer[sizeof(VDIChunkHeader) + CHUNK_BYTES];
    uint32_t used;
};

static int send_flush(struct sender *s)
{
    const VDIChunkHeader head = { .port = VDP_CLIENT_PORT, .size = s->used };
    memcpy(s->buffer, &head, sizeof(head));
    const int err = s->used ? write_all(s->agent->port, s->buffer, sizeof(head) + s->used) : 0;
    s->used = 0;
    return err;
}

static int send_bytes(struct sender *s, const void *bytes, size_t count)
{
    int err = 0;
    for (const uint8_t *p = bytes; count > 0 && err == 0;) {
        const size_t room = CHUNK_BYTES - s->used, part = count < room ? count : room;
        memcpy(s->buffer + sizeof(VDIChunkHeader) + s->used, p, part);
        s->used += (uint32_t)part;
        p += part;
        count -= part;
        if (s->used == CHUNK_BYTES)
            err = send_flush(s);
    }
    return err;
}

static int send_head(struct sender *s, uint32_t type, uint32_t claimed_bytes)
{
    const VDAgentMessage head = { .protocol = VD_AGENT_PROTOCOL,
                                  .type = type,
                                  .size = claimed_bytes };
    return send_bytes(s, &head, sizeof(head));
}

static int send_message(const struct agent *a, uint32_t type, const void *bytes, uint32_t count)
{
    struct sender s = { .agent = a };
    int err = send_head(&s, type, count);
    if (err == 0)
        err = send_bytes(&s, bytes, count);
    return err < 0 ? err : send_flush(&s);
}

static int send_pattern(struct sender *s, bool text, uint32_t seed, uint64_t count)
{
    uint8_t part[4096];
    int err = 0;
    for (uint64_t i = 0; i < count && err == 0;) {
        size_t n = 0;
        for (; n < sizeof(part) && i < count; n++, i++)
            part[n] = pattern_byte(text, seed, (size_t)i);
        err = send_bytes(s, part, n);
    }
    return err;
}

/* Clipboard data, with or without truth in its header. */
static int send_data(const struct agent *a, uint32_t selection, uint32_t type,
                     uint32_t claimed_bytes, uint32_t seed, uint64_t count)
{
    struct sender s = { .agent = a };
    const uint32_t head[2] = { selection, type };
    int err = send_head(&s, VD_AGENT_CLIPBOARD, claimed_bytes);
    if (err == 0)
        err = send_bytes(&s, head, sizeof(head));
    if (err == 0)
        err = send_pattern(&s, type == VD_AGENT_CLIPBOARD_UTF8_TEXT, seed, count);
    return err < 0 ? err : send_flush(&s);
}

static int answer_request(const struct agent *a, uint32_t selection, uint32_t type)
{
    if (type >= TYPES || !a->served[type].set)
        return 0;
    const struct served *s = &a->served[type];
    return send_data(a, selection, type, (uint32_t)sizeof(uint32_t[2]) + s->bytes, s->seed,
                     s->bytes);
}

/* ---- what came ---- */

static uint32_t word(const struct agent *a, size_t index)
{
    uint32_t w = 0;
    if ((index + 1) * sizeof(w) <= a->taken && (index + 1) * sizeof(w) <= KEPT_BYTES)
        memcpy(&w, a->kept + index * sizeof(w), sizeof(w));
    return w;
}

static void say_grabbed(const struct agent *a)
{
    printf("grabbed %u", word(a, 0) & 255);
    /* With VD_AGENT_CAP_CLIPBOARD_GRAB_SERIAL there would be one more word; it is not announced. */
    for (size_t i = 1; i < a->taken / 4; i++)
        printf(" %" PRIu32, word(a, i));
    printf("\n");
}

/* ---- files ---- */

static int tell_status(const struct agent *a, uint32_t id, uint32_t result)
{
    const uint32_t words[2] = { id, result };
    return send_message(a, VD_AGENT_FILE_XFER_STATUS, words, sizeof(words));
}

static void end_file(struct agent *a)
{
    if (a->file.bytes < a->file.due)
        return;
    printf("file %" PRIu64 " %08" PRIx32 " %s\n", a->file.bytes, a->file.crc, a->file.name);
    tell_status(a, word(a, 0), VD_AGENT_FILE_XFER_STATUS_SUCCESS);
}

/* The id, and a key file's text. */
static void start_file(struct agent *a)
{
    a->kept[KEPT_BYTES - 1] = '\0';
    const char *name = strstr((const char *)a->kept + 4, "name="),
               *size = strstr((const char *)a->kept + 4, "size=");
    memset(&a->file, 0, sizeof(a->file));
    if (!name || !size || sscanf(name, "name=%63[^\n]", a->file.name) != 1 ||
        sscanf(size, "size=%" SCNu64, &a->file.due) != 1) {
        printf("broken file\n");
        return;
    }
    tell_status(a, word(a, 0), VD_AGENT_FILE_XFER_STATUS_CAN_SEND_DATA);
}

/* Of the message that is coming: what is in front of the data. */
static size_t skipped_bytes(const struct agent *a)
{
    VDAgentMessage head;
    memcpy(&head, a->head, sizeof(head));
    return head.type == VD_AGENT_FILE_XFER_DATA ? sizeof(VDAgentFileXferDataMessage) : 8;
}

static void obey_message(struct agent *a, uint32_t type)
{
    const uint32_t selection = word(a, 0) & 255;
    switch (type) {
    case VD_AGENT_ANNOUNCE_CAPABILITIES:
        printf("announced %" PRIx32 " %" PRIu32 "\n", word(a, 1), word(a, 0));
        break;
    case VD_AGENT_CLIPBOARD_GRAB:
        say_grabbed(a);
        break;
    case VD_AGENT_CLIPBOARD_RELEASE:
        printf("released %u\n", selection);
        break;
    case VD_AGENT_CLIPBOARD_REQUEST:
        printf("requested %u %" PRIu32 "\n", selection, word(a, 1));
        answer_request(a, selection, word(a, 1));
        break;
    case VD_AGENT_CLIPBOARD:
        printf("data %u %" PRIu32 " %" PRIu32 " %08" PRIx32 "\n", selection, word(a, 1),
               a->taken > 8 ? a->taken - 8 : 0, a->crc);
        break;
    case VD_AGENT_FILE_XFER_START:
        start_file(a);
        break;
    case VD_AGENT_FILE_XFER_DATA:
        end_file(a);
        break;
    case VD_AGENT_MONITORS_CONFIG: /* count, flags, then height, width, depth, x, y of each */
        printf("monitors %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", word(a, 3), word(a, 2),
               word(a, 0));
        break;
    default:
        printf("message %" PRIu32 " %" PRIu32 "\n", type, a->taken);
    }
}

/* Takes what it needs of `count` bytes into a part of `size` bytes; returns how many. */
static size_t fill(uint8_t *part, size_t size, size_t *have, const uint8_t *bytes, size_t count)
{
    const size_t n = size - *have < count ? size - *have : count;
    memcpy(part + *have, bytes, n);
    *have += n;
    return n;
}

static void take_body(struct agent *a, const uint8_t *bytes, size_t count)
{
    const size_t at = a->taken;
    if (at < KEPT_BYTES)
        memcpy(a->kept + at, bytes, count < KEPT_BYTES - at ? count : KEPT_BYTES - at);
    const size_t head = skipped_bytes(a), skip = at < head ? head - at : 0;
    if (count > skip) {
        uint32_t *crc = head == 8 ? &a->crc : &a->file.crc;
        *crc = crc32_add(&a->crc32, *crc, bytes + skip, count - skip);
        a->file.bytes += head == 8 ? 0 : count - skip;
    }
    a->taken += (uint32_t)count;
}

static void take_payload(struct agent *a, const uint8_t *bytes, size_t count)
{
    while (count > 0 || a->head_bytes == sizeof(a->head)) {
        VDAgentMessage head;
        size_t n = fill(a->head, sizeof(a->head), &a->head_bytes, bytes, count);
        bytes += n;
        count -= n;
        if (a->head_bytes < sizeof(a->head))
            return;
        memcpy(&head, a->head, sizeof(head));
        n = head.size - a->taken < count ? head.size - a->taken : count;
        take_body(a, bytes, n);
        bytes += n;
        count -= n;
        if (a->taken < head.size)
            return;
        obey_message(a, head.type);
        a->head_bytes = 0;
        a->taken = a->crc = 0;
    }
}

static void take(struct agent *a, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        if (a->chunk_left == 0) {
            VDIChunkHeader head;
            const size_t n =
                fill(a->chunk_head, sizeof(a->chunk_head), &a->chunk_head_bytes, bytes, count);
            bytes += n;
            count -= n;
            if (a->chunk_head_bytes < sizeof(a->chunk_head))
                return;
            memcpy(&head, a->chunk_head, sizeof(head));
            a->chunk_head_bytes = 0;
            a->chunk_left = head.size;
            a->chunk_port = head.port;
            if (head.size > CHUNK_BYTES)
                printf("broken chunk of %" PRIu32 " bytes\n", head.size);
            continue;
        }
        const size_t n = count < a->chunk_left ? count : a->chunk_left;
        if (a->chunk_port == VDP_CLIENT_PORT)
            take_payload(a, bytes, n);
        bytes += n;
        count -= n;
        a->chunk_left -= (uint32_t)n;
    }
}

/* ---- what it is told ---- */

static int command_grab(const struct agent *a, const char *args)
{
    uint32_t words[1 + TYPES];
    uint32_t count = 0;
    int used;
    while (count < 1 + TYPES && sscanf(args, "%" SCNu32 "%n", &words[count], &used) == 1) {
        args += used;
        count++;
    }
    return count < 1 ? -EINVAL : send_message(a, VD_AGENT_CLIPBOARD_GRAB, words, count * 4);
}

static int command_raw(const struct agent *a, const char *hex)
{
    unsigned byte;
    int err = 0;
    for (; err == 0 && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        const uint8_t b = (uint8_t)byte;
        err = write_all(a->port, &b, 1);
    }
    return err;
}

static int command_reply(const struct agent *a, uint32_t type, uint32_t bytes)
{
    void *zeroes = calloc(1, bytes + 1);
    const int err = zeroes ? send_message(a, type, zeroes, bytes) : -ENOMEM;
    free(zeroes);
    return err;
}

static int obey(struct agent *a, const char *line)
{
    char verb[16] = "";
    int used = 0;
    sscanf(line, "%15s %n", verb, &used);
    const char *const args = line + used;
    uint32_t n[3] = { 0 };
    const int numbers = sscanf(args, "%" SCNi32 " %" SCNi32 " %" SCNi32, (int32_t *)&n[0],
                               (int32_t *)&n[1], (int32_t *)&n[2]);
    if (strcmp(verb, "announce") == 0) {
        uint32_t words[2] = { 0 }; /* request, caps */
        if (sscanf(args, "%" SCNx32 " %" SCNu32, &words[1], &words[0]) != 2)
            return -EINVAL;
        return send_message(a, VD_AGENT_ANNOUNCE_CAPABILITIES, words, sizeof(words));
    }
    if (strcmp(verb, "grab") == 0)
        return command_grab(a, args);
    if (strcmp(verb, "release") == 0 && numbers == 1)
        return send_message(a, VD_AGENT_CLIPBOARD_RELEASE, n, 4);
    if (strcmp(verb, "request") == 0 && numbers == 2)
        return send_message(a, VD_AGENT_CLIPBOARD_REQUEST, n, 8);
    if (strcmp(verb, "serve") == 0 && numbers == 3 && n[0] < TYPES) {
        a->served[n[0]] = (struct served){ .bytes = n[1], .seed = n[2], .set = true };
        return 0;
    }
    if (strcmp(verb, "reply") == 0 && numbers == 2)
        return command_reply(a, n[0], n[1]);
    if (strcmp(verb, "raw") == 0)
        return command_raw(a, args);
    if (strcmp(verb, "flood") == 0 &&
        sscanf(args, "%" SCNu32 " %" SCNu32 " %" SCNu32, &n[0], &n[1], &n[2]) == 3)
        return send_data(a, 0, n[0], n[1], 0, (uint64_t)n[2] << 20);
    if (strcmp(verb, "die") == 0) {
        printf("dying\n");
        _exit(0);
    }
    return -EINVAL;
}

/* 1; 0 at the end of the commands; -errno. */
static int read_commands(struct agent *a)
{
    const ssize_t got =
        read(STDIN_FILENO, a->line + a->line_bytes, sizeof(a->line) - 1 - a->line_bytes);
    if (got <= 0)
        return got < 0 ? -errno : 0;
    a->line_bytes += (size_t)got;
    a->line[a->line_bytes] = '\0';
    for (char *end; (end = strchr(a->line, '\n'));) {
        *end = '\0';
        const int err = obey(a, a->line);
        if (err < 0)
            printf("error agent: %s: %s\n", a->line, strerror(-err));
        else
            printf("ok\n");
        a->line_bytes -= (size_t)(end + 1 - a->line);
        memmove(a->line, end + 1, a->line_bytes + 1);
    }
    return a->line_bytes < sizeof(a->line) - 1 ? 1 : -EMSGSIZE;
}

/* Opens the port of our name. */
static int open_port(void)
{
    DIR *dir = opendir(PORTS);
    int fd = -1;
    for (const struct dirent *e; fd < 0 && dir && (e = readdir(dir));) {
        char path[320], name[64] = "";
        snprintf(path, sizeof(path), PORTS "/%s/name", e->d_name);
        FILE *f = fopen(path, "re");
        if (f && fgets(name, sizeof(name), f) && strncmp(name, PORT_NAME, strlen(PORT_NAME)) == 0) {
            snprintf(path, sizeof(path), "/dev/%s", e->d_name);
            fd = open(path, O_RDWR | O_CLOEXEC);
        }
        if (f)
            fclose(f);
    }
    if (dir)
        closedir(dir);
    return fd;
}

int main(void)
{
    static struct agent a;
    static uint8_t bytes[65536];
    static char out[4096];
    setvbuf(stdout, out, _IOLBF, sizeof(out));
    crc32_table_init(&a.crc32);
    a.port = open_port();
    if (a.port < 0) {
        printf("error agent: no port called " PORT_NAME "\n");
        return 1;
    }
    printf("agent up\n");
    for (;;) {
        struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                 { .fd = a.port, .events = POLLIN } };
        if (poll(fds, 2, 1000) < 0 && errno != EINTR)
            return 1;
        if (fds[0].revents && read_commands(&a) <= 0)
            return 0;
        if (fds[1].revents & POLLIN) {
            const ssize_t got = read(a.port, bytes, sizeof(bytes));
            if (got > 0)
                take(&a, bytes, (size_t)got);
        } else if (fds[1].revents & POLLHUP) {
            a.chunk_left = 0; /* the client is gone, perhaps in the middle of a message */
            a.chunk_head_bytes = a.head_bytes = 0;
            a.taken = a.crc = 0;
            usleep(20000);
        }
    }
}
