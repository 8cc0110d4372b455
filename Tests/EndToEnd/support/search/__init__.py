"""A random search for overspending: requests nobody would write, a provider that bills all it may, and limits that are nearly spent."""
