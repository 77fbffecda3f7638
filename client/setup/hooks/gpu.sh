# SPDX-License-Identifier: GPL-2.0-or-later
# The GPU goes from the host's driver to vfio-pci before the VM starts, and back afterwards. It does what `virsh nodedev-detach` and
# `nodedev-reattach` do, but by the kernel's files: a hook must not call libvirt. <hostdev managed='yes'> and 'no' are both fine.
pci=/sys/bus/pci/devices

driver_of() {
    [ -L "$root$pci/$1/driver" ] || return 0
    basename "$(readlink "$root$pci/$1/driver")"
}

# The device nodes of a function.
nodes_of() {
    for node in "$root$pci/$1"/drm/card[0-9] "$root$pci/$1"/drm/card[0-9][0-9] "$root$pci/$1"/drm/renderD*; do
        [ -e "$node" ] && echo "/dev/dri/$(basename "$node")"
    done
    sed -n 's,^Device Minor:[[:space:]]*,/dev/nvidia,p' "$root/proc/driver/nvidia/gpus/$1/information" 2>/dev/null
}

# Programs that hold it: taking the driver away under them would hang the desktop.
users_of() {
    for node in $(nodes_of "$1"); do
        find "$root"/proc/[0-9]*/fd -lname "$node" 2>/dev/null
    done | sed 's,/fd/[0-9]*$,,' | sort -u | while read -r process; do
        cat "$process/comm"
    done | sort -u | tr '\n' ' '
}

check() {
    for f in $functions; do
        if [ ! -d "$root$pci/$f" ]; then
            complain "there is no PCI device $f"
            return 1
        fi
        users=$(users_of "$f")
        if [ -n "$users" ]; then
            complain "$f is in use by: $users"
            return 1
        fi
    done
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

unbind() {
    for f in $functions; do
        driver=$(driver_of "$f")
        printf '%s\n' "$driver" >"$state/$f"
        [ -n "$driver" ] || continue
        put "$f" "$pci/$f/driver/unbind" || return 1
    done
}

# "0:14" is BAR 0 with 2^14 MiB. Only while no driver has it.
resize() {
    for bar in $bars; do
        if [ ! -e "$root$pci/$gpu/resource${bar%:*}_resize" ]; then
            log "this kernel or GPU cannot resize BAR ${bar%:*}: it stays as it is"
        else
            put "${bar#*:}" "$pci/$gpu/resource${bar%:*}_resize" || return 1
        fi
    done
}

bind() {
    modprobe vfio-pci 2>>"$logfile" || return 1
    for f in $functions; do
        put vfio-pci "$pci/$f/driver_override" || return 1
        put "$f" /sys/bus/pci/drivers_probe || return 1
        if [ "$(driver_of "$f")" != vfio-pci ]; then
            log "vfio-pci did not take $f"
            return 1
        fi
    done
}

give_back() {
    [ -d "$state" ] || return 0
    for f in $functions_back; do
        [ "$(driver_of "$f")" = vfio-pci ] && put "$f" "$pci/$f/driver/unbind"
        [ -e "$root$pci/$f/driver_override" ] && put '' "$pci/$f/driver_override"
    done
    if [ "$rescan" = yes ]; then
        for f in $functions; do
            [ -e "$root$pci/$f/remove" ] && put 1 "$pci/$f/remove"
        done
        put 1 /sys/bus/pci/rescan
    fi
    for f in $functions_back; do
        [ -n "$(driver_of "$f")" ] || put "$f" /sys/bus/pci/drivers_probe
        log "$f has the driver '$(driver_of "$f")', before the VM it was '$(cat "$state/$f" 2>/dev/null)'"
    done
    consoles 1
    rm -rf "$state"
}

take() {
    check || return 1
    mkdir -p "$state"
    consoles 0
    release_firmware_framebuffer
    if unbind && resize && bind; then
        log "$functions: ready for the VM"
        return 0
    fi
    give_back
    complain "the GPU could not be given to the VM"
    return 1
}

case $moment in
'prepare begin') take ;;
'release end') give_back ;;
esac
