# SPDX-License-Identifier: GPL-2.0-or-later
# While VMs run, the host's own programs stay on the CPUs that no VM has. Nothing here keeps a VM from starting.
shared=$root/run/espelho/cpus # NAME.vm: the CPUs of each VM that runs; NAME.fast: those with its governor; governor.N: what N had

# Whether a VM that runs has the CPU.
is_taken() {
    case " $(cat "$shared"/*."$1" 2>/dev/null | tr '\n' ' ') " in
    *" $2 "*) return 0 ;;
    esac
    return 1
}

cpus_of_host() {
    for cpu in $all_cpus; do
        is_taken vm "$cpu" || echo "$cpu"
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
    echo "$vm_cpus" >"$shared/$vm.fast"
    for cpu in $vm_cpus; do
        [ -e "$root$(governor_of "$cpu")" ] || continue
        [ -f "$shared/governor.$cpu" ] || cat "$root$(governor_of "$cpu")" >"$shared/governor.$cpu"
        put performance "$(governor_of "$cpu")"
    done
}

lower_governors() {
    for saved in "$shared"/governor.*; do
        cpu=${saved##*.}
        [ -f "$saved" ] || continue
        is_taken fast "$cpu" && continue
        put "$(cat "$saved")" "$(governor_of "$cpu")"
        rm -f "$saved"
    done
}

case $moment in
'started begin')
    mkdir -p "$shared"
    echo "$vm_cpus" >"$shared/$vm.vm"
    place_host
    raise_governors
    ;;
'release end')
    [ -f "$shared/$vm.vm" ] || exit 0 # it did not get so far
    rm -f "$shared/$vm.vm" "$shared/$vm.fast"
    place_host
    lower_governors
    ;;
esac
exit 0
