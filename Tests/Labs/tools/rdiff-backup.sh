# rdiff-backup: a mirror and its reverse increments, one unit. Nothing may be moved; every state must verify, and the
# oldest and the newest are restored and compared.
rdiff-backup_kind() { echo repository; }
rdiff-backup_packages() { echo "rdiff-backup rdiff-backup"; }
rdiff-backup_start() { :; }
rdiff-backup_stop() { :; }

rdiff-backup_night() {
    limit 60 rdiff-backup --current-time "$(date -ud "$1 01:00" +%s)" "$SOURCE" "$MASTER/www"
    note "$2" "$1" "$2"
}

rdiff-backup_verify() {
    local n status nights
    nights=($(noted))
    for n in "${nights[@]}"; do
        status=0
        local at
        at=$(date -ud "$(day_of "$n") 01:00" +%s)
        if [ "$n" = "${nights[0]}" ] || [ "$n" = "${nights[-1]}" ]; then
            rm -rf "$RESTORE/target"
            limit 60 rdiff-backup -r "$at" "$1/www" "$RESTORE/target" >"$RESTORE/said" 2>&1 &&
                compare "$n" "$RESTORE/target" || status=1
        else
            limit 60 rdiff-backup --verify-at-time "$at" "$1/www" >"$RESTORE/said" 2>&1 || status=1
        fi
        answer "$status" "$(name_of "$n")"
    done
}
