# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt calls every script in this folder with the name of a VM, an operation, a sub-operation and one more word, and waits for
# it. A script must not ask libvirt anything meanwhile: libvirt would wait for itself. One that fails at 'prepare begin' keeps the
# VM from starting; 'release end' is called for all of them then too.
[ "${1:-}" = "$vm" ] || exit 0
moment="${2:-} ${3:-}"
root=${ESPELHO_HOOK_ROOT:-} # of tests
logfile=$root/var/log/espelho/$vm.log

# A log that has grown becomes NAME.log.1; where none can be written, nothing is logged, and the rest goes on.
open_log() {
    mkdir -p "$root/var/log/espelho"
    find "$logfile" -size +256k -exec mv -f "$logfile" "$logfile.1" \;
    true >>"$logfile" || logfile=/dev/null
}
open_log 2>/dev/null

log() {
    printf '%s %s: %s\n' "$(date '+%F %T')" "$what" "$*" >>"$logfile" 2>/dev/null || true
}

