# btrbk with a raw target: compressed streams with their .info, received into a second, empty btrfs (on the first one
# its snapshots would serve as parents).
btrbk_kind() { echo chain; }
btrbk_packages() { printf '%s\n' "btrbk btrbk" "btrfs btrfs-progs"; }

btrbk_start() {
    mount_image "$HERE/image" 400M "$HERE/mnt" mkfs.btrfs -q || skip "no btrfs in a file can be mounted"
    limit 30 btrfs subvolume create "$HERE/mnt/home" >/dev/null
    mkdir "$HERE/mnt/snap"
    cat >"$HERE/conf" <<-END
		timestamp_format long
		snapshot_preserve_min all
		target_preserve_min all
		raw_target_compress gzip
		incremental yes
		volume $HERE/mnt
		  snapshot_dir snap
		  subvolume home
		    target raw $MASTER
	END
}
btrbk_stop() { ! mountpoint -q "$HERE/mnt" || umount "$HERE/mnt"; }

btrbk_night() {
    local day=$1 n=$2 chain= snapshot name=home.${1//-/}T0100.btrfs.gz
    if [ "$3" ]; then
        for snapshot in "$HERE"/mnt/snap/*; do
            [ ! -d "$snapshot" ] || limit 30 btrfs subvolume delete "$snapshot"
        done
    else
        chain=$(cat "$HERE/chain")
    fi
    rsync -a --delete "$SOURCE/" "$HERE/mnt/home/"
    fake "$day 01:00:00" btrbk -c "$HERE/conf" run
    stamp "$day" "$MASTER/$name" "$MASTER/$name.info"
    echo "$chain $n" >"$HERE/chain"
    note "$n" "$name" $chain "$n"
}

btrbk_fresh() {
    local subvolume
    if ! mountpoint -q "$1"; then
        mount_image "$RESTORE/image" 400M "$1" mkfs.btrfs -q || return
    fi
    for subvolume in "$1"/*; do [ ! -d "$subvolume" ] || limit 30 btrfs subvolume delete "$subvolume" >/dev/null; done
}
btrbk_apply() { (set -o pipefail && zcat "$1/$(name_of "$2")" | limit 60 btrfs receive "$3"); }
btrbk_compare() { compare "$1" "$2/$(basename "$(name_of "$1")" .btrfs.gz)"; }
btrbk_verify() {
    restore_chains "$1"
    ! mountpoint -q "$RESTORE/target" || umount "$RESTORE/target"
}
