# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt calls every script in this folder with the name of a VM, an operation, a sub-operation and one more word, and waits for
# it. A script must not ask libvirt anything meanwhile: libvirt would wait for itself.
[ "${1:-}" = "$vm" ] || exit 0
moment="${2:-} ${3:-}"
root=${ESPELHO_HOOK_ROOT:-} # of tests
state=$root/run/espelho/hooks/$vm/$what
logfile=$root/var/log/espelho/$vm.log
mkdir -p "$root/var/log/espelho"

log() {
    printf '%s %s: %s\n' "$(date '+%F %T')" "$what" "$*" >>"$logfile"
}

# libvirt shows what is on the error output as the reason why the VM does not start.
complain() {
    log "$*"
    printf 'espelho %s: %s (see %s)\n' "$what" "$*" "$logfile" >&2
}

# A value for a file of the kernel's; tee's status tells whether it was taken.
put() {
    if printf '%s\n' "$1" | tee "$root$2" >/dev/null 2>>"$logfile"; then
        log "$2 <- '$1'"
    else
        log "$2 does not take '$1'"
        return 1
    fi
}

