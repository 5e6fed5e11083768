"""The loyalty domain: rules, ledger and queries; it knows no web, queue or network."""
