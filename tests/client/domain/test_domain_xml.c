/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "domain/domain.h"

#define DATA TEST_SOURCE_DIR "/client/domain/data/"

static char *read_file(const char *name, size_t *len_bytes)
{
    char path[512];
    snprintf(path, sizeof(path), DATA "%s", name);
    FILE *f = fopen(path, "re");
    CHECK_MSG(f, "%s", path);
    char *text = malloc(1 << 16);
    CHECK(text);
    *len_bytes = fread(text, 1, 1 << 16, f);
    fclose(f);
    return text;
}

struct row {
    const char *file, *name, *host_or_socket;
    enum domain_spice_kind spice;
    uint16_t port, tls_port;
    const char *password;
    enum domain_memory_kind memory;
    const char *path;
};

static const struct row rows[] = {
    { "tcp.xml", "win11", "127.0.0.1", DOMAIN_SPICE_TCP, 5901, 5902, "secret & more",
      DOMAIN_MEMORY_FILE, "/dev/shm/looking-glass" },
    { "unix_doorbell.xml", "doorbell", "/var/lib/libvirt/qemu/domain-3-doorbell/spice.sock",
      DOMAIN_SPICE_UNIX, 0, 0, "", DOMAIN_MEMORY_SOCKET, "/run/espelho/relay.sock" },
    { "not_running.xml", "sleeper", "", DOMAIN_SPICE_NO_SOCKET, 0, 0, "", DOMAIN_MEMORY_NONE, "" },
    { "listen_none.xml", "bare", "", DOMAIN_SPICE_NO_SOCKET, 0, 0, "", DOMAIN_MEMORY_FILE,
      "/dev/shm/scratch" },
    { "commandline.xml", "classic", "::1", DOMAIN_SPICE_TCP, 5930, 0, "", DOMAIN_MEMORY_FILE,
      "/dev/shm/with,comma" },
    { "commandline_json.xml", "module", "/run/user/1000/module.sock", DOMAIN_SPICE_UNIX, 0, 0, "",
      DOMAIN_MEMORY_FILE, "/dev/kvmfr0" },
    { "commandline_doorbell.xml", "bell", "", DOMAIN_SPICE_NONE, 0, 0, "", DOMAIN_MEMORY_SOCKET,
      "/tmp/espelho.sock" },
};

TEST(forms_are_understood)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        size_t len_bytes;
        autofree char *xml = read_file(row->file, &len_bytes);
        struct domain_info info;
        struct domain_problem problem = { .message = "" };
        const int err = domain_from_xml(xml, len_bytes, &info, &problem);
        CHECK_MSG(err == 0, "%s: %s", row->file, problem.message);
        CHECK_STR(info.name, row->name);
        CHECK_INT(info.spice.kind, row->spice);
        const bool is_unix = info.spice.kind == DOMAIN_SPICE_UNIX;
        if (row->spice == DOMAIN_SPICE_TCP || is_unix)
            CHECK_STR(is_unix ? info.spice.socket_path : info.spice.host, row->host_or_socket);
        CHECK_INT(info.spice.port, row->port);
        CHECK_INT(info.spice.tls_port, row->tls_port);
        CHECK_STR(info.spice.password, row->password);
        CHECK_INT(info.memory.kind, row->memory);
        CHECK_STR(info.memory.path, row->path);
    }
}

TEST(uuid_is_in_written_order)
{
    static const uint8_t expected[16] = { 0x0f, 0x4e, 0x7a, 0x5c, 0x1b, 0x2d, 0x4c, 0x3e,
                                          0x8f, 0x90, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6 };
    size_t len_bytes;
    autofree char *xml = read_file("tcp.xml", &len_bytes);
    struct domain_info info;
    CHECK_INT(domain_from_xml(xml, len_bytes, &info, NULL), 0);
    CHECK(info.has_uuid && memcmp(info.uuid, expected, sizeof(expected)) == 0);
    domain_info_wipe(&info);
    CHECK_STR(info.spice.password, "");
}

/* Every shorter file is refused, and none is read beyond its end (asan looks). */
TEST(cut_files_are_refused)
{
    size_t len_bytes;
    autofree char *xml = read_file("tcp.xml", &len_bytes);
    while (len_bytes > 0 && xml[len_bytes - 1] != '>')
        len_bytes--;
    for (size_t n = 0; n < len_bytes; n++) {
        autofree char *cut = malloc(n + (n == 0));
        CHECK(cut);
        memcpy(cut, xml, n);
        struct domain_info info = { .name = "untouched" };
        struct domain_problem problem = { .message = "" };
        CHECK_INT(domain_from_xml(cut, n, &info, &problem), -EPROTO);
        CHECK_INT(problem.fault, DOMAIN_FAULT_XML);
        CHECK(problem.message[0]);
        CHECK_STR(info.name, "untouched");
    }
}

