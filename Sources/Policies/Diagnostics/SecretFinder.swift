/// Finds the secrets of a parsed file by the names under which they stand, wherever that is: also in sections that are refused.
enum SecretFinder {
    /// Hides the secrets below `node`.
    static func hideSecrets(in node: Node, of source: SourceText) {
        switch node.content {
        case .scalar(let scalar):
            // Credentials inside an address.
            if scalar.text.contains("://"), scalar.text.contains("@") { hideText(node, of: source) }
        case .list(let items):
            for item in items { hideSecrets(in: item, of: source) }
        case .mapping(let entries):
            for entry in entries { hideSecrets(in: entry, of: source) }
        }
    }

    /// Hides the value of `entry` if it stands under a telling name, else the secrets below it.
    static func hideSecrets(in entry: Node.Entry, of source: SourceText) {
        if SecretLooks.isSecretName(entry.key) || SecretLooks.isHolderOfSecrets(entry.key) {
            hideText(entry.value, of: source)
        } else {
            hideSecrets(in: entry.value, of: source)
        }
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
