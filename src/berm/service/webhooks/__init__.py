"""Webhooks: what a submission came to is brought to a URL that its owner named."""
