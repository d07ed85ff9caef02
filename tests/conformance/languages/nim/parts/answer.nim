proc value*(): int = 42
