# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt shows what is on the error output as the reason why the VM does not start.
complain() {
    log "$*"
    printf '%s\n' "$(say 'espelho %s: %s (see %s)' "$what" "$*" "$logfile")" >&2
}


# Our sentences, which setup writes in the language of who called it.
say() { # FORMAT WORD...
    format=$1
    shift
    # shellcheck disable=SC2059 # it is ours
    printf "$format" "$@"
}
