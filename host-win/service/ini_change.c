/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/ini_change.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/* FNV-1a, 64 bits. */
#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

enum {
    READ_MAX_BYTES = 1 << 20, /* options_load_ini() reads no more */
    CHUNK_BYTES = 4096,
    MARK_MISSING = 1,
    MARK_FILE = 2,
};

static uint64_t fnv_add(uint64_t hash, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    return hash;
}

/* So that a line moved from one file to the next is a change. */
static uint64_t fnv_mark(uint64_t hash, unsigned char mark)
{
    return fnv_add(hash, &mark, 1);
}

static uint64_t add_file(uint64_t hash, const char *path)
{
    autoclose int fd = file_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fnv_mark(hash, MARK_MISSING);
    unsigned char chunk[CHUNK_BYTES];
    hash = fnv_mark(hash, MARK_FILE);
    for (size_t total = 0; total < READ_MAX_BYTES;) {
        const long got = (long)read(fd, chunk, sizeof(chunk));
        if (got <= 0)
            break;
        hash = fnv_add(hash, chunk, (size_t)got);
        total += (size_t)got;
    }
    return hash;
}

uint64_t ini_fingerprint(const char *const *paths, size_t count)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < count; i++)
        hash = add_file(hash, paths[i]);
    return hash;
}

void ini_change_init(struct ini_change *change, uint64_t fingerprint)
{
    *change = (struct ini_change){ .known = fingerprint, .seen = fingerprint };
}

bool ini_change_look(struct ini_change *change, uint64_t fingerprint, uint64_t now_ms)
{
    if (fingerprint != change->seen) {
        change->seen = fingerprint;
        change->seen_ms = now_ms;
    }
    if (change->seen == change->known || now_ms < ini_change_due_ms(change))
        return false;
    change->known = change->seen;
    return true;
}

uint64_t ini_change_due_ms(const struct ini_change *change)
{
    return change->seen == change->known ? UINT64_MAX : change->seen_ms + INI_CHANGE_SETTLE_MS;
}
