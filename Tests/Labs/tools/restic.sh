# restic: a repository. Nothing may be moved; it must pass `restic check --read-data`, and the oldest and the newest
# snapshot are restored and compared.
restic_kind() { echo repository; }
restic_packages() { echo "restic restic"; }
restic_start() { limit 60 restic -q -r "$MASTER/repo" init; }
restic_stop() { :; }
export RESTIC_PASSWORD=lab

restic_night() {
    (cd "$SOURCE" && limit 60 restic -q -r "$MASTER/repo" --cache-dir "$HERE/cache" backup --time "$1 01:00:00" .)
    note "$2" "$1 01:00:00" "$2"
}

restic_verify() {
    local n nights id status=0
    nights=($(noted))
    restic_ask() { limit 120 restic -q -r "$1/repo" --no-cache "${@:2}"; }
    restic_ask "$1" check --read-data >"$RESTORE/said" 2>&1 || status=1
    restic_ask "$1" snapshots >"$RESTORE/snapshots" 2>"$RESTORE/said" || status=1
    for n in "${nights[@]}"; do
        id=$(grep -m 1 -F "$(name_of "$n")" "$RESTORE/snapshots" | cut -d ' ' -f 1)
        if [ -z "$id" ]; then
            echo "broken $(name_of "$n"): it is not in the list of snapshots"
        elif [ "$status" -eq 0 ] && { [ "$n" = "${nights[0]}" ] || [ "$n" = "${nights[-1]}" ]; }; then
            rm -rf "$RESTORE/target"
            restic_ask "$1" restore "$id" --target "$RESTORE/target" >"$RESTORE/said" 2>&1 &&
                compare "$n" "$RESTORE/target"
            answer $? "$(name_of "$n")"
        else
            answer "$status" "$(name_of "$n")"
        fi
    done
}
