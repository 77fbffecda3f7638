/* SPDX-License-Identifier: GPL-2.0-or-later
 * A driver that refuses to import. Needs one that can: skipped elsewhere; the end-to-end case
 * zero.inside.refused runs it in a guest that has one. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gl_fixture.h"
#include "render/dmabuf/fourcc.h"
#include "render/egl/import_dmabuf.h"

/* Of several planes; frames have none of these. */
#define FOURCC_NV12   0x3231564eu
#define FOURCC_YUV420 0x32315559u

enum { WIDTH = 64, HEIGHT = 64, PITCH = 256, REGION_BYTES = 65536 };

struct rig {
    struct gl_fixture gl;
    struct shm_region *region;
    struct dmabuf_source *source;
    struct import_dmabuf import;
};

static void open_rig(struct rig *r)
{
    struct shm_problem problem;
    struct dmabuf_problem dmabuf_problem;
    gl_fixture_init(&r->gl, WIDTH, HEIGHT, 1, false);
    const char *missing = import_dmabuf_missing(&r->gl.egl);
    if (missing)
        SKIP("%s", missing);
    const int fd = memfd_create("test-import", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(fd >= 0 && ftruncate(fd, REGION_BYTES) == 0);
    CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    CHECK_INT(shm_region_open_fd(fd, "test", &r->region, &problem), 0);
    close(fd);
    if (dmabuf_source_create(r->region, NULL, &r->source, &dmabuf_problem) < 0)
        SKIP("%s", dmabuf_problem.text);
    import_dmabuf_init(&r->import, &r->gl.egl);
}

static void close_rig(struct rig *r)
{
    import_dmabuf_forget(&r->import);
    dmabuf_source_destroy(r->source);
    shm_region_close(r->region);
    gl_fixture_fini(&r->gl);
}

static int open_files(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    CHECK(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static const struct dmabuf_picture good = { .fourcc = FOURCC_XRGB8888,
                                            .width = WIDTH,
                                            .height = HEIGHT,
                                            .pitch_bytes = PITCH,
                                            .len_bytes = PITCH * HEIGHT };

/* Each is refused with a reason, leaves nothing behind, and is no harm to what comes next. */
TEST(refusals)
{
    static const struct {
        const char *name;
        struct dmabuf_picture picture;
        const char *reason; /* part of it */
    } rows[] = {
        { "a format that nobody has",
          { 0x5a5a5a5a, WIDTH, HEIGHT, PITCH, 0, PITCH * HEIGHT },
          "does not import pixels of format ZZZZ" },
        { "planes that are not given", /* eglCreateImage itself refuses */
          { FOURCC_NV12, WIDTH, HEIGHT, PITCH, 0, PITCH * HEIGHT },
          "the driver " },
        { "three of them",
          { FOURCC_YUV420, WIDTH, HEIGHT, PITCH, 0, PITCH * HEIGHT },
          "the driver " },
        { "beyond the region",
          { FOURCC_XRGB8888, WIDTH, HEIGHT, PITCH, REGION_BYTES, PITCH * HEIGHT },
          "" },
    };
    static struct rig r;
    open_rig(&r);
    CHECK(import_dmabuf_find(&r.import, r.source, &good)); /* the driver has all files it wants */
    import_dmabuf_forget(&r.import);
    const int files = open_files();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct import_entry *entry =
            import_dmabuf_find(&r.import, r.source, &rows[i].picture);
        CHECK_MSG(!entry, "%s: was imported", rows[i].name);
        CHECK_MSG(r.import.reason[0] && strstr(r.import.reason, rows[i].reason), "%s: %s",
                  rows[i].name, r.import.reason);
        printf("%s: %s\n", rows[i].name, r.import.reason);
        CHECK_MSG(open_files() == files, "%s: a file is left open", rows[i].name);
        CHECK_MSG(import_dmabuf_find(&r.import, r.source, &good), "after %s: %s", rows[i].name,
                  r.import.reason);
        import_dmabuf_forget(&r.import);
    }
    close_rig(&r);
}

TEST(imported_once)
{
    static struct rig r;
    open_rig(&r);
    const struct import_entry *first = import_dmabuf_find(&r.import, r.source, &good);
    CHECK_MSG(first, "%s", r.import.reason);
    const int files = open_files();
    CHECK(import_dmabuf_find(&r.import, r.source, &good) == first);
    CHECK_INT(open_files(), files);
    close_rig(&r);
}
