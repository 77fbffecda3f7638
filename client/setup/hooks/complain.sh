# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt shows what is on the error output as the reason why the VM does not start.
complain() {
    log "$*"
    printf 'espelho %s: %s (see %s)\n' "$what" "$*" "$logfile" >&2
}

