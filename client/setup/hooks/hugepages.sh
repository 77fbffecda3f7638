# SPDX-License-Identifier: GPL-2.0-or-later
# Huge pages are taken from the free memory before the VM starts, and given back afterwards. Memory gets scattered over the days: the
# kernel is asked to tidy up first, and what it cannot find is an error rather than a VM that starts without.
pool=/sys/kernel/mm/hugepages/hugepages-${page_kib}kB
state=$root/run/espelho/hooks/$vm/hugepages # what is to be put back

number() {
    cat "$root$pool/$1"
}

reserve() {
    if [ ! -d "$root$pool" ]; then
        complain "$(say 'this machine has no huge pages of %s KiB' "$page_kib")"
        return 1
    fi
    before=$(number nr_hugepages)
    lacking=$((pages - $(number free_hugepages)))
    [ "$lacking" -gt 0 ] || return 0
    for try in 1 2 3 4 5; do
        put 3 /proc/sys/vm/drop_caches
        put 1 /proc/sys/vm/compact_memory
        put $((before + lacking)) "$pool/nr_hugepages" || break
        if [ "$(number nr_hugepages)" -ge $((before + lacking)) ]; then
            mkdir -p "$state"
            echo "$lacking" >"$state/count"
            log "$lacking pages more of $page_kib KiB, at try $try"
            return 0
        fi
    done
    got=$(($(number nr_hugepages) - before))
    put "$before" "$pool/nr_hugepages"
    complain "$(say 'only %s of %s huge pages of %s KiB are free: close programs, or reserve them at boot' "$got" "$lacking" "$page_kib")"
    return 1
}

give_back() {
    [ -f "$state/count" ] || return 0
    left=$(($(number nr_hugepages) - $(cat "$state/count")))
    [ "$left" -ge 0 ] || left=0
    put "$left" "$pool/nr_hugepages"
    rm -rf "$state"
}

case $moment in
'prepare begin') reserve ;;
'release end') give_back ;;
esac
