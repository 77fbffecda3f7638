/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "setup/domain_edit.h"

#define HEAD "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"

static const struct memory_wish plain = { .backend = MEMORY_PLAIN,
                                          .mib = 64,
                                          .name = "looking-glass",
                                          .device = "/dev/kvmfr0",
                                          .server_path = "/run/espelho/win11.sock" };

static struct memory_wish wish_of(enum memory_backend backend, uint32_t mib)
{
    struct memory_wish wish = plain;
    wish.backend = backend;
    wish.mib = mib;
    return wish;
}

static struct domain_edit *open_edit(const char *xml)
{
    struct domain_edit *edit = NULL;
    char problem[512] = "";
    CHECK_MSG(domain_edit_open(xml, &edit, problem, sizeof(problem)) == 0, "%s", problem);
    return edit;
}

/* ---- hostile ---- */

TEST(what_is_no_domain_is_refused)
{
    static const char *const texts[] = {
        "",
        "<domain>",
        "<domain></network>",
        "<network/>",
        "not XML",
        "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain>&a;</domain>",
        "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>",
        "<domain>&nothing;</domain>",
        "<domain><qemu:commandline/></domain>",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct domain_edit *edit = NULL;
        char problem[512] = "";
        CHECK_MSG(domain_edit_open(texts[i], &edit, problem, sizeof(problem)) == -EPROTO, "row %zu",
                  i);
        CHECK(problem[0] && !strchr(problem, '\n'));
    }
}

/* Nothing is guessed: the sentence says what stands in the way. */
static const struct {
    const char *xml, *word;
    enum memory_backend backend;
} refused[] = {
    { "<domain><devices><shmem name='looking-glass'><model type='ivshmem-plain'/></shmem>"
      "<shmem name='espelho'><model type='ivshmem-plain'/></shmem></devices></domain>",
      "2 devices", MEMORY_PLAIN },
    { "<domain><devices><shmem name='looking-glass'><model type='ivshmem-plain'/>"
      "<size unit='parsec'>64</size></shmem></devices></domain>",
      "'64 parsec'", MEMORY_PLAIN },
    { "<domain><devices><shmem name='espelho'><model type='ivshmem-doorbell'/></shmem></devices>"
      "</domain>",
      "names no server", MEMORY_DOORBELL },
    { HEAD "<qemu:commandline><qemu:arg value='-object'/>"
           "<qemu:arg value='memory-backend-file,id=a,mem-path=/dev/kvmfr0,size=64M'/>"
           "</qemu:commandline></domain>",
      "not understood", MEMORY_KVMFR },
    { HEAD "<qemu:commandline><qemu:arg value='-object'/>"
           "<qemu:arg value='memory-backend-file,id=a,mem-path=/dev/kvmfr0,size=many'/>"
           "<qemu:arg value='-device'/><qemu:arg value='ivshmem-plain,memdev=a'/>"
           "</qemu:commandline></domain>",
      "not understood", MEMORY_KVMFR },
    { HEAD "<qemu:commandline><qemu:arg value='-object'/>"
           "<qemu:arg value='memory-backend-file,id=a,mem-path=/dev/kvmfr0,size=64M'/>"
           "</qemu:commandline></domain>",
      "no device", MEMORY_PLAIN },
    { HEAD "<qemu:commandline><qemu:arg value='-object'/>"
           "<qemu:arg value='memory-backend-file,id=a,mem-path=/dev/shm/looking-glass,size=64M'/>"
           "<qemu:arg value='-device'/><qemu:arg value='ivshmem-plain,memdev=a'/>"
           "</qemu:commandline></domain>",
      "not of the kvmfr module", MEMORY_AS_IT_IS },
};

TEST(memory_that_is_not_understood_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct domain_edit *edit = open_edit(refused[i].xml);
        const struct memory_wish wish = wish_of(refused[i].backend, 64);
        struct memory_result result;
        CHECK_MSG(domain_edit_memory(edit, &wish, &result) == -EPROTO, "row %zu", i);
        CHECK_MSG(strstr(domain_edit_problem(edit), refused[i].word), "row %zu: %s", i,
                  domain_edit_problem(edit));
        domain_edit_close(edit);
    }
}

