/* SPDX-License-Identifier: GPL-2.0-or-later
 * Our host and clients go through the moments of the golden images, under the same clock and with
 * the same random numbers: the whole region must be equal, byte for byte, but for what means
 * nothing. Pixels and pointer shapes are taken from the images; everything around them is ours. */
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "lgmp/client.h"
#include "lgmp/host.h"
#include "lgmp/layout.h"
#include "test.h"
#include "vector.h"

#define REGION_BYTES 1048576u

struct stage {
    uint8_t *mem;
    struct kvmfr_host *host;
    struct lgmp_client *client;
    struct lgmp_subscription *frames, *pointer;
    uint32_t set_count;
};

static uint32_t given_number(void *ctx)
{
    return *(const uint32_t *)ctx;
}

static struct lgmp_random number(uint32_t *v)
{
    return (struct lgmp_random){ given_number, v };
}

static void check_moment(const struct stage *s, const char *name)
{
    struct vector v;
    vector_load(name, &v);
    CHECK_INT(v.image.len_bytes, REGION_BYTES);
    uint8_t *skip = calloc(REGION_BYTES, 1);
    CHECK(skip);
    const cJSON *range;
    cJSON_ArrayForEach(range, cJSON_GetObjectItemCaseSensitive(v.expect, "undefined_bytes"))
        memset(skip + vector_number(range, "offset"), 1, vector_number(range, "length"));
    for (uint32_t i = 0; i < REGION_BYTES; i++)
        CHECK_MSG(skip[i] || s->mem[i] == v.image.mem[i], "%s: byte %u is %02x, expected %02x",
                  name, i, s->mem[i], v.image.mem[i]);
    free(skip);
    vector_fini(&v);
}

/* The two messages of the images; between reading and acknowledging is the moment of image 19. */
static void on_set_cursor(void *ctx, int32_t x, int32_t y)
{
    struct stage *s = ctx;
    if (s->set_count++ == 0) {
        CHECK_INT(x, 640);
        CHECK_INT(y, -17);
        check_moment(s, "19-client-message-read");
    } else {
        CHECK_INT(x, 1);
        CHECK_INT(y, 2);
    }
}

static struct kvmfr_session golden_session(void)
{
    return (struct kvmfr_session){
        .host_version = "B7-golden-vector",
        .has_vm = true,
        .capture = "D12",
        .cpus = 8,
        .cores = 4,
        .sockets = 1,
        .uuid = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x4d, 0xef, 0x80, 0x11, 0x22, 0x33, 0x44,
                  0x55, 0x66, 0x77 },
        .cpu_model = "Golden Vector CPU @ 3.0GHz",
        .has_os = true,
        .os = KVMFR_OS_WINDOWS,
        .os_name = "Windows 11 Pro (Build: 22631) ",
    };
}

static void start_host(struct stage *s, uint32_t *session_id, uint64_t now_ms)
{
    const struct kvmfr_host_config config = { .session = golden_session(),
                                              .shape_bytes = 16408,
                                              .now_ms = now_ms,
                                              .random = number(session_id),
                                              .set_cursor_position = on_set_cursor,
                                              .ctx = s };
    CHECK_INT(kvmfr_host_create(s->mem, REGION_BYTES, &config, &s->host), 0);
}

static void tick(struct stage *s, uint64_t now_ms)
{
    bool restarted = true;
    CHECK_INT(kvmfr_host_tick(s->host, now_ms, &restarted), 0);
    CHECK(!restarted);
}

static struct lgmp_client *new_client(struct stage *s, uint32_t *id)
{
    struct lgmp_client *c;
    CHECK_INT(lgmp_client_create(s->mem, REGION_BYTES, number(id), &c), LGMP_OK);
    return c;
}

static void start_session(struct lgmp_client *c)
{
    struct lgmp_session session;
    CHECK_INT(lgmp_client_start_session(c, 5, &session), LGMP_OK);
}

static void subscribe_first_client(struct stage *s)
{
    start_session(s->client);
    CHECK_INT(lgmp_client_subscribe(s->client, KVMFR_QUEUE_FRAME, &s->frames), LGMP_OK);
    CHECK_INT(lgmp_client_subscribe(s->client, KVMFR_QUEUE_POINTER, &s->pointer), LGMP_OK);
}

static void finish(struct lgmp_subscription *sub)
{
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
}

/* Shape and place as the image has them at `offset`. */
static void post_shape(struct stage *s, const struct vector *v, uint32_t offset, bool visible,
                       uint64_t now_ms)
{
    struct kvmfr_wire_pointer w;
    memcpy(&w, v->image.mem + offset, sizeof(w));
    const bool mono = w.shape_type + 1 == CURSOR_MONOCHROME;
    const struct cursor_shape shape = { .type = (enum cursor_type)(w.shape_type + 1),
                                        .width_px = w.width,
                                        .height_px = mono ? w.height / 2 : w.height,
                                        .pitch_bytes = w.pitch,
                                        .hot_x_px = w.hot_x,
                                        .hot_y_px = w.hot_y,
                                        .data = v->image.mem + offset + sizeof(w) };
    CHECK_INT(kvmfr_host_pointer(s->host, w.x, w.y, visible, &shape, now_ms), 0);
}

