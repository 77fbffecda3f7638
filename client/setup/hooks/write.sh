# SPDX-License-Identifier: GPL-2.0-or-later
# A value for a file of the kernel's; tee's status tells whether it was taken.
put() {
    if printf '%s\n' "$1" | tee "$root$2" 2>>"$logfile" >/dev/null; then
        log "$2 <- '$1'"
    else
        log "$2 does not take '$1'"
        return 1
    fi
}

