internal import Chat

/// Finds the secrets of a parsed file by their keys, also in sections that are refused.
enum SecretFinder {
    /// Hides the secrets below `node`.
    static func hideSecrets(in node: Node, of source: SourceText) {
        switch node.content {
        case .scalar(let scalar):
            // An address that has credentials or a query.
            if scalar.text.contains("://") { hideAddress(node, of: source) }
        case .list(let items):
            for item in items { hideSecrets(in: item, of: source) }
        case .mapping(let entries):
            for entry in entries { hideSecrets(in: entry, of: source) }
        }
    }

    /// Hides the value of `entry` if its key names a secret, else the secrets below it.
    static func hideSecrets(in entry: Node.Entry, of source: SourceText) {
        if SecretLooks.isSecretName(entry.key) || SecretLooks.isHolderOfSecrets(entry.key) {
            hideText(entry.value, of: source)
        } else if SecretLooks.isAddressName(entry.key) {
            hideAddress(entry.value, of: source)
        } else {
            hideSecrets(in: entry.value, of: source)
        }
    }

    /// Hides the addresses at and below `node` of which something may not be shown.
    private static func hideAddress(_ node: Node, of source: SourceText) {
        guard case .scalar(let scalar) = node.content else { return hideText(node, of: source) }
        if !ShownAddress.isPlain(scalar.text) { hideText(node, of: source) }
    }

    /// Hides every text below `node`, except those that only name an environment variable.
    private static func hideText(_ node: Node, of source: SourceText) {
        switch node.content {
        case .scalar(let scalar):
            if !scalar.text.isEmpty, !EnvironmentReference.isOnlyReference(scalar.text) { source.hide(node) }
        case .list(let items):
            for item in items { hideText(item, of: source) }
        case .mapping(let entries):
            for entry in entries { hideText(entry.value, of: source) }
        }
    }
}
