# SPDX-License-Identifier: GPL-2.0-or-later
# The GPU goes from the host's driver to vfio-pci before the VM starts, and back afterwards. It does what `virsh nodedev-detach` and
# `nodedev-reattach` do, but by the kernel's files: a hook must not call libvirt. libvirt comes after this script, finds the GPU
# with vfio-pci and leaves it there, so <hostdev managed='yes'> and 'no' are both fine. Whatever fails, the GPU goes back.
pci=/sys/bus/pci/devices
state=$root/run/espelho/hooks/$vm/gpu # what is to be put back
fault= # why the VM cannot have it

driver_of() {
    [ -L "$root$pci/$1/driver" ] || return 0
    basename "$(readlink "$root$pci/$1/driver")"
}

# The device nodes of a function: of its own drivers, and those through which the QEMU of another VM holds it.
nodes_of() {
    for node in "$root$pci/$1"/drm/card[0-9] "$root$pci/$1"/drm/card[0-9][0-9] "$root$pci/$1"/drm/renderD*; do
        [ -e "$node" ] && echo "/dev/dri/$(basename "$node")"
    done
    sed -n 's,^Device Minor:[[:space:]]*,/dev/nvidia,p' "$root/proc/driver/nvidia/gpus/$1/information" 2>/dev/null
    [ -L "$root$pci/$1/iommu_group" ] && echo "/dev/vfio/$(basename "$(readlink "$root$pci/$1/iommu_group")")"
    for node in "$root$pci/$1"/vfio-dev/vfio*; do
        [ -e "$node" ] && echo "/dev/vfio/devices/$(basename "$node")"
    done
}

