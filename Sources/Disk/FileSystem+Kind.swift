extension FileSystem {
    /// What kind of file system it is, where others may change it behind this kernel's back: then events do not tell
    /// everything, and it is polled. `nil`: every change comes through this kernel.
    package var remoteKind: String? { Self.remote[type & 0xFFFF_FFFF] }

    /// Magic numbers of `statfs`, from linux/magic.h and the file systems' own sources.
    private static let remote: [Int: String] = [
        0x6969: "NFS", 0xFF53_4D42: "SMB", 0xFE53_4D42: "SMB", 0x517B: "SMB", 0x6573_5546: "FUSE",
        0x794C_7630: "overlay", 0x0102_1997: "9p", 0x00C3_6400: "Ceph", 0x5346_414F: "AFS", 0x6B41_4653: "AFS",
        0x7375_7245: "Coda", 0x786F_4256: "vboxsf", 0x0BD0_0BD0: "Lustre", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2",
    ]

    /// For people: `ext4`, `xfs`, `NFS`, …; the number in hexadecimal where it has no name here.
    package var kind: String {
        remoteKind ?? Self.local[type & 0xFFFF_FFFF] ?? "0x" + String(type & 0xFFFF_FFFF, radix: 16)
    }

    private static let local: [Int: String] = [
        0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x0102_1994: "tmpfs", 0x2FC1_2FC1: "zfs",
        0xF2F5_2010: "f2fs", 0xCA45_1A4E: "bcachefs", 0x4D44: "vfat", 0x2011_BAB0: "exfat", 0x7366_746E: "ntfs3",
        0x5265_4973: "reiserfs", 0x3153_464A: "jfs", 0x8584_58F6: "ramfs",
    ]
}
