# dump of an ext4 in a file: level 0, then 2, 2, 1, 2, 2, 2 until the next level 0. Each needs the newest one of a lower
# level. On the real clock, more than a second apart: its dates have whole seconds.
dump_kind() { echo chain; }
dump_packages() { printf '%s\n' "dump dump" "restore dump" "mkfs.ext4 e2fsprogs"; }

dump_start() {
    mount_image "$HERE/image" 24M "$HERE/mnt" mkfs.ext4 -q || skip "no ext4 in a file can be mounted"
}
dump_stop() { ! mountpoint -q "$HERE/mnt" || umount "$HERE/mnt"; }

dump_night() {
    local day=$1 n=$2 level=2 lower
    if [ "$3" ]; then level=0 && rm -f "$HERE"/level-*; fi
    [ "$3" ] || [ "$(($(cat "$HERE/since") + 1))" -ne 3 ] || level=1
    # The chain of the newest lower level, and this one.
    for lower in 1 0; do
        [ "$lower" -lt "$level" ] && [ -f "$HERE/level-$lower" ] && break
    done
    local chain=
    [ "$level" -eq 0 ] || chain=$(cat "$HERE/level-$lower")
    rsync -a --delete --exclude=/lost+found "$SOURCE/" "$HERE/mnt/"
    # dump reads the device: nothing may be on its way to it.
    mount -o remount,ro "$HERE/mnt"
    while [ "$(date +%s)" -le "$(cat "$HERE/second" 2>/dev/null || echo 0)" ]; do sleep 0.1; done
    local name=root-$day.L$level.dump
    limit 60 dump "-${level}u" -D "$HERE/dumpdates" -f "$MASTER/$name" "$HERE/mnt"
    date +%s >"$HERE/second"
    mount -o remount,rw "$HERE/mnt"
    stamp "$day" "$MASTER/$name"
    echo ${chain:+$chain }"$n" >"$HERE/level-$level"
    [ "$level" -gt 0 ] && echo "$(($(cat "$HERE/since") + 1))" >"$HERE/since" || echo 0 >"$HERE/since"
    note "$n" "$name" $chain "$n"
}

dump_apply() { (cd "$3" && limit 60 restore -rf "$1/$(name_of "$2")" -T "$RESTORE"); }
dump_verify() { restore_chains "$1"; }