# Programs that hold it: taking the driver away under them would hang the desktop, or wait for the other VM.
users_of() {
    for node in $(nodes_of "$1"); do
        find "$root"/proc/[0-9]*/fd -lname "$node" 2>/dev/null
    done | sed 's,/fd/[0-9]*$,,' | sort -u | while read -r process; do
        cat "$process/comm" 2>/dev/null
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# A GPU that got lost when the last VM ended may be found now.
is_there() {
    [ -d "$root$pci/$1" ] && return 0
    put 1 /sys/bus/pci/rescan
    [ -d "$root$pci/$1" ]
}

check() {
    for f in $functions; do
        if ! is_there "$f"; then
            fault=$(say 'there is no PCI device %s; if it was there before, switch the machine off and on again' "$f")
            return 1
        fi
        users=$(users_of "$f")
        if [ -n "$users" ]; then
            fault=$(say '%s is in use by: %s' "$f" "$users")
            return 1
        fi
    done
    modprobe vfio-pci 2>>"$logfile" && return 0
    fault=$(say 'the module vfio-pci cannot be loaded')
    return 1
}

# The text console draws into the framebuffer of the GPU that the firmware used.
consoles() {
    [ "$boot_vga" = yes ] || return 0
    for console in "$root"/sys/class/vtconsole/vtcon*; do
        if grep -q 'frame buffer' "$console/name" 2>/dev/null; then
            put "$1" "${console#"$root"}/bind"
        fi
    done
}

release_firmware_framebuffer() {
    [ "$boot_vga" = yes ] || return 0
    for name in efi-framebuffer simple-framebuffer; do
        if [ -e "$root/sys/bus/platform/drivers/$name/$name.0" ]; then
            put "$name.0" "/sys/bus/platform/drivers/$name/unbind"
        fi
    done
}

# What was there is noted once: after an end that nobody told us of, the GPU still has vfio-pci.
unbind() {
    for f in $functions; do
        driver=$(driver_of "$f")
        if [ ! -f "$state/$f.driver" ]; then
            printf '%s\n' "$driver" >"$state/$f.driver"
            cat "$root$pci/$f/driver_override" >"$state/$f.override" 2>/dev/null
        fi
        [ -n "$driver" ] || continue
        [ "$driver" = vfio-pci ] && [ -z "$bars" ] && continue
        if ! put "$f" "$pci/$f/driver/unbind"; then
            fault=$(say '%s cannot be taken from its driver %s' "$f" "$driver")
            return 1
        fi
    done
}

# The size that a BAR has, as the exponent of its MiB; nothing if it has none.
size_of_bar() {
    sed -n "$(($1 + 1))p" "$root$pci/$gpu/resource" | while read -r first last _; do
        mib=$(((last - first + 1) >> 20))
        exponent=0
        while [ "$mib" -gt 1 ]; do
            mib=$((mib >> 1))
            exponent=$((exponent + 1))
        done
        [ "$mib" = 0 ] || echo "$exponent"
    done
}

resize_bar() {
    [ "$(size_of_bar "$1")" = "$2" ] || put "$2" "$pci/$gpu/resource${1}_resize"
}

# "0:14" is BAR 0 with 2^14 MiB. Only while no driver has the GPU.
resize() {
    for bar in $bars; do
        number=${bar%:*}
        if [ ! -e "$root$pci/$gpu/resource${number}_resize" ]; then
            log "this kernel or GPU cannot resize BAR $number: it stays as it is"
            continue
        fi
        [ -f "$state/bar$number" ] || size_of_bar "$number" >"$state/bar$number"
        if ! resize_bar "$number" "${bar#*:}"; then
            fault=$(say 'BAR %s of %s cannot have %s MiB' "$number" "$gpu" $((1 << ${bar#*:})))
            return 1
        fi
    done
}

# The host's driver may not ask for more than it finds.
resize_back() {
    for bar in $bars; do
        number=${bar%:*}
        before=$(cat "$state/bar$number" 2>/dev/null)
        [ -z "$before" ] || resize_bar "$number" "$before"
    done
}

bind() {
    for f in $functions; do
        [ "$(driver_of "$f")" != vfio-pci ] || continue
        put vfio-pci "$pci/$f/driver_override" && put "$f" /sys/bus/pci/drivers_probe
        if [ "$(driver_of "$f")" != vfio-pci ]; then
            fault=$(say 'vfio-pci does not take %s' "$f")
            return 1
        fi
    done
}

# Without a driver, and open to any; one that had vfio-pci already may keep it.
let_go() {
    [ -f "$state/$1.driver" ] && [ -d "$root$pci/$1" ] || return 0
    [ -z "$bars" ] && [ "$(cat "$state/$1.driver")" = vfio-pci ] && return 0
    [ "$(driver_of "$1")" = vfio-pci ] && put "$1" "$pci/$1/driver/unbind"
    put "$(sed 's/^(null)$//' "$state/$1.override")" "$pci/$1/driver_override"
}

# Never under a driver of the host's.
find_anew() {
    for f in $functions; do
        case $(driver_of "$f") in
        '' | vfio-pci) [ -e "$root$pci/$f/remove" ] && put 1 "$pci/$f/remove" ;;
        esac
    done
    put 1 /sys/bus/pci/rescan
}

come_back() {
    [ -f "$state/$1.driver" ] || return 0
    before=$(cat "$state/$1.driver")
    if [ ! -d "$root$pci/$1" ]; then
        complain "$(say '%s was not found again: let the machine sleep and wake up, or switch it off and on' "$1")"
        return 0
    fi
    [ -n "$(driver_of "$1")" ] || put "$1" /sys/bus/pci/drivers_probe
    now=$(driver_of "$1")
    if [ "$now" = "$before" ]; then
        log "$1 is as it was before the VM, with the driver '$now'"
    else
        complain "$(say '%s has the driver "%s", and had "%s" before the VM: restart the machine to have it back' "$1" "$now" "$before")"
    fi
}

give_back() {
    [ -d "$state" ] || return 0
    for f in $functions; do
        let_go "$f"
    done
    resize_back
    if [ "$1" = after-vm ] && [ "$rescan" = yes ]; then
        find_anew
    fi
    for f in $functions_back; do
        come_back "$f"
    done
    consoles 1
    rm -rf "$state"
}

take() {
    if ! check; then
        complain "$fault"
        return 1
    fi
    mkdir -p "$state"
    consoles 0
    release_firmware_framebuffer
    if unbind && resize && bind; then
        log "$functions: ready for the VM"
        return 0
    fi
    give_back now
    complain "$fault: $(say 'the GPU could not be given to the VM')"
    return 1
}

case $moment in
'prepare begin') take ;;
'release end') give_back after-vm ;;
esac
