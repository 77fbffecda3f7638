# SPDX-License-Identifier: GPL-2.0-or-later
# While the VM runs, the host's own programs stay on the CPUs that the VM does not have. Nothing here keeps a VM from starting.
keep_host_on() {
    for slice in init.scope system.slice user.slice; do
        if systemctl set-property --runtime -- "$slice" AllowedCPUs="$1" 2>>"$logfile"; then
            log "$slice: CPUs $1"
        else
            log "$slice cannot be moved to CPUs $1"
        fi
    done
}

raise_governors() {
    mkdir -p "$state"
    for cpu in $governor_cpus; do
        governor=/sys/devices/system/cpu/cpu$cpu/cpufreq/scaling_governor
        [ -e "$root$governor" ] || continue
        cat "$root$governor" >"$state/$cpu"
        put performance "$governor"
    done
}

lower_governors() {
    for saved in "$state"/[0-9]*; do
        [ -f "$saved" ] || continue
        put "$(cat "$saved")" "/sys/devices/system/cpu/cpu$(basename "$saved")/cpufreq/scaling_governor"
    done
    rm -rf "$state"
}

case $moment in
'started begin')
    keep_host_on "$host_cpus"
    raise_governors
    ;;
'release end')
    keep_host_on "$all_cpus"
    lower_governors
    ;;
esac
exit 0
