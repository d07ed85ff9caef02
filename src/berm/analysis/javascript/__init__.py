"""JavaScript and TypeScript: parsed by tree-sitter, evaluated as far as constants and known names reach."""
