"""What the end-to-end tests stand on: a scripted provider, the gateway as a process, and a client that hides nothing."""
