/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records what a real server sends, as seeds for the fuzz targets: `spice_record SOCKET DIR MS`
 * writes DIR/CHANNEL/TYPE-N: a mini header and the body, at most three of a type and none above
 * 16 KiB. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/clock.h"
#include "base/macros.h"
#include "spice/channel.h"
#include "spice/reader.h"

enum { MAX_OF_A_TYPE = 3, MAX_BYTES = 16 * 1024, MAX_CHANNELS = 8 };

struct recorder {
    const char *name;
    uint8_t counts[512];
};

static const char *out_dir;
static struct loop *loop;
static struct spice_server server;
static uint32_t connection_id;

static void record(struct recorder *r, uint16_t type, const uint8_t *body, size_t body_bytes)
{
    char path[512];
    uint8_t header[6];
    if (type >= sizeof(r->counts) || r->counts[type] >= MAX_OF_A_TYPE || body_bytes > MAX_BYTES)
        return;
    snprintf(path, sizeof(path), "%s/%s", out_dir, r->name);
    (void)mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/%s/%u-%u", out_dir, r->name, type, r->counts[type]++);
    spice_put_u16(header, type);
    spice_put_u32(header + 2, (uint32_t)body_bytes);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(header, 1, sizeof(header), f) != sizeof(header) ||
        fwrite(body, 1, body_bytes, f) != body_bytes || fclose(f) != 0)
        exit(1);
}

static void greet_display(void *ctx, struct spice_channel *c)
{
    uint8_t init[14] = { 0 };
    (void)ctx;
    if (spice_channel_send(c, SPICE_MSGC_DISPLAY_INIT, init, sizeof(init)) < 0)
        exit(1);
}

static int on_message(void *ctx, struct spice_channel *c, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    (void)c;
    record(ctx, type, body, body_bytes);
    return 0;
}

static void on_down(void *ctx, struct spice_channel *c, const struct spice_problem *problem)
{
    (void)ctx, (void)c;
    fprintf(stderr, "%s\n", problem->text);
}

static struct recorder recorders[MAX_CHANNELS];
static const struct spice_channel_ops channels[MAX_CHANNELS] = {
    { .name = "display", .type = SPICE_CHANNEL_DISPLAY, .greet = greet_display },
    { .name = "inputs", .type = SPICE_CHANNEL_INPUTS },
    { .name = "cursor", .type = SPICE_CHANNEL_CURSOR },
    { .name = "playback",
      .type = SPICE_CHANNEL_PLAYBACK,
      .caps = 1u << SPICE_PLAYBACK_CAP_VOLUME | 1u << SPICE_PLAYBACK_CAP_OPUS },
    { .name = "record", .type = SPICE_CHANNEL_RECORD, .caps = 1u << SPICE_RECORD_CAP_VOLUME },
};
static struct spice_channel_ops complete[MAX_CHANNELS];

static void open_channel(uint8_t type, uint8_t id)
{
    struct spice_channel *channel;
    for (size_t i = 0; i < MAX_CHANNELS && channels[i].name; i++) {
        if (channels[i].type != type)
            continue;
        recorders[i].name = channels[i].name;
        complete[i] = channels[i];
        complete[i].max_message_bytes = 64 * 1024 * 1024;
        complete[i].on_message = on_message;
        complete[i].on_down = on_down;
        if (spice_channel_create(loop, &server, connection_id, id, &complete[i], &recorders[i],
                                 &channel) < 0)
            exit(1);
    }
}

static int on_main_message(void *ctx, struct spice_channel *c, uint16_t type, const uint8_t *body,
                           size_t body_bytes)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    record(ctx, type, body, body_bytes);
    if (type == SPICE_MSG_MAIN_INIT) {
        connection_id = spice_read_u32(&r);
        return spice_channel_send(c, SPICE_MSGC_MAIN_ATTACH_CHANNELS, NULL, 0);
    }
    if (type == SPICE_MSG_MAIN_CHANNELS_LIST) {
        for (uint32_t left = spice_read_u32(&r); left > 0 && !r.bad; left--) {
            const uint8_t channel_type = spice_read_u8(&r);
            open_channel(channel_type, spice_read_u8(&r));
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct recorder recorder = { .name = "main" };
    const struct spice_channel_ops ops = { .name = "main",
                                           .type = SPICE_CHANNEL_MAIN,
                                           .max_message_bytes = 1024 * 1024,
                                           .caps = 1u << SPICE_MAIN_CAP_NAME_AND_UUID |
                                                   1u << SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS,
                                           .on_message = on_main_message,
                                           .on_down = on_down };
    struct spice_channel *channel;
    if (argc != 4) {
        fprintf(stderr, "usage: spice_record SOCKET DIR MS\n");
        return 2;
    }
    out_dir = argv[2];
    server.socket_path = argv[1];
    const uint64_t end_ms = clock_ms() + strtoul(argv[3], NULL, 10);
    if (loop_create(&loop) < 0 ||
        spice_channel_create(loop, &server, 0, 0, &ops, &recorder, &channel) < 0)
        return 1;
    while (clock_ms() < end_ms)
        if (loop_run_once(loop, 50) < 0)
            return 1;
    return 0; /* the system closes the rest */
}
