/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "kvmfr/format.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"
#include "shm/ivshmem_wire.h"
#include "shm/region.h"
#include "shm_server/memory.h"
#include "shm_server/server.h"
#include "shm_server/shm_server.h"

#define CONFIG_DIR "/etc/espelho/shm/"
#define SOCKET_DIR "/run/espelho/"

enum { PATH_BYTES = 256, VM_NAME_BYTES = 64, SMALLEST_BYTES = 1 << 20 };

#define AT(member) offsetof(struct shm_server_options, member)

static const struct option_def defs[] = {
    { "vm", .type = OPTION_STRING, .offset = AT(vm), .default_text = "", .value_name = "NAME",
      .help = N_("the socket is /run/espelho/NAME.sock, more options are in "
                 "/etc/espelho/shm/NAME.conf if that exists") },
    { "config", .type = OPTION_STRING, .offset = AT(config), .default_text = "",
      .value_name = "FILE",
      .help = N_("read options from this file; the command line goes before") },
    { "size", .type = OPTION_STRING, .offset = AT(size), .default_text = "", .value_name = "64M|1G",
      .help = N_("size of the memory, a power of two") },
    { "mode", .type = OPTION_SIZE, .offset = AT(mode), .min = 1, .max = FRAME_MAX_PX,
      .default_text = "3840x2160", .value_name = "WxH",
      .help = N_("where no size is given: large enough for this mode") },
    { "hdr", .type = OPTION_BOOL, .offset = AT(hdr), .default_text = "no",
      .help = N_("with mode: room for 16-bit HDR pixels") },
    { "huge", .type = OPTION_BOOL, .offset = AT(huge), .default_text = "no",
      .help = N_("huge pages of 2 MiB, which have to be reserved (vm.nr_hugepages)") },
    { "prefault", .type = OPTION_BOOL, .offset = AT(prefault), .default_text = "no",
      .help = N_("take all of the memory at the start, not when it is first used") },
    { "numa", .type = OPTION_I32, .offset = AT(numa), .min = -1, .max = 1023, .default_text = "-1",
      .value_name = "NODE", .help = N_("take the memory from this NUMA node only; -1: anywhere") },
    { "vectors", .type = OPTION_U32, .offset = AT(vectors), .min = 1, .max = IVSHMEM_MAX_VECTORS,
      .default_text = "2", .help = N_("bells of each peer; QEMU's vectors= may be smaller") },
    { "maxPeers", .type = OPTION_U32, .offset = AT(max_peers), .min = 1,
      .max = SHM_SERVER_MAX_PEERS, .default_text = "256",
      .help = N_("as many may be connected at the same time") },
    { "group", .type = OPTION_STRING, .offset = AT(group), .default_text = "",
      .value_name = "GROUP",
      .help = N_("the socket's group, which may connect; not where systemd "
                 "makes the socket") },
    { "socketMode", .type = OPTION_STRING, .offset = AT(socket_mode), .default_text = "0660",
      .value_name = "MODE",
      .help = N_("the socket's permissions, octal; not where systemd makes it") },
    { "allowUsers", .type = OPTION_STRING, .offset = AT(allow_users), .default_text = "",
      .value_name = "NAME,...",
      .help =
          N_("who may connect, besides root, the server's user, and QEMU's (libvirt-qemu, qemu)") },
    { "allowGroups", .type = OPTION_STRING, .offset = AT(allow_groups), .default_text = "kvm",
      .value_name = "NAME,...", .help = N_("whose members may connect") },
};
const struct option_table shm_server_option_table = {
    .defs = defs, .count = ARRAY_LEN(defs), .list_hint = N_("`espelho shm-server --help` lists all")
};

static int fail(struct option_error *error, const char *what, const char *value)
{
    snprintf(error->message, sizeof(error->message), "%s '%.200s'", what, value);
    return -EINVAL;
}

void shm_server_options_free(struct shm_server_options *o)
{
    options_free(&shm_server_option_table, o);
    free(o->socket);
    o->socket = NULL;
}

/* Names become parts of paths. */
static bool is_vm_name(const char *name)
{
    return strlen(name) < VM_NAME_BYTES && !strchr(name, '/') && name[0] != '.';
}

static int load_file(struct shm_server_options *o, const char *config, const char *vm,
                     struct option_error *error)
{
    char path[PATH_BYTES];
    const char *name = config;
    if (!*config) {
        snprintf(path, sizeof(path), CONFIG_DIR "%s.conf", vm);
        name = path;
    }
    const int err = options_load_ini(&shm_server_option_table, o, name, false, NULL, error);
    if (err == -ENOENT && !error->message[0])
        return *config ? fail(error, _("config: there is no file"), config) : 0;
    return err;
}

