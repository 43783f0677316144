# 7z in volumes: several a night, each set stands alone.
7z_kind() { echo single; }
7z_packages() { echo "7zz 7zip"; }
7z_start() { :; }
7z_stop() { :; }

7z_night() {
    local name=home-$1.7z
    (cd "$SOURCE" && limit 60 7zz a -bd -mx=1 -mmt=1 -snl -v500k "$MASTER/$name" . </dev/null)
    stamp "$1" "$MASTER/$name".???
    note "$2" "$name" "$2"
}

7z_restore() { limit 60 7zz x -bd -y -snl -o"$3" "$1/$(name_of "$2").001" </dev/null; }
7z_verify() { restore_each "$1"; }
