/* SPDX-License-Identifier: GPL-2.0-or-later
 * The producer's copy into the region against the best that the machine can do: libc's memcpy, and
 * non-temporal stores in the plainest loop, measured in changing order in the same run, on the same
 * two private sources and two shared destinations. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/clock.h"
#include "base/macros.h"
#include "figure.h"
#include "kvmfr/host.h"

enum { TURNS = 48 };

struct frame {
    const char *name;
    uint32_t width_px, height_px;
};

typedef void copy_fn(uint8_t *dst, const uint8_t *src, const struct frame *f);

static size_t bytes_of(const struct frame *f)
{
    return (size_t)f->width_px * f->height_px * 4;
}

static void copy_ours(uint8_t *dst, const uint8_t *src, const struct frame *f)
{
    const size_t row_bytes = f->width_px * 4;
    kvmfr_copy_rows(dst, row_bytes, src, row_bytes, row_bytes, f->height_px);
}

static void copy_libc(uint8_t *dst, const uint8_t *src, const struct frame *f)
{
    memcpy(dst, src, bytes_of(f));
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void copy_streamed(uint8_t *dst, const uint8_t *src,
                                                          const struct frame *f)
{
    for (size_t i = 0; i < bytes_of(f); i += 64) {
        const __m256i a = _mm256_load_si256((const __m256i *)(const void *)(src + i));
        const __m256i b = _mm256_load_si256((const __m256i *)(const void *)(src + i + 32));
        _mm256_stream_si256((__m256i *)(void *)(dst + i), a);
        _mm256_stream_si256((__m256i *)(void *)(dst + i + 32), b);
    }
    _mm_sfence();
}
#endif

static uint8_t *map(size_t bytes)
{
    const int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
        exit(2);
    uint8_t *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (mem == MAP_FAILED)
        exit(2);
    return mem;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, TURNS, sizeof(values[0]), by_value);
    return values[TURNS / 2];
}

static void measure(const struct frame *f)
{
    copy_fn *ways[3] = { copy_ours, copy_libc };
    size_t count = 2;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        ways[count++] = copy_streamed;
#endif
    const size_t bytes = bytes_of(f);
    uint8_t *src = aligned_alloc(4096, 2 * bytes), *dst = map(2 * bytes);
    static double gbps[3][TURNS];
    if (!src)
        exit(2);
    for (size_t i = 0; i < 2 * bytes; i++)
        src[i] = (uint8_t)(i >> 5);
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (size_t i = 0; i < count; i++) {
            const size_t w =
                (i + turn / 2) % count; /* who comes first finds the source cold: each in turn */
            const uint64_t from_ns = clock_ns();
            ways[w](dst + turn % 2 * bytes, src + turn % 2 * bytes, f);
            gbps[w][turn] = (double)bytes / (double)(clock_ns() - from_ns);
        }
    }
    if (memcmp(dst, src, 2 * bytes) != 0) {
        fprintf(stderr, "the copy is wrong\n");
        exit(1);
    }
    double best = 0;
    char name[80];
    for (size_t w = 1; w < count; w++) {
        const double m = median(gbps[w]);
        best = m > best ? m : best;
    }
    const double ours = median(gbps[0]);
    snprintf(name, sizeof(name), "copy into the region %s / best plain copy", f->name);
    figure_at_least(name, ours / best, 0.9, "x");
    snprintf(name, sizeof(name), "copy into the region %s", f->name);
    figure_note(name, ours, "GB/s");
    snprintf(name, sizeof(name), "memcpy %s", f->name);
    figure_note(name, median(gbps[1]), "GB/s");
    munmap(dst, 2 * bytes);
    free(src);
}

int main(void)
{
    static const struct frame frames[] = { { "1920x1080", 1920, 1080 },
                                           { "3840x2160", 3840, 2160 } };
    do {
        for (size_t i = 0; i < ARRAY_LEN(frames); i++)
            measure(&frames[i]);
    } while (bench_again());
    return bench_result();
}
