# GNU tar --listed-incremental: a full one, and incrementals that each need all before them. On the real clock: tar
# compares ctimes, which no simulated clock can set. It says nothing where a link is missing.
tar_kind() { echo chain; }
tar_packages() { echo "tar tar"; }
tar_start() { :; }
tar_stop() { :; }

tar_night() {
    local day=$1 n=$2 word=inc chain=
    if [ "$3" ]; then word=full && rm -f "$HERE/snar"; else chain=$(cat "$HERE/chain"); fi
    local name=home-$day.$word.tar.gz
    limit 60 tar -C "$SOURCE" -czf "$MASTER/$name" -g "$HERE/snar" .
    stamp "$day" "$MASTER/$name"
    echo "$chain $n" >"$HERE/chain"
    note "$n" "$name" $chain "$n"
}

tar_apply() { limit 60 tar -C "$3" -xzf "$1/$(name_of "$2")" -g /dev/null; }
tar_verify() { restore_chains "$1"; }
