package import Model

extension Backup {
    /// The condition that the vault gives a backup, and why: what people are shown. Its own, unless it is dated ahead,
    /// looks wrong, needs one that is broken, or was accepted by a person.
    package func effectiveCondition(
        _ protection: Judge.Protection, _ links: LinkGraph?, now: Moment
    ) -> (condition: Condition, note: String) {
        let isAccepted = mayBeAccepted && protection.accepted.contains(id.object)
        let isComplete = isComplete || isAccepted
        if isComplete, Judge.isFuture(self, now: now) { return (.future, note) }
        guard state == .present else { return (isAccepted ? .complete : condition, note) }
        if let why = protection.suspicion.suspects[id.object] ?? links?.whyDoubtful(id) { return (.suspect, why) }
        if isComplete, let why = links?.whyBroken(id) { return (.broken, why) }
        return (isAccepted ? .complete : condition, note)
    }
}
