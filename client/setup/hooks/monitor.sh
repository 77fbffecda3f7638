# SPDX-License-Identifier: GPL-2.0-or-later
# The monitor shows the VM's GPU while the VM runs. DDC/CI is slow and may hang: it is ended after some seconds, and is no reason for a
# VM not to start.
show() {
    # shellcheck disable=SC2086 # none, or two words
    if timeout 10 ddcutil $display setvcp 60 "$1" >>"$logfile" 2>&1; then
        log "the monitor shows input $1"
    else
        log "the monitor could not be switched to input $1"
    fi
}

case $moment in
'started begin') show "$vm_input" ;;
'release end') show "$host_input" ;;
esac
exit 0
