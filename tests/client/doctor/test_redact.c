/* SPDX-License-Identifier: GPL-2.0-or-later
 * What leaves a text before it goes into a bug report, and what must stay. */
#include "doctor/redact.h"
#include "test.h"

static void check_text(const char *text, const char *want)
{
    struct redact r;
    char *got;
    size_t got_bytes;
    redact_init(&r, "joana", "casa-01");
    CHECK_INT(redact_text(&r, text, strlen(text), &got, &got_bytes), 0);
    CHECK_STR(got, want);
    CHECK_INT(got_bytes, strlen(want));
    free(got);
    redact_fini(&r);
}

TEST(secrets_go)
{
    static const char *const rows[][2] = {
        { "<mac address='52:54:00:ab:CD:ef'/>", "<mac address='02:00:00:00:00:00'/>" },
        { "mac=52-54-00-ab-cd-ef,", "mac=02:00:00:00:00:00," },
        { "enx5254001a2b3c: up", "enx020000000000: up" },
        { "root=UUID=6f2b3c4d-1111-2222-aaaa-0123456789ab ro",
          "root=UUID=00000000-0000-4000-8000-000000000000 ro" },
        { "<graphics type='spice' passwd='hunter2' port='5900'/>",
          "<graphics type='spice' passwd='removed' port='5900'/>" },
        { "passwd=\"with space\" x", "passwd=\"removed\" x" },
        { "-spice port=5900,password=hunter2,tls=on", "-spice port=5900,password=removed,tls=on" },
        { "secret,id=s0,data=QUJD,format=raw", "secret,id=s0,data=removed,format=raw" },
        { "{\"qom-type\":\"secret\",\"data\":\"QUJD\"}",
          "{\"qom-type\":\"secret\",\"data\":\"removed\"}" },
        { "<serial>S3Z8NB0K</serial>", "<serial>removed</serial>" },
        { "<entry name='serial'>ABC-1</entry>", "<entry name='serial'>removed</entry>" },
        { "usb 1-2: SerialNumber: 0123\nnext", "usb 1-2: SerialNumber: removed\nnext" },
        { "Serial number:  ABC\n", "Serial number:  removed\n" },
        { "/dev/disk/by-id/ata-Samsung_SSD_S3Z8NB0K-part1", "/dev/disk/by-id/device0-part1" },
        { "/dev/input/by-id/usb-Maker_123-event-kbd "
          "/dev/input/by-id/usb-Maker_123-if01-event-mouse",
          "/dev/input/by-id/device0-event-kbd /dev/input/by-id/device0-if01-event-mouse" },
        { "/home/joana/vms", "/home/user/vms" },
        { "uid=1000(joana) gid=1000(joana)", "uid=1000(user) gid=1000(user)" },
        { "Nov 26 casa-01 kernel: x", "Nov 26 host kernel: x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_text(rows[i][0], rows[i][1]);
}

TEST(what_checks_read_stays)
{
    static const char *const rows[] = {
        "",
        "0000:03:00.0 VGA compatible controller",
        "console=ttyS0 intel_iommu=on iommu=pt",
        "<serial type='pty'><target port='0'/></serial>",
        "<secret type='passphrase'/>",
        "52:54:00:ab:cd",
        "52:54:00:ab:cd:zz",
        "marijoana joanas",
        "/dev/input/by-id/",
        "password",
        "password=",
        "serial",
        "<memory unit='KiB'>16777216</memory>",
        "options vfio-pci ids=10de:2204,10de:1aef",
        "/dev/shm/looking-glass",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_text(rows[i], rows[i]);
}

TEST(nul_bytes_part_words)
{
    static const char text[] = "qemu\0-spice\0password=abc\0-name\0joana";
    struct redact r;
    char *got;
    size_t got_bytes;
    redact_init(&r, "joana", NULL);
    CHECK_INT(redact_text(&r, text, sizeof(text), &got, &got_bytes), 0);
    static const char want[] = "qemu\0-spice\0password=removed\0-name\0user";
    CHECK_INT(got_bytes, sizeof(want));
    CHECK(memcmp(got, want, sizeof(want)) == 0);
    free(got);
    redact_fini(&r);
}

TEST(names_that_systems_use_are_not_taken)
{
    static const char text[] = "ID=fedora user root";
    struct redact r;
    char *got;
    size_t got_bytes;
    redact_init(&r, "root", "fedora");
    CHECK_INT(redact_text(&r, text, strlen(text), &got, &got_bytes), 0);
    CHECK_STR(got, text);
    free(got);
    redact_fini(&r);
}

TEST(the_same_device_keeps_its_name)
{
    struct redact r;
    char *got;
    size_t got_bytes;
    redact_init(&r, NULL, NULL);
    static const char *const rows[][2] = {
        { "/by-id/usb-A_1-event-kbd", "/by-id/device0-event-kbd" },
        { "/by-id/usb-B_2-event-kbd", "/by-id/device1-event-kbd" },
        { "/by-id/usb-A_1-mouse", "/by-id/device0-mouse" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(redact_text(&r, rows[i][0], strlen(rows[i][0]), &got, &got_bytes), 0);
        CHECK_STR(got, rows[i][1]);
        free(got);
    }
    redact_fini(&r);
}

TEST(whole_files)
{
    CHECK(redact_whole_file("/sys/class/dmi/id/product_serial"));
    CHECK(redact_whole_file("/sys/class/dmi/id/product_uuid"));
    CHECK(redact_whole_file("/etc/machine-id"));
    CHECK(redact_whole_file("/sys/class/net/eth0/address"));
    CHECK(!redact_whole_file("/sys/class/dmi/id/product_name"));
    CHECK(!redact_whole_file("/etc/os-release"));
}
