/// What `lstat` and the file handle say of one name at one moment, before anyone judged it.
package struct Sighting: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Codable {
        case file, directory, symlink, other
    }

    package var name: Bytes
    package var kind: Kind
    package var object: ObjectID
    package var inode: UInt64
    package var size: Int64
    package var allocated: Int64
    /// Permission bits.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    package var links: UInt32
    package var mtime: Timestamp
    package var ctime: Timestamp
    package var birth: Timestamp?
    /// What keeps it from being renamed: immutable or append-only.
    package var obstacle: Obstacle.Kind?

    package init(
        name: Bytes, kind: Kind, object: ObjectID, inode: UInt64, size: Int64, allocated: Int64, mode: UInt32,
        uid: UInt32, gid: UInt32, links: UInt32, mtime: Timestamp, ctime: Timestamp, birth: Timestamp?
    ) {
        self.name = name
        self.kind = kind
        self.object = object
        self.inode = inode
        self.size = size
        self.allocated = allocated
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.links = links
        self.mtime = mtime
        self.ctime = ctime
        self.birth = birth
    }
}
