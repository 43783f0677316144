package import Model

/// Every tool whose layout is known, in the order in which they are asked: in each stage the first answer counts.
package enum Layouts {
    package static let table: [any Layout] = known + others

    /// What is told by signs of its own.
    static let known: [any Layout] =
        stores + [
            Duplicity(), Dar(), Btrbk(), BackupManager(), Hdup(), VirtualHardDisk(), Qcow2(), ZFSSend(),
            OlaHallengren(), SAPHana(), Db2(), StoreBackup(), ThinBackup(), XtraBackup(), PgBaseBackup(),
            InfluxDB(), UpdraftPlus(), GhettoVCB(), MyDumper(), PgDumpDirectory(), BackInTime(), RsyncTimeBackup(),
            GitLab(), HomeAssistant(),
            // Behind all tools: they may know what the parts of a file are.
            SplitParts(), KindWords(),
        ]

    /// Counts up when a layout begins to read names or contents otherwise: then all is read again, once.
    package static let version: Int64 = 2

    /// What a whole directory is that is not to be looked into; `nil`: an ordinary one.
    package static func place(_ place: PlaceNames) -> LeftAlone.Why? {
        for layout in table {
            if let why = layout.place(place) { return why }
        }
        return nil
    }

    /// What a backup says of itself.
    package static func read(_ unit: UnitContents) -> Contents? {
        for layout in table {
            if let contents = layout.read(unit) { return contents }
        }
        return nil
    }
}
