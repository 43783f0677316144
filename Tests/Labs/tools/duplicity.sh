# duplicity: full and incremental, volumes, manifests and signatures in one directory. With an incremental missing it
# restores the state before the gap and says that all is well.
duplicity_kind() { echo chain; }
duplicity_packages() { echo "duplicity duplicity"; }
duplicity_start() { :; }
duplicity_stop() { :; }

duplicity_night() {
    local day=$1 n=$2 word=incr chain= new
    if [ "$3" ]; then word=full; else chain=$(cat "$HERE/chain"); fi
    touch "$HERE/before"
    ls -A "$MASTER" >"$HERE/names"
    fake "$day 01:00:00" duplicity "$word" --no-encryption --volsize 1 --archive-dir "$HERE/cache" \
        --tempdir "$HERE" "$SOURCE" "file://$MASTER"
    new=$(ls -A "$MASTER" | grep -vxFf "$HERE/names")
    (cd "$MASTER" && stamp "$day" $new)
    echo "$chain $n" >"$HERE/chain"
    note "$n" "$(grep -E '^duplicity-(full|inc)\..*manifest' <<<"$new")" $chain "$n"
}

# The cache is this vault's own: that of the writer would hide what is lost.
duplicity_restore() {
    limit 90 duplicity restore --no-encryption --archive-dir "$RESTORE/cache" --tempdir "$RESTORE" --force \
        -t "$(date -ud "$(day_of "$2") 01:10" +%s)" "file://$1" "$3"
}
duplicity_verify() { restore_each "$1"; }