#define GRAPHICS(attributes)                                                                       \
    "<domain><devices><graphics type='spice' " attributes "/></devices></domain>"
#define SHMEM(attributes) "<domain><devices><shmem " attributes "/></devices></domain>"
#define LONG_TEXT                                                                                  \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789"                                                                                     \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789"                                                                                     \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789"

static const struct {
    const char *xml, *word; /* that the message has */
} refused[] = {
    { "", "empty" },
    { "\xff\xfe", "line" },
    { "virsh: error: no domain", "line 1" },
    { "<network><name>default</name></network>", "network" },
    { "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>",
      "document type" },
    { "<!DOCTYPE d [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;'>]><domain><name>&b;</name></domain>",
      "document type" },
    { "<domain><name>&unknown;</name></domain>", "unknown" },
    { GRAPHICS("port='65536'"), "65536" },
    { GRAPHICS("port='-2'"), "-2" },
    { GRAPHICS("tlsPort='5900x'"), "5900x" },
    { GRAPHICS("port='99999999999999999999999'"), "9999" },
    { GRAPHICS("port='1' listen='a&#10;b'"), "listen" },
    { GRAPHICS("port='1' passwd='" LONG_TEXT "'"), "passwd" },
    { "<domain><name>" LONG_TEXT "</name></domain>", "name" },
    { "<domain><name>a&#27;[2J</name></domain>", "line" }, /* no character of XML */
    { "<domain><name>a&#127;</name></domain>", "name" },
    { "<domain><uuid>0f4e7a5c</uuid></domain>", "UUID" },
    { "<domain><uuid>0f4e7a5c1b2d4c3e8f90a1b2c3d4e5f600</uuid></domain>", "UUID" },
    { "<domain><uuid>0f4e7a5c1b2d4c3e8f90a1b2c3d4e5f</uuid></domain>", "UUID" },
    { SHMEM("name='../../etc/passwd'"), "etc/passwd" },
    { SHMEM("name='..'"), ".." },
    { SHMEM("size='3'"), "shared memory" },
    { "<domain><devices><shmem name='a'><server path='relative'/></shmem></devices></domain>",
      "relative" },
    { "<domain><devices><graphics type='spice'><listen type='socket' socket='/a/../b'/></graphics>"
      "</devices></domain>",
      "/a/../b" },
};

TEST(bad_xml_is_refused_with_a_message)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct domain_info info;
        struct domain_problem problem = { .message = "" };
        const int err = domain_from_xml(refused[i].xml, strlen(refused[i].xml), &info, &problem);
        CHECK_MSG(err == -EPROTO, "%s: %d", refused[i].xml, err);
        CHECK_MSG(strstr(problem.message, refused[i].word), "%s: %s", refused[i].xml,
                  problem.message);
        CHECK_MSG(!strpbrk(problem.message, "\n\x1b\x7f"), "%s", problem.message);
    }
}

TEST(too_large_and_too_deep_are_refused)
{
    const size_t most = DOMAIN_XML_MAX_BYTES + 1;
    autofree char *xml = malloc(most);
    CHECK(xml);
    memset(xml, ' ', most);
    memcpy(xml, "<domain/>", 9);
    struct domain_info info;
    struct domain_problem problem;
    CHECK_INT(domain_from_xml(xml, most, &info, &problem), -EPROTO);
    CHECK(strstr(problem.message, "larger than 4 MiB"));
    CHECK_INT(domain_from_xml(xml, most - 1, &info, &problem), 0);
    CHECK_INT(info.spice.kind, DOMAIN_SPICE_NONE);
    for (size_t i = 0; i + 3 < most; i += 3)
        memcpy(xml + i, "<a>", 3);
    CHECK_INT(domain_from_xml(xml, most - 1, &info, &problem), -EPROTO);
}

TEST(other_namespaces_and_elements_do_not_count)
{
    static const char xml[] =
        "<domain xmlns:x='urn:x'><metadata><graphics type='spice' port='1'/></metadata>"
        "<x:commandline><x:arg value='-spice'/><x:arg value='port=1'/></x:commandline>"
        "<graphics type='spice' port='2'/><devices><graphics type='vnc' port='3'/></devices>"
        "</domain>";
    struct domain_info info;
    CHECK_INT(domain_from_xml(xml, sizeof(xml) - 1, &info, NULL), 0);
    CHECK_INT(info.spice.kind, DOMAIN_SPICE_NONE);
    CHECK(!info.has_uuid);
}