static struct kvmfr_frame_writer begin_frame(struct stage *s, const struct vector *v,
                                             uint32_t offset, uint64_t now_ms)
{
    struct kvmfr_wire_frame w;
    struct frame_rect damage[FRAME_MAX_DAMAGE];
    memcpy(&w, v->image.mem + offset, sizeof(w));
    for (uint32_t i = 0; i < w.damage_count; i++)
        damage[i] = (struct frame_rect){ w.damage[i].x, w.damage[i].y, w.damage[i].width,
                                         w.damage[i].height };
    const struct kvmfr_frame_desc desc = { .format = (enum frame_format)w.frame_type,
                                           .width_px = w.frame_width,
                                           .height_px = w.frame_height,
                                           .pitch_bytes = w.pitch,
                                           .rotation = (enum frame_rotation)w.rotation,
                                           .flags = w.flags,
                                           .damage_count = w.damage_count,
                                           .damage = damage };
    struct kvmfr_frame_writer out;
    CHECK_INT(kvmfr_host_begin_frame(s->host, &desc, now_ms, &out), 0);
    CHECK_INT(out.pixels - s->mem, offset + 4096);
    CHECK_INT(out.serial, w.frame_serial);
    return out;
}

static void copy_pixels(const struct vector *v, const struct kvmfr_frame_writer *w,
                        const uint8_t *mem, uint32_t from, uint32_t to)
{
    const size_t at = (size_t)from * w->pitch_bytes;
    memcpy(w->pixels + at, v->image.mem + (w->pixels - mem) + at,
           (size_t)(to - from) * w->pitch_bytes);
}

static void whole_frame(struct stage *s, const char *name, uint32_t offset)
{
    struct vector v;
    vector_load(name, &v);
    const struct kvmfr_frame_writer w = begin_frame(s, &v, offset, 1038);
    copy_pixels(&v, &w, s->mem, 0, w.rows_px);
    kvmfr_host_end_frame(s->host, &w);
    vector_fini(&v);
}

static void pointer_moments(struct stage *s)
{
    struct vector v;
    vector_load("07-frame-posted-empty", &v);
    kvmfr_host_repeat_frame(s->host, 1015);
    kvmfr_host_pointer_repeat(s->host, 1015);
    post_shape(s, &v, 6800, true, 1017);
    CHECK_INT(kvmfr_host_pointer(s->host, -5, 321, true, NULL, 1018), 0);
    check_moment(s, "04-pointer-color-and-move");
    finish(s->pointer);
    check_moment(s, "05-pointer-first-done");
    finish(s->pointer);
    post_shape(s, &v, 23208, true, 1018);
    finish(s->pointer);
    post_shape(s, &v, 39616, false, 1018);
    finish(s->pointer);
    vector_fini(&v);
}

static void first_frame_moments(struct stage *s)
{
    struct vector v;
    vector_load("09-frame-bgra-complete", &v);
    const struct kvmfr_frame_writer w = begin_frame(s, &v, 57344, 1038);
    check_moment(s, "07-frame-posted-empty");
    copy_pixels(&v, &w, s->mem, 0, 20);
    kvmfr_host_raise_rows(s->host, &w, 20);
    check_moment(s, "08-frame-bgra-partial");
    copy_pixels(&v, &w, s->mem, 20, 48);
    kvmfr_host_end_frame(s->host, &w);
    check_moment(s, "09-frame-bgra-complete");
    finish(s->frames);
    check_moment(s, "10-frame-done");
    vector_fini(&v);
}

/* The reference was told by hand to send 30 of 48 rows, which would have fitted. Ours truncates by
 * itself and only where it must (tests/common/kvmfr), so this one payload is completed from the
 * image; the message around it is ours. */
static void hand_made_truncation(struct stage *s)
{
    struct vector v;
    vector_load("18-client-messages-sent", &v);
    const struct kvmfr_frame_writer w = begin_frame(s, &v, 552960, 1038);
    kvmfr_host_end_frame(s->host, &w);
    memcpy(s->mem + 552960, v.image.mem + 552960, 495616);
    vector_fini(&v);
}

static void later_frame_moments(struct stage *s)
{
    struct vector v;
    whole_frame(s, "11-frame-rgba10", 552960);
    check_moment(s, "11-frame-rgba10");
    finish(s->frames);
    vector_load(
        "13-frame-rgb24",
        &v); /* still shows the header of the 16-bit frame before it, which never got pixels */
    (void)begin_frame(s, &v, 57344, 1038);
    finish(s->frames);
    vector_fini(&v);
    whole_frame(s, "13-frame-rgb24", 552960);
    check_moment(s, "13-frame-rgb24");
    finish(s->frames);
    whole_frame(s, "14-frame-bgr32", 57344);
    check_moment(s, "14-frame-bgr32");
    finish(s->frames);
    whole_frame(s, "15-frame-queue-full-damage", 552960);
    whole_frame(s, "15-frame-queue-full-damage", 57344);
    check_moment(s, "15-frame-queue-full-damage");
    finish(s->frames);
    finish(s->frames);
    hand_made_truncation(s);
    finish(s->frames);
}

