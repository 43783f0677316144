# borg: a repository. Nothing may be moved; it must pass `borg check`, and the oldest and the newest archive are
# extracted and compared.
borg_kind() { echo repository; }
borg_packages() { echo "borg borgbackup"; }
borg_start() {
    limit 60 borg init -e none "$MASTER/repo"
}
borg_stop() { :; }
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes

borg_night() {
    (cd "$SOURCE" && limit 60 borg create --timestamp "$1T01:00:00" "$MASTER/repo::home-$1" .)
    note "$2" "home-$1" "$2"
}

borg_verify() {
    # A cache of its own for each copy: all have one id.
    export BORG_BASE_DIR=$RESTORE
    local n nights status=0
    nights=($(noted))
    limit 120 borg check --verify-data "$1/repo" >"$RESTORE/said" 2>&1 || status=1
    for n in "${nights[@]}"; do
        if [ "$status" -eq 0 ] && { [ "$n" = "${nights[0]}" ] || [ "$n" = "${nights[-1]}" ]; }; then
            fresh_directory "$RESTORE/target"
            (cd "$RESTORE/target" && limit 60 borg extract "$1/repo::$(name_of "$n")") >"$RESTORE/said" 2>&1 &&
                compare "$n" "$RESTORE/target"
            answer $? "$(name_of "$n")"
        else
            answer "$status" "$(name_of "$n")"
        fi
    done
}
