# SPDX-License-Identifier: GPL-2.0-or-later
# While VMs run, the host's own programs stay on the CPUs that no VM has. Nothing here keeps a VM from starting.
hooks=$root/run/espelho/hooks        # NAME/cpus/all: the CPUs of each VM that runs; NAME/cpus/fast: those with its governor
governors=$root/run/espelho/governors # N: what CPU N had
state=$hooks/$vm/cpus

# Whether a VM that runs has the CPU.
is_taken() {
    case " $(cat "$hooks"/*/cpus/"$1" 2>/dev/null | tr '\n' ' ') " in
    *" $2 "*) return 0 ;;
    esac
    return 1
}

cpus_of_host() {
    for cpu in $all_cpus; do
        is_taken all "$cpu" || echo "$cpu"
    done | tr '\n' ',' | sed 's/,$//'
}

place_host() {
    list=$(cpus_of_host)
    [ -n "$list" ] || list=$(echo "$all_cpus" | tr ' ' ',') # the VMs have all of them
    for slice in init.scope system.slice user.slice; do
        if systemctl set-property --runtime -- "$slice" AllowedCPUs="$list" 2>>"$logfile"; then
            log "$slice: CPUs $list"
        else
            log "$slice cannot be moved to CPUs $list"
        fi
    done
}

governor_of() {
    echo "/sys/devices/system/cpu/cpu$1/cpufreq/scaling_governor"
}

raise_governors() {
    [ "$governor" = yes ] || return 0
    echo "$vm_cpus" >"$state/fast"
    for cpu in $vm_cpus; do
        [ -e "$root$(governor_of "$cpu")" ] || continue
        [ -f "$governors/$cpu" ] || cat "$root$(governor_of "$cpu")" >"$governors/$cpu"
        put performance "$(governor_of "$cpu")"
    done
}

lower_governors() {
    for saved in "$governors"/*; do
        cpu=${saved##*/}
        [ -f "$saved" ] || continue
        is_taken fast "$cpu" && continue
        put "$(cat "$saved")" "$(governor_of "$cpu")"
        rm -f "$saved"
    done
}

case $moment in
'started begin')
    mkdir -p "$state" "$governors"
    echo "$vm_cpus" >"$state/all"
    place_host
    raise_governors
    ;;
'release end')
    [ -d "$state" ] || exit 0 # it did not get so far
    rm -rf "$state"
    place_host
    lower_governors
    ;;
esac
exit 0
