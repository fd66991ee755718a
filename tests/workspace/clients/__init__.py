"""One small app, written once for each of Slack's clients, and what is done to it: see `scenario`."""
