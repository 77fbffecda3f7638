/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/settings_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/file.h"
#include "base/utf16.h"
#include "config/host_options.h"
#include "service/ini_change.h"

struct settings_watch {
    size_t count;
    char *folders[SETTINGS_FOLDERS_MAX], *files[SETTINGS_FOLDERS_MAX]; /* owned */
    HANDLE changes[SETTINGS_FOLDERS_MAX]; /* owned; NULL: not watched */
    uint64_t rest_until_ms;
    struct ini_change change;
};

static uint64_t fingerprint(const struct settings_watch *w)
{
    return ini_fingerprint((const char *const *)w->files, w->count);
}

static void watch_folder(struct settings_watch *w, size_t i)
{
    uint16_t folder[FILE_PATH_BYTES];
    if (utf16_from_utf8(w->folders[i], folder, ARRAY_LEN(folder)) < 0)
        return;
    HANDLE change = FindFirstChangeNotificationW(
        (const wchar_t *)folder, FALSE,
        FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_SIZE);
    if (change != INVALID_HANDLE_VALUE)
        w->changes[i] = change;
}

static int add_folder(struct settings_watch *w, const char *folder)
{
    const size_t file_bytes = strlen(folder) + sizeof("\\" HOST_OPTIONS_FILE);
    w->folders[w->count] = strdup(folder);
    w->files[w->count] = malloc(file_bytes);
    if (!w->folders[w->count] || !w->files[w->count])
        return -ENOMEM;
    snprintf(w->files[w->count], file_bytes, "%s\\%s", folder, HOST_OPTIONS_FILE);
    watch_folder(w, w->count++);
    return 0;
}

int settings_watch_create(const char *const *folders, size_t count, struct settings_watch **out)
{
    struct settings_watch *w = calloc(1, sizeof(*w));
    int err = w ? 0 : -ENOMEM;
    for (size_t i = 0; i < count && i < SETTINGS_FOLDERS_MAX && err == 0; i++)
        err = folders[i] ? add_folder(w, folders[i]) : 0;
    if (err < 0) {
        settings_watch_destroy(w);
        return err;
    }
    ini_change_init(&w->change, fingerprint(w));
    *out = w;
    return 0;
}

void settings_watch_destroy(struct settings_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < SETTINGS_FOLDERS_MAX; i++) {
        if (watch->changes[i])
            FindCloseChangeNotification(watch->changes[i]);
        free(watch->folders[i]);
        free(watch->files[i]);
    }
    free(watch);
}

size_t settings_watch_handles(const struct settings_watch *watch, uint64_t now_ms, void **handles)
{
    size_t count = 0;
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->changes[i] && now_ms >= watch->rest_until_ms)
            handles[count++] = watch->changes[i];
    }
    return count;
}

/* Before the files are read, so that what is written meanwhile is told again. */
static void listen_again(struct settings_watch *w, size_t i)
{
    if (!w->changes[i])
        watch_folder(w, i);
    else if (WaitForSingleObject(w->changes[i], 0) == WAIT_OBJECT_0 &&
             !FindNextChangeNotification(w->changes[i])) {
        FindCloseChangeNotification(w->changes[i]); /* the folder was removed */
        w->changes[i] = NULL;
    }
}

bool settings_watch_changed(struct settings_watch *watch, uint64_t now_ms)
{
    for (size_t i = 0; i < watch->count; i++)
        listen_again(watch, i);
    watch->rest_until_ms = now_ms + SETTINGS_REST_MS;
    return ini_change_look(&watch->change, fingerprint(watch), now_ms);
}

uint64_t settings_watch_due_ms(const struct settings_watch *watch, uint64_t now_ms)
{
    const uint64_t settled_ms = ini_change_due_ms(&watch->change);
    /* After the rest the handles are waited for again. */
    const bool rests = now_ms < watch->rest_until_ms;
    return rests && watch->rest_until_ms < settled_ms ? watch->rest_until_ms : settled_ms;
}