static void inbox_moments(struct stage *s)
{
    const struct kvmfr_wire_set_cursor messages[] = { { 0, 640, -17 }, { 0, 1, 2 } };
    uint32_t serial = 0;
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_INT(lgmp_client_send(s->pointer, &messages[i], sizeof(messages[i]), &serial),
                  LGMP_OK);
        CHECK_INT(serial, i + 1);
    }
    check_moment(s, "18-client-messages-sent");
    tick(s, 1038);
    CHECK_INT(s->set_count, 2);
    check_moment(s, "20-client-messages-acked");
}

static void slow_client_moments(struct stage *s)
{
    struct lgmp_wire_header *h = (struct lgmp_wire_header *)(void *)s->mem;
    struct lgmp_subscription *slow_pointer, *third_pointer;
    uint32_t slow_id = 1681692777, third_id = 1714636915;
    struct lgmp_client *slow = new_client(s, &slow_id);
    tick(s, 1048);
    start_session(slow);
    CHECK_INT(lgmp_client_subscribe(slow, KVMFR_QUEUE_POINTER, &slow_pointer), LGMP_OK);
    /* The reference's host looked at the counter and did not re-post; ours would. */
    CHECK_INT(atomic_exchange(&h->queues[1].new_subscribers, 0), 1);
    for (int32_t i = 1; i <= 2; i++)
        CHECK_INT(kvmfr_host_pointer(s->host, i, i, true, NULL, 1050), 0);
    finish(s->pointer);
    finish(s->pointer);
    check_moment(s, "21-slow-client-pending");
    tick(s, 2051); /* one more than the deadline of 2050: evicted */
    CHECK(!lgmp_client_still_subscribed(slow_pointer));
    struct lgmp_client *third = new_client(s, &third_id);
    tick(s, 3052);
    start_session(third);
    CHECK_INT(lgmp_client_subscribe(third, KVMFR_QUEUE_POINTER, &third_pointer), LGMP_OK);
    check_moment(s, "23-slot-reaped");
    lgmp_client_unsubscribe(third_pointer);
    lgmp_client_unsubscribe(s->frames);
    check_moment(s, "24-unsubscribed");
    lgmp_client_destroy(third);
    lgmp_client_destroy(slow);
}

static void setup(struct stage *s, int fill)
{
    *s = (struct stage){ .mem = NULL };
    void *mem;
    CHECK(posix_memalign(&mem, 4096, REGION_BYTES) == 0);
    memset(mem, fill, REGION_BYTES);
    s->mem = mem;
}

static void teardown(struct stage *s)
{
    lgmp_client_destroy(s->client);
    kvmfr_host_destroy(s->host);
    free(s->mem);
}

TEST(host_initialised)
{
    struct stage s;
    struct kvmfr_session session = golden_session();
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    uint32_t id = 1804289383;
    struct lgmp_host *host;
    setup(&s, 0);
    session.features = KVMFR_FEATURE_SET_CURSOR_POSITION;
    const struct lgmp_host_config config = { .udata = udata,
                                             .udata_bytes = kvmfr_session_write(&session, udata,
                                                                                sizeof(udata)),
                                             .now_ms = 1000,
                                             .random = number(&id) };
    CHECK_INT(lgmp_host_create(s.mem, REGION_BYTES, &config, &host), LGMP_OK);
    check_moment(&s, "01-host-init");
    lgmp_host_destroy(host);
    teardown(&s);
}

TEST(one_session_from_start_to_end)
{
    struct stage s;
    uint32_t session_id = 1804289383, client_id = 846930886;
    setup(&s, 0);
    start_host(&s, &session_id, 1000);
    check_moment(&s, "02-queues");
    s.client = new_client(&s, &client_id);
    tick(&s, 1010);
    subscribe_first_client(&s);
    check_moment(&s, "03-subscribed");
    pointer_moments(&s);
    tick(&s, 1038);
    first_frame_moments(&s);
    later_frame_moments(&s);
    inbox_moments(&s);
    slow_client_moments(&s);
    teardown(&s);
}

TEST(dirty_memory)
{
    struct stage s;
    uint32_t session_id = 424238335, client_id = 719885386;
    setup(&s, 0xA5);
    start_host(&s, &session_id, 50);
    s.client = new_client(&s, &client_id);
    tick(&s, 60);
    subscribe_first_client(&s);
    kvmfr_host_repeat_frame(s.host, 62);
    kvmfr_host_pointer_repeat(s.host, 62);
    struct vector v;
    vector_load("26-dirty-memory", &v);
    const struct kvmfr_frame_writer w = begin_frame(&s, &v, 57344, 62);
    copy_pixels(&v, &w, s.mem, 0, w.rows_px);
    kvmfr_host_end_frame(s.host, &w);
    CHECK_INT(kvmfr_host_pointer(s.host, 3, 4, true, NULL, 62), 0);
    check_moment(&s, "26-dirty-memory");
    vector_fini(&v);
    teardown(&s);
}