/* ---- what is not touched ---- */

TEST(what_is_not_touched_keeps_its_bytes)
{
    static const char xml[] =
        "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE\n-->\n"
        "<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <name>a &amp; b</name>\n"
        "  <metadata>\n"
        "    <libosinfo:libosinfo xmlns:libosinfo=\"http://libosinfo.org/xmlns/1.0\">\n"
        "      <libosinfo:os id='http://microsoft.com/win/11'/>\n"
        "    </libosinfo:libosinfo>\n"
        "  </metadata>\n"
        "  <title>it&apos;s &lt;it&gt; &quot;so&quot;</title>\n"
        "  <devices>\n"
        "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
        "    <!-- kept -->\n"
        "    <?kept too?>\n"
        "  </devices>\n"
        "  <qemu:commandline>\n"
        "    <qemu:arg value='-set'/>\n"
        "    <qemu:arg value='a&apos;b&quot;c&#10;d&#9;e'/>\n"
        "  </qemu:commandline>\n"
        "</domain>\n";
    struct domain_edit *edit = open_edit(xml);
    autofree char *after = domain_edit_after(edit);
    /* libvirt writes single quotes throughout, but for a namespace declaration in <metadata> */
    autofree char *want = strdup(xml);
    for (char *c = want; (c = strchr(c, '"')) != NULL; c++)
        *c = '\'';
    CHECK_STR(after, want);
    CHECK_STR(domain_edit_before(edit), want);
    domain_edit_close(edit);
}

/* ---- edits ---- */

struct edit_row {
    const char *name;
    enum memory_backend backend;
    uint32_t mib, got_mib;
    const char *before, *after; /* inside <domain> */
    const char *got_name;
};

#define SHMEM(size)                                                                                \
    "  <devices>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"         \
    "      <size unit='M'>" size "</size>\n    </shmem>\n  </devices>\n"
#define DOORBELL                                                                                   \
    "  <devices>\n    <shmem name='espelho'>\n      <model type='ivshmem-doorbell'/>\n"            \
    "      <server path='/run/espelho/win11.sock'/>\n      <msi vectors='2'/>\n"                   \
    "    </shmem>\n  </devices>\n"
#define KVMFR(bytes)                                                                               \
    "  <qemu:commandline>\n    <qemu:arg value='-object'/>\n"                                      \
    "    <qemu:arg value='{&quot;qom-type&quot;:&quot;memory-backend-file&quot;,"                  \
    "&quot;id&quot;:&quot;espelho-memory&quot;,&quot;mem-path&quot;:&quot;/dev/kvmfr0&quot;,"      \
    "&quot;size&quot;:" bytes ",&quot;share&quot;:true}'/>\n"                                      \
    "    <qemu:arg value='-device'/>\n"                                                            \
    "    <qemu:arg value='{&quot;driver&quot;:&quot;ivshmem-plain&quot;,"                          \
    "&quot;id&quot;:&quot;espelho-shmem&quot;,&quot;memdev&quot;:&quot;espelho-memory&quot;}'/>\n" \
    "  </qemu:commandline>\n"
#define KEY_VALUE(size)                                                                            \
    "  <qemu:commandline>\n    <qemu:arg value='-device'/>\n"                                      \
    "    <qemu:arg value='ivshmem-plain,id=shmem0,memdev=lg'/>\n"                                  \
    "    <qemu:arg value='-object'/>\n"                                                            \
    "    <qemu:arg value='memory-backend-file,id=lg,share=on,mem-path=/dev/kvmfr1,size=" size      \
    "'/>\n  </qemu:commandline>\n"
#define EMPTY "  <devices/>\n"

