say 'parts:' answer()
