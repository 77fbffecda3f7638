/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the waiting screen says. */
#include "test.h"

#include "source/relay/status.h"

static const char path[] = "/dev/shm/looking-glass";

TEST(every_fault_has_its_own_title_and_keeps_message_and_advice)
{
    static const enum shm_fault faults[] = { SHM_FAULT_MISSING, SHM_FAULT_PERMISSION,
                                             SHM_FAULT_TYPE, SHM_FAULT_SIZE, SHM_FAULT_SYSTEM };
    char titles[ARRAY_LEN(faults)][96];
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        const struct shm_problem problem = { .fault = faults[i],
                                             .message = "what and where",
                                             .advice = "what to do" };
        struct source_status s;
        relay_status_no_region(&s, &problem);
        CHECK_INT(s.state, SOURCE_STATE_NO_REGION);
        CHECK_STR(s.detail, "what and where\nwhat to do");
        memcpy(titles[i], s.title, sizeof(s.title));
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(titles[i], titles[k]) != 0);
    }
}

/* The longest texts that the parts may have fit, or are cut off with a terminator. */
TEST(long_texts_stay_inside)
{
    struct shm_problem problem = { .fault = SHM_FAULT_MISSING };
    memset(problem.message, 'm', sizeof(problem.message) - 1);
    memset(problem.advice, 'a', sizeof(problem.advice) - 1);
    struct source_status s;
    relay_status_no_region(&s, &problem);
    CHECK_INT(strlen(s.detail), 255 + 1 + 1023);

    struct kvmfr_session session = {
        .version = 20, .has_vm = true, .has_os = true, .os = KVMFR_OS_OTHER, .uuid = { 1 }
    };
    memset(session.host_version, 'h', sizeof(session.host_version) - 1);
    memset(session.capture, 'c', sizeof(session.capture) - 1);
    memset(session.os_name, 'o', sizeof(session.os_name) - 1);
    char long_path[256];
    memset(long_path, 'p', sizeof(long_path) - 1);
    long_path[255] = '\0';
    const struct kvmfr_versions versions = { .lgmp = 6, .kvmfr = 20 };
    for (int state = KVMFR_STATE_NONE; state <= KVMFR_STATE_CONNECTED; state++) {
        relay_status_of(&s, (enum kvmfr_state)state, long_path, &versions, &session);
        CHECK(memchr(s.title, '\0', sizeof(s.title)) && memchr(s.detail, '\0', sizeof(s.detail)));
    }
}

TEST(a_server_s_memory_may_be_newer_than_the_vm)
{
    const struct kvmfr_versions versions = { 0 };
    struct source_status s;
    relay_status_of(&s, KVMFR_STATE_NO_HOST, "unix:/run/espelho/vm.sock", &versions, NULL);
    CHECK(strstr(s.detail, "shut it down and start it again"));
    relay_status_of(&s, KVMFR_STATE_NO_HOST, path, &versions, NULL);
    CHECK(!strstr(s.detail, "shut it down"));
}

TEST(states_map_one_to_one)
{
    static const struct {
        enum kvmfr_state in;
        enum source_state out;
    } rows[] = {
        { KVMFR_STATE_NONE, SOURCE_STATE_CONNECTING },
        { KVMFR_STATE_NO_HOST, SOURCE_STATE_NO_HOST },
        { KVMFR_STATE_HOST_SILENT, SOURCE_STATE_HOST_SILENT },
        { KVMFR_STATE_WRONG_VERSION, SOURCE_STATE_WRONG_VERSION },
        { KVMFR_STATE_CONNECTING, SOURCE_STATE_CONNECTING },
        { KVMFR_STATE_CONNECTED, SOURCE_STATE_CONNECTED },
    };
    const struct kvmfr_versions versions = { .lgmp = 6, .kvmfr = 19, .host_version = "B6" };
    const struct kvmfr_session session = { .version = 20, .host_version = "B7" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct source_status s;
        relay_status_of(&s, rows[i].in, path, &versions, &session);
        CHECK_INT(s.state, rows[i].out);
        CHECK(s.title[0] != '\0' && s.detail[0] != '\0');
        CHECK((s.session == &session) == (rows[i].out == SOURCE_STATE_CONNECTED));
        CHECK(relay_status_equal(&s, &s));
    }
}

TEST(wrong_versions_are_named)
{
    struct source_status s;
    relay_status_of(&s, KVMFR_STATE_WRONG_VERSION, path,
                    &(struct kvmfr_versions){ .lgmp = 6, .kvmfr = 19, .host_version = "B6" }, NULL);
    CHECK(strstr(s.detail, "\"B6\"") && strstr(s.detail, "KVMFR 19") && strstr(s.detail, "20"));
    relay_status_of(&s, KVMFR_STATE_WRONG_VERSION, path, &(struct kvmfr_versions){ .lgmp = 7 },
                    NULL);
    CHECK(strstr(s.detail, "7") && strstr(s.detail, "6") && strstr(s.detail, path));
    relay_status_of(&s, KVMFR_STATE_WRONG_VERSION, path, &(struct kvmfr_versions){ .lgmp = 6 },
                    NULL);
    CHECK(strstr(s.detail, "KVMFR"));
}

TEST(connected_names_host_capture_system_and_vm)
{
    const struct kvmfr_session session = { .version = 20,
                                           .host_version = "B7",
                                           .has_vm = true,
                                           .capture = "D12",
                                           .uuid = { 0x12, 0x34 },
                                           .has_os = true,
                                           .os = KVMFR_OS_WINDOWS };
    struct source_status s;
    relay_status_of(&s, KVMFR_STATE_CONNECTED, path,
                    &(struct kvmfr_versions){ .lgmp = 6, .kvmfr = 20 }, &session);
    CHECK_STR(s.detail,
              "Host program B7, capture D12, Windows, VM 12340000-0000-0000-0000-000000000000");
}
