# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt calls every script in this folder with the name of a VM, an operation, a sub-operation and one more word, and waits for
# it. A script must not ask libvirt anything meanwhile: libvirt would wait for itself.
[ "${1:-}" = "$vm" ] || exit 0
moment="${2:-} ${3:-}"
root=${ESPELHO_HOOK_ROOT:-} # of tests
logfile=$root/var/log/espelho/$vm.log
mkdir -p "$root/var/log/espelho"

log() {
    printf '%s %s: %s\n' "$(date '+%F %T')" "$what" "$*" >>"$logfile"
}

