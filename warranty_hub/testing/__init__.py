"""For those who write connectors: the suite that a connector has to pass, and a database to run it on. Needs pytest."""