static const struct edit_row rows[] = {
    { "new", MEMORY_PLAIN, 64, 64, EMPTY, SHMEM("64"), "looking-glass" },
    { "the default", MEMORY_AS_IT_IS, 32, 32, EMPTY, SHMEM("32"), "looking-glass" },
    { "there", MEMORY_PLAIN, 64, 64, SHMEM("64"), SHMEM("64"), "looking-glass" },
    { "larger stays", MEMORY_PLAIN, 64, 128, SHMEM("128"), SHMEM("128"), "looking-glass" },
    { "grows", MEMORY_AS_IT_IS, 256, 256, SHMEM("64"), SHMEM("256"), "looking-glass" },
    { "no power of two", MEMORY_PLAIN, 64, 64, SHMEM("100"), SHMEM("64"), "looking-glass" },
    { "to a doorbell", MEMORY_DOORBELL, 64, 64, SHMEM("64"), DOORBELL, "/run/espelho/win11.sock" },
    { "doorbell there", MEMORY_AS_IT_IS, 64, 64, DOORBELL, DOORBELL, "/run/espelho/win11.sock" },
    { "from a doorbell", MEMORY_PLAIN, 64, 64, DOORBELL, SHMEM("64"), "looking-glass" },
    { "to kvmfr", MEMORY_KVMFR, 64, 64, SHMEM("64"), EMPTY KVMFR("67108864"), "/dev/kvmfr0" },
    { "kvmfr there", MEMORY_KVMFR, 64, 64, KVMFR("67108864"), KVMFR("67108864"), "/dev/kvmfr0" },
    { "kvmfr grows", MEMORY_AS_IT_IS, 128, 128, KVMFR("67108864"), KVMFR("134217728"),
      "/dev/kvmfr0" },
    { "from kvmfr", MEMORY_PLAIN, 64, 64, EMPTY KVMFR("67108864"), SHMEM("64"), "looking-glass" },
    { "key=value there", MEMORY_KVMFR, 64, 64, KEY_VALUE("64M"), KEY_VALUE("64M"), "/dev/kvmfr1" },
    { "key=value grows", MEMORY_AS_IT_IS, 128, 128, KEY_VALUE("64M"), KEY_VALUE("134217728"),
      "/dev/kvmfr1" },
    { "somebody else's", MEMORY_PLAIN, 64, 64,
      "  <devices>\n    <shmem name='scratch'>\n      <model type='ivshmem-plain'/>\n"
      "    </shmem>\n  </devices>\n",
      "  <devices>\n    <shmem name='scratch'>\n      <model type='ivshmem-plain'/>\n"
      "    </shmem>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"
      "      <size unit='M'>64</size>\n    </shmem>\n  </devices>\n",
      "looking-glass" },
    { "size without unit", MEMORY_PLAIN, 64, 64,
      "  <devices>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"
      "      <size>67108864</size>\n    </shmem>\n  </devices>\n",
      "  <devices>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"
      "      <size>67108864</size>\n    </shmem>\n  </devices>\n",
      "looking-glass" },
    { "no size", MEMORY_PLAIN, 64, 64,
      "  <devices>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"
      "      <address type='pci'/>\n    </shmem>\n  </devices>\n",
      "  <devices>\n    <shmem name='looking-glass'>\n      <model type='ivshmem-plain'/>\n"
      "      <size unit='M'>64</size>\n      <address type='pci'/>\n    </shmem>\n  </devices>\n",
      "looking-glass" },
};

TEST(memory_is_edited)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct edit_row *row = &rows[i];
        char xml[4096], want[4096];
        snprintf(xml, sizeof(xml), HEAD "%s</domain>\n", row->before);
        snprintf(want, sizeof(want), HEAD "%s</domain>\n", row->after);
        struct domain_edit *edit = open_edit(xml);
        const struct memory_wish wish = wish_of(row->backend, row->mib);
        struct memory_result result;
        const int err = domain_edit_memory(edit, &wish, &result);
        CHECK_MSG(err == 0, "%s: %s", row->name, domain_edit_problem(edit));
        autofree char *after = domain_edit_after(edit);
        CHECK_MSG(strcmp(after, want) == 0, "%s:\n%s\nwanted:\n%s", row->name, after, want);
        CHECK_INT(result.mib, row->got_mib);
        CHECK_STR(result.name, row->got_name);
        domain_edit_close(edit);
    }
}

