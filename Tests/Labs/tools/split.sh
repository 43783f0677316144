# tar into split: several parts a night, each set stands alone.
split_kind() { echo single; }
split_packages() { printf '%s\n' "split coreutils" "tar tar"; }
split_start() { :; }
split_stop() { :; }

split_night() {
    local name=home-$1.tar.gz
    tar -C "$SOURCE" -cz . | split -b 500k - "$MASTER/$name."
    stamp "$1" "$MASTER/$name".??
    note "$2" "$name" "$2"
}

split_restore() { cat "$1/$(name_of "$2")".?? | limit 60 tar -C "$3" -xz; }
split_verify() { restore_each "$1"; }
