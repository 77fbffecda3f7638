/* SPDX-License-Identifier: GPL-2.0-or-later
 * The viewer's side of the trial, against processes that end in all the ways there are. */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "render/egl/import_trial.h"

struct rig {
    struct loop *loop;
    struct import_trial *trial;
    char program[64];
    char problem[512];
    unsigned calls;
    bool good;
};

static void on_done(void *ctx, const char *problem)
{
    struct rig *r = ctx;
    r->calls++;
    r->good = !problem;
    snprintf(r->problem, sizeof(r->problem), "%s", problem ? problem : "");
    import_trial_destroy(r->trial);
    r->trial = NULL;
}

static void make_program(struct rig *r, const char *script)
{
    snprintf(r->program, sizeof(r->program), "/tmp/espelho-test-trial-%d", (int)getpid());
    FILE *f = fopen(r->program, "w");
    CHECK(f && fprintf(f, "#!/bin/sh\n%s\n", script) > 0 && fclose(f) == 0);
    CHECK_INT(chmod(r->program, 0700), 0);
}

static void run(struct rig *r, const char *script, uint32_t patience_ms)
{
    *r = (struct rig){ 0 };
    make_program(r, script);
    CHECK_INT(loop_create(&r->loop), 0);
    const struct import_trial_config config = { .loop = r->loop,
                                                .program = r->program,
                                                .exporter = "udmabuf",
                                                .patience_ms = patience_ms,
                                                .done = on_done,
                                                .ctx = r };
    CHECK_INT(import_trial_create(&config, &r->trial), 0);
    for (const uint64_t until = clock_ms() + 20000; r->calls == 0 && clock_ms() < until;)
        CHECK(loop_run_once(r->loop, 100) >= 0);
    CHECK_INT(loop_run_once(r->loop, 20), 0); /* nothing is left behind */
    loop_destroy(r->loop);
    unlink(r->program);
}

TEST(ways_to_end)
{
    static const struct {
        const char *name, *script;
        uint32_t patience_ms;
        bool good;
        const char *problem; /* part of it */
    } rows[] = {
        { "crashes", "kill -SEGV $$", 10000, false, "crashed when it was tried (Segm" },
        { "crashes after a word", "echo so far so good; kill -ABRT $$", 10000, false, "(Aborted)" },
        { "hangs", "exec sleep 30", 200, false, "did not come to an end" },
        { "hangs with its output closed", "exec >&-; exec sleep 30", 300, false,
          "did not come to an end" },
        { "leaves a process behind that has the output", "sleep 3 & kill -SEGV $$", 300, false,
          "did not come to an end" },
        { "does not say why", "exit 7", 10000, false, "exit status 7" },
        { "says why", "echo the driver refuses; exit 1", 10000, false, "the driver refuses" },
        { "says why in a way that would clear the screen", "printf 'a\\033[2Jb\\n'; exit 1", 10000,
          false, "a [2Jb" },
        { "says too much", "yes long | head -c 100000; exit 1", 10000, false, "long long long" },
        { "good", "exit 0", 10000, true, "" },
        { "good, and talks", "echo fine", 10000, true, "" },
        { "is told the exporter", "test \"$1 $2\" = 'try-import udmabuf'", 10000, true, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        run(&r, rows[i].script, rows[i].patience_ms);
        CHECK_MSG(r.calls == 1 && r.good == rows[i].good && strstr(r.problem, rows[i].problem),
                  "%s: %u calls, good %d: %s", rows[i].name, r.calls, r.good, r.problem);
    }
}

TEST(a_program_that_is_not_there)
{
    struct loop *loop;
    struct import_trial *trial = NULL;
    CHECK_INT(loop_create(&loop), 0);
    const struct import_trial_config config = {
        .loop = loop, .program = "/nonexistent", .exporter = "udmabuf", .patience_ms = 1000
    };
    CHECK_INT(import_trial_create(&config, &trial), -ENOENT);
    CHECK(!trial);
    loop_destroy(loop);
}

TEST(destroyed_while_it_runs)
{
    struct rig r = { 0 };
    make_program(&r, "echo started; exec sleep 30");
    CHECK_INT(loop_create(&r.loop), 0);
    const struct import_trial_config config = { .loop = r.loop,
                                                .program = r.program,
                                                .exporter = "udmabuf",
                                                .patience_ms = 30000,
                                                .done = on_done,
                                                .ctx = &r };
    CHECK_INT(import_trial_create(&config, &r.trial), 0);
    CHECK(loop_run_once(r.loop, 5000) >= 1);
    const uint64_t before_ms = clock_ms();
    import_trial_destroy(r.trial);
    CHECK(clock_ms() - before_ms < 5000);
    CHECK_INT(r.calls, 0);
    loop_destroy(r.loop);
    unlink(r.program);
}