/* "qemu" is somebody else's word here. */
TEST(a_prefix_that_is_taken_is_left_alone)
{
    struct domain_edit *edit =
        open_edit("<domain xmlns:qemu='urn:other'><qemu:commandline/></domain>\n");
    const struct memory_wish wish = wish_of(MEMORY_KVMFR, 64);
    struct memory_result result;
    CHECK_INT(domain_edit_memory(edit, &wish, &result), 0);
    autofree char *after = domain_edit_after(edit);
    CHECK(strstr(after, "<qemu:commandline/>") &&
          strstr(after, "<espelho-qemu:arg value='-object'/>"));
    domain_edit_close(edit);
}

TEST(spice_and_its_channel_are_added_once)
{
    static const char want[] = "<domain>\n"
                               "  <devices>\n"
                               "    <graphics type='spice' autoport='yes'>\n"
                               "      <listen type='address' address='127.0.0.1'/>\n"
                               "    </graphics>\n"
                               "    <video>\n"
                               "      <model type='none'/>\n"
                               "    </video>\n"
                               "    <channel type='spicevmc'>\n"
                               "      <target type='virtio' name='com.redhat.spice.0'/>\n"
                               "    </channel>\n"
                               "    <memballoon model='none'/>\n"
                               "  </devices>\n"
                               "</domain>\n";
    struct domain_edit *edit = open_edit("<domain>\n  <devices>\n  </devices>\n</domain>\n");
    for (int round = 0; round < 2; round++) {
        CHECK_INT(domain_edit_spice(edit), 0);
        CHECK_INT(domain_edit_balloon(edit), 0);
        autofree char *after = domain_edit_after(edit);
        CHECK_STR(after, want);
    }
    domain_edit_close(edit);
}

/* An emulated card that is there stays, with its address, until another is asked for. */
TEST(video_is_left_alone_unless_asked)
{
    static const char xml[] = "<domain>\n"
                              "  <devices>\n"
                              "    <graphics type='vnc'/>\n"
                              "    <video>\n"
                              "      <model type='qxl' ram='65536'/>\n"
                              "      <address type='pci' slot='0x02'/>\n"
                              "    </video>\n"
                              "    <memballoon model='virtio'>\n"
                              "      <address type='pci' slot='0x04'/>\n"
                              "    </memballoon>\n"
                              "  </devices>\n"
                              "</domain>\n";
    struct domain_edit *edit = open_edit(xml);
    CHECK_INT(domain_edit_spice(edit), 0);
    CHECK_INT(domain_edit_balloon(edit), 0);
    autofree char *after = domain_edit_after(edit);
    CHECK(
        strstr(after, "<model type='qxl' ram='65536'/>\n      <address type='pci' slot='0x02'/>"));
    CHECK(strstr(after, "<memballoon model='none'/>"));
    CHECK(strstr(after, "<graphics type='vnc'/>") && strstr(after, "<graphics type='spice'"));
    CHECK_INT(domain_edit_video(edit, "vga"), 0);
    autofree char *asked = domain_edit_after(edit);
    CHECK(strstr(asked, "<video>\n      <model type='vga'/>\n    </video>"));
    domain_edit_close(edit);
}

TEST(huge_pages_are_set)
{
    static const char want[] = "<domain>\n"
                               "  <name>a</name>\n"
                               "  <memory unit='GiB'>16</memory>\n"
                               "  <memoryBacking>\n"
                               "    <hugepages>\n"
                               "      <page size='1048576' unit='KiB'/>\n"
                               "    </hugepages>\n"
                               "  </memoryBacking>\n"
                               "  <vcpu>4</vcpu>\n"
                               "</domain>\n";
    struct domain_edit *edit = open_edit("<domain>\n  <name>a</name>\n"
                                         "  <memory unit='GiB'>16</memory>\n"
                                         "  <vcpu>4</vcpu>\n</domain>\n");
    CHECK_INT(domain_edit_memory_bytes(edit), 16LL << 30);
    for (int round = 0; round < 2; round++) {
        CHECK_INT(domain_edit_hugepages(edit, 1 << 30), 0);
        autofree char *after = domain_edit_after(edit);
        CHECK_STR(after, want);
    }
    domain_edit_close(edit);
}