/* Words are moved to the front as they are found, so each pass gets a line of its own. */
static int parse_line(struct shm_server_options *o, int argc, char **argv, const char **word,
                      struct option_error *error)
{
    const struct option_set set = { &shm_server_option_table, o };
    char **copy = malloc(((size_t)argc + 1) * sizeof(*copy));
    int err = 0, words = 0;
    if (!copy)
        return -ENOMEM;
    for (int i = 0; i < argc; i++)
        copy[i] = argv[i];
    copy[argc] = NULL;
    if (argc > 0)
        err = options_parse_args_sets(&set, 1, argc - 1, copy + 1, &words, error);
    if (err == 0 && words > 1)
        err = fail(error, _("one socket, and nothing more: unexpected"), copy[2]);
    *word = err == 0 && words == 1 ? copy[1] : NULL;
    free(copy);
    return err;
}

static int find_socket(struct shm_server_options *o, const char *word, struct option_error *error)
{
    char path[PATH_BYTES];
    if (!is_vm_name(o->vm))
        return fail(error, _("vm: not a name"), o->vm);
    if (!word && !*o->vm)
        return 0;
    snprintf(path, sizeof(path), SOCKET_DIR "%s.sock", o->vm);
    o->socket = strdup(word ? word : path);
    return o->socket ? 0 : -ENOMEM;
}

int shm_server_options_load(struct shm_server_options *o, int argc, char **argv,
                            struct option_error *error)
{
    struct shm_server_options first = { 0 };
    const char *word = NULL;
    error->message[0] = '\0';
    options_init(&shm_server_option_table, &first);
    options_init(&shm_server_option_table, o);
    o->socket = NULL;
    int err = parse_line(&first, argc, argv, &word, error);
    if (err == 0 && !is_vm_name(first.vm))
        err = fail(error, _("vm: not a name"), first.vm);
    if (err == 0 && (*first.config || *first.vm))
        err = load_file(o, first.config, first.vm, error);
    if (err == 0)
        err = parse_line(o, argc, argv, &word, error);
    if (err == 0)
        err = find_socket(o, word, error);
    shm_server_options_free(&first);
    if (err == -ENOMEM)
        snprintf(error->message, sizeof(error->message), _("out of memory"));
    return err;
}

/* "64M", "1G"; no unit: MiB, as `espelho size` prints. */
static bool parse_bytes(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno)
        return false;
    const bool gib = *end == 'G' || *end == 'g';
    if (gib || *end == 'M' || *end == 'm')
        end++;
    if (strcmp(end, "") != 0 && strcmp(end, "iB") != 0)
        return false;
    return checked_mul_u64(number, gib ? UINT64_C(1) << 30 : UINT64_C(1) << 20, out);
}

static int bytes_of_size(const char *size, uint64_t *out, char *why, size_t why_bytes)
{
    uint64_t len_bytes;
    if (!parse_bytes(size, &len_bytes)) {
        snprintf(why, why_bytes, _("size: '%.40s' is no size; write 64M or 1G"), size);
        return -EINVAL;
    }
    if (!is_power_of_two(len_bytes) || len_bytes < SMALLEST_BYTES || len_bytes > SHM_MAX_BYTES) {
        snprintf(
            why, why_bytes,
            _("size: '%.40s' will not do: a power of two from 1M to 2G (QEMU aborts otherwise)"),
            size);
        return -EINVAL;
    }
    *out = len_bytes;
    return 0;
}

int shm_server_options_bytes(const struct shm_server_options *o, uint64_t *len_bytes, char *why,
                             size_t why_bytes)
{
    if (*o->size)
        return bytes_of_size(o->size, len_bytes, why, why_bytes);
    const uint32_t bytes_per_pixel =
        kvmfr_sizing_bytes_per_pixel(frame_format_by_name(o->hdr ? "rgba16f" : "bgra"));
    const uint32_t mib =
        o->mode.width ? kvmfr_region_mib_for_mode(o->mode.width, o->mode.height, bytes_per_pixel)
                      : 0;
    if (mib == 0) {
        snprintf(why, why_bytes,
                 _("mode: no size is enough for it (2048 MiB are the most); take a smaller one"));
        return -EINVAL;
    }
    *len_bytes = (uint64_t)mib << 20;
    return 0;
}
