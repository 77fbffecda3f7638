/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/viewer_figures.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/macros.h"
#include "base/text.h"
#include "source/source.h"
#include "viewer/report.h"

/* The whole answer, or NULL. */
static cJSON *read_answer(int fd)
{
    char text[REPORT_MAX_BYTES];
    size_t used = 0;
    const uint64_t end_ms = clock_ms() + VIEWER_FIGURES_TIMEOUT_MS;
    while (used < sizeof(text)) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const uint64_t now_ms = clock_ms();
        if (now_ms >= end_ms || poll(&p, 1, (int)(end_ms - now_ms)) <= 0)
            return NULL;
        const ssize_t got = read(fd, text + used, sizeof(text) - used);
        if (got == 0)
            return cJSON_ParseWithLength(text, used);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return NULL;
        used += got > 0 ? (size_t)got : 0;
    }
    return NULL;
}

static cJSON *ask(const char *dir, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || len < 0 || (size_t)len >= sizeof(address.sun_path) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return NULL; /* left behind by one that was killed */
    cJSON *viewer = read_answer(fd);
    if (viewer && cJSON_IsObject(viewer))
        return viewer;
    cJSON_Delete(viewer);
    return NULL;
}

static void add_viewer(cJSON *list, const char *dir, const char *name)
{
    int pid = 0, end = 0;
    if (sscanf(name, "view-%d.sock%n", &pid, &end) != 1 || end == 0 || name[end] || pid <= 0)
        return;
    cJSON *viewer = ask(dir, name);
    if (!viewer)
        return;
    cJSON_AddNumberToObject(viewer, "pid", pid);
    if (!cJSON_AddItemToArray(list, viewer))
        cJSON_Delete(viewer);
}

struct cJSON *viewer_figures_read(void)
{
    char path[512];
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    cJSON *list = cJSON_CreateArray();
    if (!list || !runtime || runtime[0] != '/')
        return list;
    snprintf(path, sizeof(path), "%s/espelho", runtime);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL && cJSON_GetArraySize(list) < VIEWER_FIGURES_MAX)
        add_viewer(list, path, entry->d_name);
    if (dir)
        closedir(dir);
    return list;
}

/* A word of ours: anything else is not shown. */
static const char *word(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    if (!text || !*text || strlen(text) >= 16 || strspn(text, letters) != strlen(text))
        return "-";
    return text;
}

/* What people read for such a word. */
struct wording {
    const char *word, *text;
};

static const char *text_of(const cJSON *object, const char *name, const struct wording *rows,
                           size_t count)
{
    const char *found = word(object, name);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].word, found) == 0)
            return _(rows[i].text);
    return "-";
}

static const char *spice_text(const cJSON *viewer)
{
    static const struct wording rows[] = {
        { "off", N_("SPICE off") },         { "connecting", N_("SPICE connecting") },
        { "up", N_("SPICE connected") },    { "waiting", N_("SPICE waiting") },
        { "refused", N_("SPICE refused") },
    };
    return text_of(viewer, "spice", rows, ARRAY_LEN(rows));
}

static const char *bell_text(const cJSON *viewer)
{
    const char *found = word(viewer, "doorbell");
    for (enum source_bell bell = SOURCE_BELL_NONE; bell <= SOURCE_BELL_BROKEN; bell++)
        if (strcmp(source_bell_name(bell), found) == 0)
            return source_bell_text(bell);
    return "-";
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Stage by stage, median and 99th percentile, of what is known. */
static void add_stages(const cJSON *viewer, char *text, size_t text_bytes)
{
    static const struct {
        const char *name, *title;
    } rows[] = {
        { "capture_to_post", N_("post") },        { "post_to_notice", N_("notice") },
        { "notice_to_complete", N_("complete") }, { "complete_to_commit", N_("commit") },
        { "commit_to_present", N_("screen") },    { "total", N_("total") },
    };
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(viewer, "stages_us");
    size_t used = strlen(text);
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(rows) && used < text_bytes; i++) {
        const cJSON *stage = cJSON_GetObjectItemCaseSensitive(stages, rows[i].name);
        if (!cJSON_IsObject(stage))
            continue;
        snprintf(text + used, text_bytes - used, "%s%s %.0f/%.0f", any ? ", " : _("; us p50/p99: "),
                 _(rows[i].title), number(stage, "p50"), number(stage, "p99"));
        used = strlen(text);
        any = true;
    }
}

static void add_sound(const cJSON *viewer, char *text, size_t text_bytes)
{
    const cJSON *sound = cJSON_GetObjectItemCaseSensitive(viewer, "sound");
    const size_t used = strlen(text);
    if (!cJSON_IsObject(sound))
        return;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(sound, "playing")))
        snprintf(text + used, text_bytes - used,
                 _(", sound %.0f ms (wanted %.0f), %.0f gaps, drift %+.0f ppm"),
                 number(sound, "latency_ms"), number(sound, "target_ms"),
                 number(sound, "underruns"), number(sound, "drift_ppm"));
    else
        snprintf(text + used, text_bytes - used, _(", no sound"));
}

void viewer_figures_text(const struct cJSON *viewer, char *text, size_t text_bytes)
{
    if (strcmp(word(viewer, "picture"), "none") == 0)
        snprintf(text, text_bytes, _("viewer %.0f: no picture yet; %s"), number(viewer, "pid"),
                 spice_text(viewer));
    else
        snprintf(text, text_bytes,
                 _("viewer %.0f: %s by %s; %s; waits by %s; %s; commit after %s ms"),
                 number(viewer, "pid"), word(viewer, "picture"), word(viewer, "renderer"),
                 spice_text(viewer), word(viewer, "wait"), bell_text(viewer),
                 DECIMAL(number(viewer, "notice_to_commit_ms"), 2));
    add_sound(viewer, text, text_bytes);
    add_stages(viewer, text, text_bytes);
}