TEST(pinning_is_replaced_and_the_rest_stays)
{
    static const uint32_t cpus[] = { 2, 8, 3, 9 };
    static const struct cpu_wish wish = {
        .cpus = cpus, .count = 4, .cores = 2, .threads = 2, .emulator_cpus = "0-1", .topoext = true
    };
    static const char want[] = "<domain>\n"
                               "  <vcpu placement='static'>4</vcpu>\n"
                               "  <cputune>\n"
                               "    <vcpupin vcpu='0' cpuset='2'/>\n"
                               "    <vcpupin vcpu='1' cpuset='8'/>\n"
                               "    <vcpupin vcpu='2' cpuset='3'/>\n"
                               "    <vcpupin vcpu='3' cpuset='9'/>\n"
                               "    <emulatorpin cpuset='0-1'/>\n"
                               "    <iothreadpin iothread='1' cpuset='1'/>\n"
                               "  </cputune>\n"
                               "  <cpu mode='host-passthrough' migratable='on'>\n"
                               "    <topology sockets='1' dies='1' cores='2' threads='2'/>\n"
                               "    <cache mode='passthrough'/>\n"
                               "    <feature policy='require' name='topoext'/>\n"
                               "  </cpu>\n"
                               "</domain>\n";
    struct domain_edit *edit = open_edit("<domain>\n"
                                         "  <vcpu placement='static'>2</vcpu>\n"
                                         "  <cputune>\n"
                                         "    <vcpupin vcpu='1' cpuset='0'/>\n"
                                         "    <iothreadpin iothread='1' cpuset='1'/>\n"
                                         "  </cputune>\n"
                                         "  <cpu mode='host-passthrough' migratable='on'>\n"
                                         "    <cache mode='passthrough'/>\n"
                                         "  </cpu>\n"
                                         "</domain>\n");
    for (int round = 0; round < 2; round++) {
        CHECK_INT(domain_edit_cpus(edit, &wish), 0);
        autofree char *after = domain_edit_after(edit);
        CHECK_STR(after, want);
    }
    domain_edit_close(edit);
    edit = open_edit("<domain><vcpu current='2'>4</vcpu></domain>");
    CHECK_INT(domain_edit_cpus(edit, &wish), -EPROTO);
    domain_edit_close(edit);
}

TEST(a_gpu_is_added_once_and_gets_its_firmware)
{
    static const char want[] = "<domain>\n"
                               "  <devices>\n"
                               "    <hostdev mode='subsystem' type='pci' managed='yes'>\n"
                               "      <source>\n"
                               "        <address domain='0x0000' bus='0x03' slot='0x00' "
                               "function='0x1'/>\n"
                               "      </source>\n"
                               "      <rom file='/a.rom'/>\n"
                               "    </hostdev>\n"
                               "  </devices>\n"
                               "</domain>\n";
    struct domain_edit *edit = open_edit("<domain>\n  <devices>\n  </devices>\n</domain>\n");
    CHECK_INT(domain_edit_rom(edit, "0000:03:00.1", "/a.rom"), -EPROTO);
    for (int round = 0; round < 2; round++) {
        CHECK_INT(domain_edit_hostdev(edit, "0000:03:00.1"), 0);
        CHECK_INT(domain_edit_rom(edit, "0000:03:00.1", "/a.rom"), 0);
        autofree char *after = domain_edit_after(edit);
        CHECK_STR(after, want);
    }
    domain_edit_close(edit);
    /* libvirt's and people's ways of writing numbers are the same address */
    edit = open_edit("<domain><devices><hostdev type='pci'><source><address bus='3' slot='0x00' "
                     "function='0x1'/></source></hostdev></devices></domain>");
    CHECK_INT(domain_edit_hostdev(edit, "0000:03:00.1"), 0);
    autofree char *after = domain_edit_after(edit);
    CHECK_STR(after, domain_edit_before(edit));
    domain_edit_close(edit);
}
