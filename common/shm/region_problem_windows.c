/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/region_problem_windows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/utf16.h"
#include "shm/holder_windows.h"
#include "shm/ivshmem_windows.h"

#define DRIVER_URL                                                                                 \
    "https://fedorapeople.org/groups/virt/virtio-win/direct-downloads/upstream-virtio/"

static const struct {
    enum shm_fault fault;
    const char *advice;
} advices[] = {
    { SHM_FAULT_MISSING,
      "The VM has no IVSHMEM device (or not that one). On the Linux host:\n"
      "libvirt: 'virsh edit VM', inside <devices>:\n"
      "  <shmem name='looking-glass'>\n"
      "    <model type='ivshmem-plain'/>\n"
      "    <size unit='M'>64</size>\n"
      "  </shmem>\n"
      "QEMU:\n"
      "  -object memory-backend-file,id=espelho,share=on,mem-path=/dev/shm/looking-glass,size=64M\n"
      "  -device ivshmem-plain,memdev=espelho\n"
      "then shut the VM down and start it again." },
    { SHM_FAULT_DRIVER,
      "Install the IVSHMEM driver of virtio-win: download the newest virtio-win zip from\n"
      "  " DRIVER_URL "\n"
      "and unpack it. In Device Manager, under 'System devices', the device is called 'PCI "
      "standard "
      "RAM Controller':\n"
      "right-click it, 'Update driver', and give the folder Win10\\amd64 of the zip (fitting "
      "Windows "
      "11 as well).\n"
      "Afterwards it is called 'IVSHMEM Device'." },
    { SHM_FAULT_BUSY,
      "One program at a time can use the device. End the other one, and keep it from starting: "
      "services.msc for\n"
      "services, Task Manager for programs." },
    { SHM_FAULT_PERMISSION,
      "Run this as a service ('espelho-host --install-service') or as administrator." },
    { SHM_FAULT_TYPE, "Give a regular file, \"ivshmem\" for the first IVSHMEM device, "
                      "\"ivshmem:1\" for the second, "
                      "or\n"
                      "\"ivshmem:BUS:DEVICE.FUNCTION\" as Device Manager shows the address." },
    { SHM_FAULT_SIZE,
      "The VM's configuration sets the size: a power of two, 32 MiB for 1920x1080, 64 MiB for "
      "2560x1440, 128 MiB for\n"
      "3840x2160 (twice that for HDR). libvirt, inside <shmem>:\n"
      "    <size unit='M'>64</size>" },
};

static void advise(struct shm_problem *p)
{
    snprintf(p->advice, sizeof(p->advice), "Try again; if it stays, report it with this message.");
    for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
        if (advices[i].fault == p->fault)
            snprintf(p->advice, sizeof(p->advice), "%s", advices[i].advice);
    }
}

int shm_problem_set(struct shm_problem *problem, const char *path, enum shm_fault fault, int err,
                    const char *fmt, ...)
{
    (void)path;
    if (problem) {
        va_list args;
        *problem = (struct shm_problem){ .fault = fault, .err = err };
        va_start(args, fmt);
        vsnprintf(problem->message, sizeof(problem->message), fmt, args);
        va_end(args);
        advise(problem);
    }
    return err ? -err : -EINVAL;
}

int shm_problem_from_errno(struct shm_problem *problem, const char *path, int err, const char *what)
{
    return shm_problem_set(problem, path, SHM_FAULT_SYSTEM, err, "%.180s: %s: %s", path, what,
                           err_str(err));
}

/* Without the line end that Windows puts behind it. */
static void windows_text(DWORD error, char *text, size_t text_bytes)
{
    wchar_t wide[128];
    DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                             error, 0, wide, ARRAY_LEN(wide), NULL);
    while (n > 0 && wide[n - 1] <= ' ')
        n--;
    utf16_span_to_utf8(wide, n, text, text_bytes);
}

static int busy(struct shm_problem *problem, const char *path)
{
    char holder[192];
    shm_holder_text(holder, sizeof(holder));
    return shm_problem_set(problem, path, SHM_FAULT_BUSY, EBUSY, "%.60s is in use by %s", path,
                           holder);
}

int shm_problem_from_windows(struct shm_problem *problem, const char *path, DWORD error,
                             const char *what)
{
    char text[128];
    windows_text(error, text, sizeof(text));
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_BAD_NETPATH:
    case ERROR_INVALID_NAME:
        return shm_problem_set(problem, path, SHM_FAULT_MISSING, ENOENT, "%.200s does not exist",
                               path);
    case ERROR_ACCESS_DENIED:
        return shm_problem_set(problem, path, SHM_FAULT_PERMISSION, EACCES,
                               "%.150s: no permission to read and write", path);
    case IVSHMEM_ERROR_IN_USE:
    case ERROR_BUSY:
    case ERROR_SHARING_VIOLATION:
        return busy(problem, path);
    default:
        return shm_problem_set(problem, path, SHM_FAULT_SYSTEM, EIO,
                               "cannot %s %.100s: %s (Windows error %lu)", what, path, text, error);
    }
}
