/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "vm/vm_text.h"

TEST(texts_that_do_not_fit_or_move_a_terminal_are_left_out)
{
    static const struct {
        const char *text, *kept;
        bool truncated;
    } rows[] = {
        { NULL, "", false },
        { "", "", false },
        { "1234567", "1234567", false },
        { "12345678", "", true },
        { "a\033[2J", "", true },
        { "a\nb", "", true },
        { "a\x7f", "", true },
        { "\xc3\xa7", "\xc3\xa7", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vm vm = { .truncated = false };
        char out[8] = "old";
        vm_put(&vm, out, sizeof(out), rows[i].text);
        CHECK_STR(out, rows[i].kept);
        CHECK_INT(vm.truncated, rows[i].truncated);
    }
}

TEST(numbers)
{
    CHECK_INT(vm_number("4294967295", 7), 4294967295LL);
    static const char *const bad[] = {
        NULL, "", "-1", "+1", " 1", "1 ", "1x", "0x10", "4294967296"
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(vm_number(bad[i], 7), 7);
}

TEST(sizes_of_libvirt)
{
    static const struct {
        const char *number, *unit;
        uint64_t bytes;
    } rows[] = {
        { "64", "M", 64 << 20 },
        { "64", "MiB", 64 << 20 },
        { "64", "MB", 64000000 },
        { "\n 2 \n", NULL, 2048 },
        { "2", "", 2048 },
        { "3", "bytes", 3 },
        { "3", "b", 3 },
        { "1", "TiB", UINT64_C(1) << 40 },
        { "16", "G", UINT64_C(16) << 30 },
        { NULL, NULL, 0 },
        { "", "M", 0 },
        { "-1", "M", 0 },
        { "1x", "M", 0 },
        { "1", "furlong", 0 },
        { "1", "MX", 0 },
        { "99999999999999999999", "M", 0 },
        { "18446744073709551615", "K", 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(vm_scaled(rows[i].number, rows[i].unit, "KiB"), rows[i].bytes);
}

TEST(sizes_of_qemu)
{
    static const struct {
        const char *word;
        uint64_t bytes;
    } rows[] = {
        { "64M", 64 << 20 }, { "64m", 64 << 20 }, { "1g", 1 << 30 }, { "8192k", 8 << 20 },
        { "16", 16 << 20 },  { "0x10", 0 },       { "", 0 },         { "M", 0 },
        { "-1M", 0 },        { "64MB", 0 },       { "1Z", 0 },       { "18446744073709551615T", 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(vm_qemu_bytes(rows[i].word, 1 << 20), rows[i].bytes);
}

TEST(sets_of_cpus)
{
    static const struct {
        const char *list, *bits; /* of CPUs 0 to 9 */
    } rows[] = {
        { "", "0000000000" },      { "0", "1000000000" },   { "0-3,^2,8", "1101000010" },
        { "1, 3", "0101000000" },  { "4,4", "0000100000" }, { "^1", "0000000000" },
        { "0-511", "1111111111" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t cpus[VM_CPUS / 8];
        CHECK_MSG(vm_cpu_set(rows[i].list, cpus), "%s", rows[i].list);
        for (uint32_t cpu = 0; cpu < 10; cpu++)
            CHECK_INT(vm_pin_has(cpus, cpu), rows[i].bits[cpu] == '1');
    }
    static const char *const bad[] = { NULL,
                                       "512",
                                       "0-512",
                                       "3-1",
                                       "a",
                                       "1-",
                                       "-1",
                                       "1;2",
                                       "1-2-3",
                                       "99999999999999999999",
                                       "0-18446744073709551615" };
    uint8_t cpus[VM_CPUS / 8];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_MSG(!vm_cpu_set(bad[i], cpus), "%s", bad[i] ? bad[i] : "NULL");
    memset(cpus, 0xff, sizeof(cpus));
    CHECK(!vm_pin_has(cpus, VM_CPUS) && !vm_pin_has(cpus, UINT32_MAX));
}

TEST(addresses)
{
    static const struct {
        const char *text, *address;
    } rows[] = {
        { "0000:03:00.0", "0000:03:00.0" },
        { "3:0.1", "0000:03:00.1" },
        { "0000:0B:1f.7", "0000:0b:1f.7" },
        { "10000:00:00.0", "" },
        { "03:20.0", "" },
        { "03:00.8", "" },
        { "03:00", "" },
        { "03:00.0x", "" },
        { "", "" },
        { "000000000000000000003:00.0", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[16] = "old";
        vm_pci_address_of(rows[i].text, out);
        CHECK_STR(out, rows[i].address);
    }
}

TEST(features_are_not_doubled_and_bounded)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    CHECK(vm);
    vm_add_hyperv(vm, "relaxed");
    vm_add_hyperv(vm, "relaxed");
    vm_add_hyperv(vm, "");
    CHECK_INT(vm->hyperv_count, 1);
    vm_add_hyperv(vm, "a name that is much longer than any that there is");
    CHECK_INT(vm->hyperv_count, 1);
    CHECK(vm->truncated);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        vm_add_feature(vm, name, true);
        vm_add_feature(vm, name, false);
    }
    CHECK_INT(vm->features_on_count, VM_LIST);
    CHECK_INT(vm->features_off_count, VM_LIST);
    CHECK_STR(vm->cpu_features_off[VM_LIST - 1], "f63");
    vm_free(vm);
}

TEST(a_path_of_shared_memory_leads_nowhere_else)
{
    static const struct {
        struct vm_shmem shmem;
        const char *path; /* NULL: refused */
    } rows[] = {
        { { .model = VM_SHMEM_PLAIN, .name = "looking-glass" }, "/dev/shm/looking-glass" },
        { { .model = VM_SHMEM_DOORBELL, .name = "a" }, "/var/lib/libvirt/shmem-a-sock" },
        { { .model = VM_SHMEM_DOORBELL, .name = "a", .path = "/run/a.sock" }, "/run/a.sock" },
        { { .model = VM_SHMEM_PLAIN, .path = "/dev/kvmfr0" }, "/dev/kvmfr0" },
        { { .model = VM_SHMEM_PLAIN }, NULL },
        { { .model = VM_SHMEM_PLAIN, .name = "../passwd" }, NULL },
        { { .model = VM_SHMEM_PLAIN, .name = "a/b" }, NULL },
        { { .model = VM_SHMEM_PLAIN, .name = ".." }, NULL },
        { { .model = VM_SHMEM_PLAIN, .path = "relative" }, NULL },
        { { .model = VM_SHMEM_PLAIN, .path = "/dev/shm/../../etc/passwd" }, NULL },
        { { .model = VM_SHMEM_PLAIN, .path = "/dev/.." }, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char path[VM_PATH];
        CHECK_INT(vm_shmem_path(&rows[i].shmem, path), rows[i].path != NULL);
        if (rows[i].path)
            CHECK_STR(path, rows[i].path);
    }
}
