/// Every tool whose store is left alone as a whole. No two of them tell the same directory by its names; those that
/// know least come last.
extension Repository {
    static let table: [Repository] = [
        .restic, .borg, .borg2, .attic, .borgOrAttic, .kopia, .proxmoxDatastore, .proxmoxSnapshot, .pgBackRest, .barman,
        .walG, .pgProBackup, .duplicati, .duplicacy, .rdiffBackup, .bup, .git, .zbackup, .bupstash, .plakar, .zpaq,
        .urBackup, .backupPC, .bacula, .burp, .velero, .elasticsearch, .sparseBundle, .timeMachine, .hyperBackup,
        .timeshift, .snapper, .macrium, .gocryptfs, .encFS, .cryFS, .cryptomator, .rcloneCrypt,
    ]
}

extension Layouts {
    /// Asked before all tools: what may never be looked into.
    package static let stores: [any Layout] =
        [StorageOwn()] + Repository.table + [Rsnapshot(), WriteAheadLogs()]

    /// Asked after all tools: what is told by less than a tool's signs.
    package static let others: [any Layout] = [ContentStore(), LiveData(), LiveFiles()]
}
