"""Who asks: API keys, identity tokens, and the door that looks at them."""
