/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/size.c - `espelho size WxH`: how much shared memory a mode needs, and the lines
 * to paste. */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"
#include "kvmfr/format.h"
#include "kvmfr/frame.h"
#include "kvmfr/sizing.h"

struct size_options {
    int format; /* index into formats[] */
    bool hdr;
};

/* Named as frame_format_by_name() knows them. */
static const char *const formats[] = {
    "bgra", "rgba", "rgba10", "rgba16f", "bgr32", "rgb24", NULL
};

static const struct option_def size_defs[] = {
    { "format", .type = OPTION_ENUM, .offset = offsetof(struct size_options, format),
      .choices = formats, .default_text = "bgra",
      .help = N_("the pixel type that the host sends") },
    { "hdr", .type = OPTION_BOOL, .offset = offsetof(struct size_options, hdr),
      .default_text = "no",
      .help = N_("room for 16-bit HDR pixels, the same as --format=rgba16f") },
};
static const struct option_table size_table = { .defs = size_defs, .count = ARRAY_LEN(size_defs) };

/* "2560x1440" with the checks and messages of the option system. */
static int read_mode(const char *text, struct option_size *mode)
{
    static const struct option_def def = { "mode",
                                           .type = OPTION_SIZE,
                                           .min = 1,
                                           .max = FRAME_MAX_PX,
                                           .value_name = "WxH (1..16384)",
                                           .help = "" };
    const struct option_table table = { .defs = &def, .count = 1 };
    struct option_error error;
    if (options_set(&table, mode, "mode", text, &error) < 0) {
        command_fail(&command_size, "%s", error.message);
        return COMMAND_USAGE;
    }
    if (mode->width == 0) {
        command_fail(&command_size, _("mode: 'auto' is not valid; expected WxH"));
        return COMMAND_USAGE;
    }
    return COMMAND_OK;
}

/* For lines that give the file to the person who asks. */
static const char *user_name(void)
{
    const struct passwd *entry = getuid() ? getpwuid(getuid()) : NULL;
    return entry ? entry->pw_name : "USER";
}

static void print_plain(uint32_t mib)
{
    printf(_("libvirt: virsh edit NAME, inside <devices>:\n"
             "  <shmem name='looking-glass'>\n"
             "    <model type='ivshmem-plain'/>\n"
             "    <size unit='M'>%" PRIu32 "</size>\n"
             "  </shmem>\n\n"
             "QEMU by hand:\n"
             "  -object memory-backend-file,id=ivshmem,share=on,"
             "mem-path=/dev/shm/looking-glass,size=%" PRIu32 "M\n"
             "  -device ivshmem-plain,memdev=ivshmem\n\n"
             "Permission: /etc/tmpfiles.d/espelho.conf, then "
             "`systemd-tmpfiles --create`:\n"
             "  f /dev/shm/looking-glass 0660 %s kvm -\n\n"),
           mib, mib, user_name());
}

static void print_kvmfr(uint32_t mib)
{
    if (mib >= 2048) {
        printf(_("The kvmfr module cannot make a device of %" PRIu32
                 " MiB (its limit is below 2048).\n"),
               mib);
        return;
    }
    printf(_("Or with the kvmfr module: /etc/modprobe.d/kvmfr.conf:\n"
             "  options kvmfr static_size_mb=%" PRIu32 "\n"
             "or once: modprobe kvmfr static_size_mb=%" PRIu32 "\n"
             "/etc/udev/rules.d/99-kvmfr.rules:\n"
             "  SUBSYSTEM==\"kvmfr\", OWNER=\"%s\", GROUP=\"kvm\", MODE=\"0660\"\n"
             "and QEMU with mem-path=/dev/kvmfr0,size=%" PRIu32 "M in the line above.\n"),
           mib, mib, user_name(), mib);
}

/* The same with bells, so that neither side has to look again and again. */
static void print_doorbell(uint32_t mib)
{
    printf(_("Or without polling: the memory from a server of ours, and a device that can ring. "
             "Start it "
             "before the VM:\n"
             "  sudo systemctl enable --now espelho-shm@NAME.socket   "
             "(/etc/espelho/shm/NAME.conf: size=%" PRIu32 "M)\n"
             "or by hand: espelho shm-server --size=%" PRIu32 "M /run/espelho/NAME.sock\n"
             "libvirt, instead of the <shmem> above:\n"
             "  <shmem name='espelho'>\n"
             "    <model type='ivshmem-doorbell'/>\n"
             "    <server path='/run/espelho/NAME.sock'/>\n"
             "    <msi vectors='2'/>\n"
             "  </shmem>\n"
             "QEMU by hand:\n"
             "  -chardev socket,id=espelho,path=/run/espelho/NAME.sock\n"
             "  -device ivshmem-doorbell,chardev=espelho,vectors=2\n"
             "The viewer: espelho --shm-file=unix:/run/espelho/NAME.sock\n\n"),
           mib, mib);
}

static int report(struct option_size mode, const struct frame_format_info *fmt)
{
    const uint32_t bytes_per_pixel = kvmfr_sizing_bytes_per_pixel(fmt);
    const uint32_t mib = kvmfr_region_mib_for_mode(mode.width, mode.height, bytes_per_pixel);
    if (mib == 0)
        return command_fail(&command_size,
                            _("%" PRIu32 "x%" PRIu32 " in %s needs more than the 2048 MiB that the "
                              "format can address; take a smaller mode"),
                            mode.width, mode.height, fmt->name);
    const uint64_t frame_bytes = (uint64_t)kvmfr_default_pitch(fmt, mode.width) * mode.height;
    printf(_("%" PRIu32 "x%" PRIu32 " %s: %" PRIu64 " bytes per frame; shared memory: %" PRIu32
             " MiB (%" PRIu64 " bytes)\n"),
           mode.width, mode.height, fmt->name, frame_bytes, mib, (uint64_t)mib << 20);
    uint32_t width, height;
    if (kvmfr_largest_mode((uint64_t)mib << 20, bytes_per_pixel, &width, &height))
        printf(_("The largest common mode that fits into it: %" PRIu32 "x%" PRIu32 "\n"), width,
               height);
    putchar('\n');
    print_plain(mib);
    print_doorbell(mib);
    print_kvmfr(mib);
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    struct size_options options;
    struct option_size mode;
    int words;
    int status = command_parse(&command_size, argc, argv, &options, NULL, &words);
    if (status == COMMAND_OK)
        status = read_mode(argv[1], &mode);
    if (status != COMMAND_OK)
        return status;
    const char *format = options.hdr ? "rgba16f" : formats[options.format];
    return report(mode, frame_format_by_name(format));
}

const struct command command_size = {
    .name = "size",
    .summary = N_("how much shared memory a mode needs, and the lines to paste"),
    .words_text = "WxH",
    .help =
        N_("Prints the size of the shared memory for a mode, and lines for libvirt, QEMU, "
           "tmpfiles.d, the\n"
           "ivshmem server and the kvmfr module. Ask for the largest mode that you will use.\n"),
    .words = COMMAND_WORDS_MODE,
    .min_words = 1,
    .max_words = 1,
    .options = &size_table,
    .run = run,
};
